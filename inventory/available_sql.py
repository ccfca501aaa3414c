"""Statements about what of stock can be promised to whom; inventory/pools.py says the same of one level in Python."""

# The pools of levels, the first to be filled before others, with what is promised in each. Read after the levels' locks.
# %s = level ids[]
POOLS = """
SELECT p.level_id, p.id, p.channel_id, c.name, p.allotment, p.cap, p.safety, p.overflow = 'SHARED', coalesce(
    (SELECT sum(a.quantity - a.picked) FROM inventory_allocation a WHERE a.pool_id = p.id), 0)
FROM inventory_channelpool p JOIN inventory_channel c ON c.id = p.channel_id
WHERE p.level_id = ANY ((SELECT %s::bigint[])::bigint[])
ORDER BY p.level_id, c.priority, c.id
"""

# How many units of what is free of a level a channel can be promised, NULL for orders of no channel: what its own pool keeps, and
# of what no pool keeps all but its safety, within its cap. Of `v`: level_id, channel_id, free
OPEN_TO = """(
    SELECT greatest(0, CASE WHEN bool_or(k.is_own) THEN least(
        sum(k.cap - k.promised) FILTER (WHERE k.is_own),
        sum(k.kept) FILTER (WHERE k.is_own) + CASE
            WHEN bool_or(k.overflow = 'SHARED') FILTER (WHERE k.is_own)
            THEN greatest(v.free - sum(k.kept) - sum(k.safety) FILTER (WHERE k.is_own), 0) ELSE 0 END
    ) ELSE v.free - coalesce(sum(k.kept), 0) END)
    FROM (
        SELECT n.*, n.channel_id IS NOT DISTINCT FROM v.channel_id AS is_own, least(n.lacks, greatest(0, v.free - coalesce(
            sum(n.lacks) OVER (ORDER BY n.priority, n.channel_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS kept
        FROM (
            SELECT p.channel_id, c.priority, p.cap, p.safety, p.overflow, t.promised, greatest(p.allotment - t.promised, 0) AS lacks
            FROM inventory_channelpool p JOIN inventory_channel c ON c.id = p.channel_id
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(a.quantity - a.picked), 0) AS promised FROM inventory_allocation a WHERE a.pool_id = p.id
            ) t
            WHERE p.level_id = v.level_id
        ) n
    ) k
)"""


def open_to(figures: str) -> str:
    """Return the same as an expression over a level's key, a channel's, and the free units."""
    return f"(SELECT {OPEN_TO} FROM (SELECT {figures}) AS v(level_id, channel_id, free))"


def free_to(level: str, channel: str) -> str:
    """Return how many units of a level, named by its alias, an order of a channel can be promised, as an expression."""
    free = f"{level}.sellable - {level}.allocated"
    return f"CASE WHEN {level}.has_pools THEN {open_to(f'{level}.id, {channel}, {free}')} ELSE {free} END"


# What can be promised of products: what each warehouse has and has promised, and what of the rest pools keep from a channel's orders;
# what suppliers and other warehouses are still to bring, with what is pegged of it; and how much waits that is pegged to nothing and not held.
# %s = product ids[], whether pools count, channel id or NULL
AVAILABLE = f"""
WITH p AS MATERIALIZED (SELECT id, company_id FROM inventory_product WHERE id = ANY ((SELECT %s::bigint[])::bigint[])),
t AS MATERIALIZED (SELECT %s::boolean AS shares, %s::bigint AS channel_id)
SELECT 'shelf', v.product_id, v.warehouse_id, w.name, 0, NULL::date, v.sellable, v.allocated,
    CASE WHEN t.shares THEN v.sellable - v.allocated - {free_to("v", "t.channel_id")} ELSE 0 END
FROM t, p JOIN inventory_stocklevel v ON v.company_id = p.company_id AND v.product_id = p.id
JOIN inventory_warehouse w ON w.id = v.warehouse_id
UNION ALL
SELECT 'inbound', l.product_id, o.warehouse_id, w.name, o.id, l.expected_on, l.open, coalesce(
    (SELECT sum(a.quantity) FROM inventory_allocation a WHERE a.supply_id = l.id AND a.status = 'SOFT'), 0), 0
FROM p JOIN inventory_supplierorderline l ON l.product_id = p.id AND l.open > 0
JOIN inventory_supplierorder o ON o.id = l.order_id AND o.company_id = p.company_id
    AND o.status IN ('SENT', 'ACKNOWLEDGED', 'PART_RECEIVED')
JOIN inventory_warehouse w ON w.id = o.warehouse_id
UNION ALL
SELECT 'transfer', l.product_id, r.to_warehouse_id, w.name, r.id, r.expected_on, l.open, coalesce(
    (SELECT sum(a.quantity) FROM inventory_allocation a WHERE a.transfer_line_id = l.id AND a.status = 'SOFT'), 0), 0
FROM p JOIN inventory_transferline l ON l.product_id = p.id AND l.open > 0
JOIN inventory_transfer r ON r.id = l.transfer_id AND r.company_id = p.company_id
JOIN inventory_warehouse w ON w.id = r.to_warehouse_id
UNION ALL
SELECT 'waiting', d.product_id, 0, '', 0, NULL, sum(d.backordered), coalesce(sum(
    (SELECT sum(a.quantity) FROM inventory_allocation a WHERE a.demand_id = d.id AND a.status = 'SOFT')), 0), 0
FROM p JOIN inventory_demand d ON d.product_id = p.id AND d.company_id = p.company_id AND d.backordered > 0 AND NOT d.is_held
GROUP BY d.product_id
ORDER BY 1, 2, 4, 3, 5
"""

# Count the promises of locked demands in the pools of their channels, which stand or are about to go; the answer is how many promises
# of other demands should be counted otherwise. %s = level ids[], ids[] of the pools that go, demand ids[]
COUNT_IN_POOLS = """
WITH t AS MATERIALIZED (SELECT %s::bigint[] AS levels, %s::bigint[] AS going, %s::bigint[] AS demands), w AS MATERIALIZED (
    SELECT a.id, p.id AS pool_id, a.demand_id = ANY (t.demands) AS is_locked
    FROM t
    JOIN inventory_allocation a ON a.level_id = ANY (t.levels) AND a.status IN ('FIRM', 'RELEASED')
    JOIN inventory_demand d ON d.id = a.demand_id
    LEFT JOIN inventory_channelpool p ON p.level_id = a.level_id AND p.channel_id = d.channel_id AND p.id <> ALL (t.going)
    WHERE a.pool_id IS DISTINCT FROM p.id
), u AS (
    UPDATE inventory_allocation AS a SET pool_id = w.pool_id FROM w WHERE w.id = a.id AND w.is_locked
)
SELECT count(*) FROM w WHERE NOT w.is_locked
"""

# %s = ids[] of locked levels, ids[] of the pools that go
NOTE_POOLS = """
WITH n AS (
    SELECT l.id, EXISTS (SELECT 1 FROM inventory_channelpool p WHERE p.level_id = l.id AND p.id <> ALL (t.going)) AS has_pools
    FROM (SELECT %s::bigint[] AS levels, %s::bigint[] AS going) t JOIN inventory_stocklevel l ON l.id = ANY (t.levels)
)
UPDATE inventory_stocklevel AS l SET has_pools = n.has_pools FROM n WHERE n.id = l.id AND l.has_pools <> n.has_pools
"""
