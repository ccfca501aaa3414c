"""Statements about pegs: what is promised of what comes, and the dates that follow from it."""

# What is pegged of lines that are to come, of suppliers and of transfers; a line that is not is left out. Read after the lines'
# locks. %s = supplier order line ids[], transfer line ids[]
PEGGED_OF_LINES = """
SELECT 'supply', l.id, coalesce(sum(a.quantity), 0)
FROM inventory_supplierorderline l
JOIN inventory_supplierorder o ON o.id = l.order_id AND o.status IN ('SENT', 'ACKNOWLEDGED', 'PART_RECEIVED')
LEFT JOIN inventory_allocation a ON a.supply_id = l.id AND a.status = 'SOFT'
WHERE l.id = ANY ((SELECT %s::bigint[])::bigint[])
GROUP BY l.id
UNION ALL
SELECT 'transfer_line', l.id, coalesce(sum(a.quantity), 0)
FROM inventory_transferline l LEFT JOIN inventory_allocation a ON a.transfer_line_id = l.id AND a.status = 'SOFT'
WHERE l.id = ANY ((SELECT %s::bigint[])::bigint[]) AND l.open > 0
GROUP BY l.id
"""

# What demands are pegged to. Read after their locks. %s = demand ids[]
PEGGED_OF_DEMANDS = """
SELECT a.demand_id, sum(a.quantity) FROM inventory_allocation a
WHERE a.demand_id = ANY ((SELECT %s::bigint[])::bigint[]) AND a.status = 'SOFT'
GROUP BY a.demand_id
"""

# What transfers bring to demands that were made for them. Read after the demands' locks. %s = demand ids[]
BROUGHT = """
SELECT a.demand_id, sum(a.quantity)
FROM inventory_allocation a JOIN inventory_transferline l ON l.id = a.transfer_line_id AND l.wanted_by_id = a.demand_id
WHERE a.demand_id = ANY ((SELECT %s::bigint[])::bigint[]) AND a.status = 'SOFT' AND a.transfer_line_id IS NOT NULL
GROUP BY a.demand_id
"""

# Free every peg of locked lines, whose demands are locked. {column} = supply_id or transfer_line_id; %s = line ids[]
_FREE_PEGS = """
WITH f AS (
    UPDATE inventory_allocation AS a SET status = 'FREED'
    WHERE a.{column} = ANY ((SELECT %s::bigint[])::bigint[]) AND a.status = 'SOFT'
    RETURNING a.demand_id, a.{column} AS line_id, a.quantity
)
SELECT f.demand_id, f.line_id, sum(f.quantity) FROM f GROUP BY 1, 2 ORDER BY 1, 2
"""
FREE_PEGS = {name: _FREE_PEGS.replace("{column}", f"{name}_id") for name in ("supply", "transfer_line")}

# Bring locked demands and their pegs together: pegs beyond what waits are given back, those that come last first, and the date of a
# demand that waits is that of the last of its pegs, unknown where these are not all of it or one is late. What was made for it is
# given back last of all. One row for each line that got units back (demand, supplier's line, transfer's line, units), and one for each
# date that moved (demand, before, after). %s = demand ids[], today
SETTLE_PROMISES = """
WITH d AS MATERIALIZED (
    SELECT d.id, d.due_on, d.promised_on, d.backordered, t.today,
        CASE WHEN d.is_held THEN 0 ELSE d.backordered END AS wanted
    FROM inventory_demand d, (SELECT %s::bigint[] AS ids, %s::date AS today) t
    WHERE d.id = ANY (t.ids)
), p AS MATERIALIZED (
    SELECT a.id, a.demand_id, a.supply_id, a.transfer_line_id, a.quantity, c.expected_on,
        least(a.quantity, greatest(0, d.wanted - coalesce(sum(a.quantity) OVER (
            PARTITION BY a.demand_id ORDER BY t.wanted_by_id IS DISTINCT FROM d.id, c.expected_on < d.today, c.expected_on, a.id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS kept
    FROM inventory_allocation a
    JOIN d ON d.id = a.demand_id
    LEFT JOIN inventory_supplierorderline s ON s.id = a.supply_id
    LEFT JOIN inventory_transferline t ON t.id = a.transfer_line_id
    LEFT JOIN inventory_transfer r ON r.id = t.transfer_id
    CROSS JOIN LATERAL (SELECT coalesce(s.expected_on, r.expected_on) AS expected_on) c
    WHERE a.status = 'SOFT'
), cut AS (
    UPDATE inventory_allocation AS a SET
        status = CASE WHEN p.kept = 0 THEN 'FREED' ELSE a.status END,
        quantity = CASE WHEN p.kept = 0 THEN a.quantity ELSE p.kept END
    FROM p WHERE a.id = p.id AND p.kept < p.quantity
    RETURNING p.demand_id, p.supply_id, p.transfer_line_id, p.quantity - p.kept AS quantity
), k AS (
    SELECT p.demand_id, sum(p.kept) AS kept, min(p.expected_on) AS first_on, max(p.expected_on) AS last_on
    FROM p WHERE p.kept > 0 GROUP BY 1
), n AS (
    SELECT d.id, d.promised_on AS before,
        CASE WHEN k.kept >= d.backordered AND k.first_on >= d.today THEN greatest(d.due_on, k.last_on) END AS after
    FROM d LEFT JOIN k ON k.demand_id = d.id
    WHERE d.backordered > 0
), moved AS (
    UPDATE inventory_demand AS d SET promised_on = n.after, first_promised_on = coalesce(d.first_promised_on, n.after)
    FROM n WHERE d.id = n.id AND n.before IS DISTINCT FROM n.after
    RETURNING d.id, n.before, n.after
)
SELECT c.demand_id, c.supply_id, c.transfer_line_id, sum(c.quantity), NULL::date, NULL::date FROM cut c GROUP BY 1, 2, 3
UNION ALL SELECT m.id, NULL, NULL, NULL, m.before, m.after FROM moved m
"""
