"""Statements that the ORM cannot say well. Each locks by primary key in a materialized CTE, then changes what it locked."""

from inventory.sql.capacity import LINES_PROMISED
from inventory.sql.pegs import BROUGHT, FREE_PEGS, PEGGED_OF_DEMANDS, PEGGED_OF_LINES, SETTLE_PROMISES

# Written elsewhere in this room, and offered here with the others
__all__ = ["BROUGHT", "FREE_PEGS", "LINES_PROMISED", "PEGGED_OF_DEMANDS", "PEGGED_OF_LINES", "SETTLE_PROMISES"]

# Ensure levels and bin rows exist: %s = company, warehouses[], products[]; the row that exists is left alone.
ENSURE_LEVELS = """
INSERT INTO inventory_stocklevel
    (company_id, warehouse_id, product_id, sellable, allocated, blocked, uncounted, staged, value, blocked_value)
SELECT DISTINCT %s::bigint, u.warehouse_id, u.product_id, 0, 0, 0, 0, 0, 0, 0
FROM unnest((SELECT %s::bigint[]), (SELECT %s::bigint[])) AS u(warehouse_id, product_id)
ORDER BY 3, 2
ON CONFLICT (company_id, product_id, warehouse_id) DO NOTHING
"""

# Every bin that receives gets a row, and so does every tote of its warehouse: a pick needs none made then. Totes are looked for
# once: a warehouse has thousands of other bins. A lot comes to one tote at most, which gets its row when that is known.
# %s = bins[], products[], lots[] (NULL: not tracked)
ENSURE_BIN_STOCK = """
WITH u AS MATERIALIZED (
    SELECT u.bin_id, u.product_id, u.lot_id, b.warehouse_id
    FROM unnest((SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::bigint[])) AS u(bin_id, product_id, lot_id)
    JOIN inventory_bin b ON b.id = u.bin_id
), totes AS MATERIALIZED (
    SELECT b.id, b.warehouse_id FROM inventory_bin b
    WHERE b.kind = 'TOTE' AND b.warehouse_id IN (SELECT warehouse_id FROM u)
)
INSERT INTO inventory_binstock (bin_id, product_id, lot_id, quantity, allocated, blocked)
SELECT x.bin_id, x.product_id, x.lot_id, 0, 0, 0
FROM (
    SELECT u.bin_id, u.product_id, u.lot_id FROM u
    UNION SELECT t.id, u.product_id, NULL FROM u JOIN totes t ON t.warehouse_id = u.warehouse_id WHERE u.lot_id IS NULL
) x
ORDER BY 2, 1, 3
ON CONFLICT (product_id, bin_id, lot_id) DO NOTHING
"""

# Quantities and allocations of bins by (bin, product, lot or NULL); returns one row for each that was changed. Each is looked up by
# itself: PostgreSQL would read all bins of a small house.
ADD_BIN_STOCK = """
WITH u AS MATERIALIZED (
    SELECT k.id, u.quantity, u.allocated
    FROM unnest((SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::numeric[]), (SELECT %s::numeric[]))
        AS u(bin_id, product_id, lot_id, quantity, allocated)
    CROSS JOIN LATERAL (SELECT s.id FROM inventory_binstock s WHERE s.product_id = u.product_id AND s.bin_id = u.bin_id
        AND s.lot_id IS NOT DISTINCT FROM u.lot_id OFFSET 0) k
), l AS MATERIALIZED (
    SELECT s.id FROM inventory_binstock s WHERE s.id IN (SELECT id FROM u) ORDER BY s.id FOR NO KEY UPDATE
)
UPDATE inventory_binstock AS s SET quantity = s.quantity + u.quantity, allocated = s.allocated + u.allocated
FROM u, l WHERE s.id = u.id AND l.id = u.id
RETURNING s.id
"""

# Lots by product and code, made where there are none. %s = company id, products[], codes[], last days[]
ENSURE_LOTS = """
INSERT INTO inventory_lot (company_id, product_id, code, expires_on)
SELECT DISTINCT ON (u.product_id, u.code) %s::bigint, u.product_id, u.code, u.expires_on
FROM unnest((SELECT %s::bigint[]), (SELECT %s::text[]), (SELECT %s::date[])) AS u(product_id, code, expires_on)
ORDER BY u.product_id, u.code
ON CONFLICT (company_id, product_id, code) DO NOTHING
"""

# How long what levels can still give of products with lots is good: units on shelves for no pick by their last day, and units
# promised of which no lot was chosen by the day until which they must be good. Read after the levels' locks. %s = level ids[]
SHELF_LIVES = """
WITH v AS MATERIALIZED (SELECT * FROM inventory_stocklevel l WHERE l.id = ANY ((SELECT %s::bigint[])::bigint[]))
SELECT v.id, true, t.expires_on, sum(s.quantity - s.allocated - s.blocked)
FROM v JOIN inventory_binstock s ON s.product_id = v.product_id AND s.quantity > s.allocated + s.blocked
JOIN inventory_bin b ON b.id = s.bin_id AND b.warehouse_id = v.warehouse_id AND b.kind = 'PICK'
JOIN inventory_lot t ON t.id = s.lot_id
GROUP BY v.id, t.expires_on
UNION ALL
SELECT v.id, false, a.good_until, sum(a.quantity)
FROM v JOIN inventory_allocation a ON a.level_id = v.id AND a.good_until IS NOT NULL AND a.status = 'FIRM'
GROUP BY v.id, a.good_until
"""

# A pick under its demands' locks: allocations and demands move from promised to picked. One row per allocation that was open for it.
PICK_ALLOCATIONS = """
WITH u AS MATERIALIZED (
    SELECT * FROM unnest((SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::numeric[]))
        AS u(allocation_id, demand_id, quantity)
), l AS MATERIALIZED (
    SELECT d.id FROM inventory_demand d WHERE d.id IN (SELECT demand_id FROM u) ORDER BY d.id FOR NO KEY UPDATE
), a AS (
    UPDATE inventory_allocation AS a SET picked = a.picked + u.quantity,
        status = CASE WHEN a.picked + u.quantity = a.quantity THEN 'PICKED' ELSE a.status END,
        pool_id = CASE WHEN a.picked + u.quantity < a.quantity THEN a.pool_id END
    FROM u, l WHERE a.id = u.allocation_id AND l.id = a.demand_id AND a.status = 'RELEASED'
    RETURNING a.id, a.demand_id, u.quantity
), d AS (
    UPDATE inventory_demand AS d SET allocated = d.allocated - t.quantity, picked = d.picked + t.quantity
    FROM (SELECT demand_id, sum(quantity) AS quantity FROM a GROUP BY demand_id) t
    WHERE d.id = t.demand_id
    RETURNING d.id
)
SELECT a.id FROM a
"""

# An issue under its demands' locks. One row per allocation that had as much picked and not consumed.
CONSUME_ALLOCATIONS = """
WITH u AS MATERIALIZED (
    SELECT * FROM unnest((SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::numeric[]))
        AS u(allocation_id, demand_id, quantity)
), l AS MATERIALIZED (
    SELECT d.id FROM inventory_demand d WHERE d.id IN (SELECT demand_id FROM u) ORDER BY d.id FOR NO KEY UPDATE
)
UPDATE inventory_allocation AS a SET consumed = a.consumed + u.quantity,
    status = CASE WHEN a.consumed + u.quantity = a.quantity THEN 'CONSUMED' ELSE a.status END
FROM u, l WHERE a.id = u.allocation_id AND l.id = a.demand_id AND a.status IN ('RELEASED', 'PICKED')
RETURNING a.id
"""

# What leaves takes its share of the level's value (rule 12): value x quantity / all that is there, and all of it with the last unit.
# What is blocked stands apart, with the cost it came with. The cost is that of the newest row, and never more than its own value;
# greatest() is for the row as it was before, which PostgreSQL holds against the constraints before it reads the newest. Where the
# first in go first the cost is NULL here and the value stays: the layers say it, read after this lock.
ISSUE_LEVELS = """
WITH u AS MATERIALIZED (
    SELECT * FROM unnest((SELECT %s::bigint[]), (SELECT %s::numeric[])) AS u(id, quantity)
), l AS MATERIALIZED (
    SELECT s.id, u.quantity, CASE p.costing WHEN 'AVERAGE' THEN coalesce(round(
        (s.value - s.blocked_value) * u.quantity / nullif(s.sellable + s.uncounted + s.staged, 0), %s::int), 0) END AS cost
    FROM inventory_stocklevel s JOIN u ON u.id = s.id JOIN inventory_product p ON p.id = s.product_id
    ORDER BY s.id FOR NO KEY UPDATE OF s
)
UPDATE inventory_stocklevel AS s SET staged = s.staged - l.quantity, value = greatest(s.value - coalesce(l.cost, 0), s.blocked_value)
FROM l WHERE s.id = l.id
RETURNING s.id, l.cost
"""

# Unpicked units that allocations give up under their demands' locks. One that gives up all it had is freed and keeps its
# quantity, as what it once was. One row per allocation that had as much.
FREE_ALLOCATIONS = """
WITH u AS MATERIALIZED (
    SELECT * FROM unnest((SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::numeric[]))
        AS u(allocation_id, demand_id, quantity)
), l AS MATERIALIZED (
    SELECT d.id FROM inventory_demand d WHERE d.id IN (SELECT demand_id FROM u) ORDER BY d.id FOR NO KEY UPDATE
), a AS (
    UPDATE inventory_allocation AS a SET
        quantity = CASE WHEN a.quantity = u.quantity THEN a.quantity ELSE a.quantity - u.quantity END,
        status = CASE
            WHEN a.quantity - u.quantity > a.picked THEN a.status
            WHEN a.picked = 0 THEN 'FREED'
            WHEN a.picked = a.consumed THEN 'CONSUMED'
            ELSE 'PICKED' END,
        pool_id = CASE WHEN a.quantity - u.quantity > a.picked THEN a.pool_id END
    FROM u, l WHERE a.id = u.allocation_id AND l.id = a.demand_id
        AND a.status IN ('FIRM', 'RELEASED') AND a.quantity - a.picked >= u.quantity
    RETURNING a.id, a.demand_id, u.quantity
), d AS (
    UPDATE inventory_demand AS d SET allocated = d.allocated - t.quantity, promised_on = NULL
    FROM (SELECT demand_id, sum(quantity) AS quantity FROM a GROUP BY demand_id) t
    WHERE d.id = t.demand_id
    RETURNING d.id
)
SELECT a.id FROM a
"""

# Picked units that lose their order under their demands' locks; a freed allocation keeps the quantity it once had.
# One row per allocation that had as much picked and in the house.
UNPICK_ALLOCATIONS = """
WITH u AS MATERIALIZED (
    SELECT * FROM unnest((SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::numeric[]))
        AS u(allocation_id, demand_id, quantity)
), l AS MATERIALIZED (
    SELECT d.id FROM inventory_demand d WHERE d.id IN (SELECT demand_id FROM u) ORDER BY d.id FOR NO KEY UPDATE
), a AS (
    UPDATE inventory_allocation AS a SET picked = a.picked - u.quantity,
        quantity = CASE WHEN a.quantity = u.quantity THEN a.quantity ELSE a.quantity - u.quantity END,
        status = CASE
            WHEN a.quantity = u.quantity THEN 'FREED'
            WHEN a.quantity - u.quantity = a.consumed THEN 'CONSUMED'
            ELSE a.status END
    FROM u, l WHERE a.id = u.allocation_id AND l.id = a.demand_id
        AND a.status IN ('RELEASED', 'PICKED') AND a.picked - a.consumed >= u.quantity
    RETURNING a.id, a.demand_id, u.quantity
), d AS (
    UPDATE inventory_demand AS d SET quantity = d.quantity - t.quantity, picked = d.picked - t.quantity
    FROM (SELECT demand_id, sum(quantity) AS quantity FROM a GROUP BY demand_id) t
    WHERE d.id = t.demand_id
    RETURNING d.id
)
SELECT a.id FROM a
"""

# Units that wait and are not wanted any more; what is left may be promised whole by that. One row per demand that had
# as many waiting. %s = today, demand ids[], quantities[]
CANCEL_DEMAND = """
WITH u AS MATERIALIZED (
    SELECT u.*, %s::date AS today FROM unnest((SELECT %s::bigint[]), (SELECT %s::numeric[])) AS u(id, quantity)
), l AS MATERIALIZED (
    SELECT d.id FROM inventory_demand d WHERE d.id IN (SELECT id FROM u) ORDER BY d.id FOR NO KEY UPDATE
)
UPDATE inventory_demand AS d SET quantity = d.quantity - u.quantity,
    promised_on = CASE
        WHEN d.quantity > u.quantity AND d.backordered = u.quantity THEN greatest(d.due_on, u.today)
        ELSE d.promised_on END,
    first_promised_on = CASE
        WHEN d.quantity > u.quantity AND d.backordered = u.quantity
        THEN coalesce(d.first_promised_on, greatest(d.due_on, u.today))
        ELSE d.first_promised_on END
FROM u, l WHERE d.id = u.id AND l.id = d.id AND d.backordered >= u.quantity
RETURNING d.id, d.company_id, d.product_id
"""

# %s = demand ids[], held
HOLD_DEMANDS = """
WITH l AS MATERIALIZED (
    SELECT d.id FROM inventory_demand d WHERE d.id = ANY ((SELECT %s::bigint[])::bigint[]) ORDER BY d.id FOR NO KEY UPDATE
)
UPDATE inventory_demand AS d SET is_held = %s FROM l WHERE d.id = l.id
RETURNING d.id, d.product_id
"""

# Where returned goods of a product lie in a warehouse, and where they can go, one row per product: its level, the bins for returns
# and for quarantine, the shelf that it lies on (the first of all where it lies on none), and which of the bins have a row for it.
# %s = company id, warehouse id, products[]
RETURN_PLACES = """
WITH w AS MATERIALIZED (SELECT %s::bigint AS company_id, %s::bigint AS warehouse_id), first AS MATERIALIZED (
    SELECT (array_agg(b.id ORDER BY b.sequence, b.id) FILTER (WHERE b.kind = 'RETURNS'))[1] AS returns,
        (array_agg(b.id ORDER BY b.sequence, b.id) FILTER (WHERE b.kind = 'QUARANTINE'))[1] AS quarantine,
        (array_agg(b.id ORDER BY b.sequence, b.id) FILTER (WHERE b.kind = 'PICK'))[1] AS shelf
    FROM inventory_bin b JOIN w ON w.warehouse_id = b.warehouse_id
)
SELECT u.product_id, v.id, place.returns, place.quarantine, place.shelf,
    ARRAY (SELECT s.bin_id FROM inventory_binstock s
           WHERE s.product_id = u.product_id AND s.bin_id IN (place.returns, place.quarantine, place.shelf))
FROM unnest((SELECT %s::bigint[])) AS u(product_id)
CROSS JOIN w CROSS JOIN first
LEFT JOIN inventory_stocklevel v
    ON v.company_id = w.company_id AND v.product_id = u.product_id AND v.warehouse_id = w.warehouse_id
CROSS JOIN LATERAL (
    SELECT (array_agg(b.id ORDER BY b.sequence, b.id) FILTER (WHERE b.kind = 'RETURNS'))[1] AS returns,
        (array_agg(b.id ORDER BY b.sequence, b.id) FILTER (WHERE b.kind = 'QUARANTINE'))[1] AS quarantine,
        (array_agg(b.id ORDER BY b.sequence, b.id) FILTER (WHERE b.kind = 'PICK'))[1] AS shelf
    FROM inventory_binstock s JOIN inventory_bin b ON b.id = s.bin_id
    WHERE s.product_id = u.product_id AND s.quantity > 0 AND b.warehouse_id = w.warehouse_id
) lies
CROSS JOIN LATERAL (
    SELECT coalesce(lies.returns, first.returns) AS returns, coalesce(lies.quarantine, first.quarantine) AS quarantine,
        coalesce(lies.shelf, first.shelf) AS shelf
) place
"""

# What the demands of companies wait for, by product, less what they are pegged to; those on hold wait for nothing. %s = company ids[]
LACKING = """
SELECT d.product_id, sum(d.backordered - coalesce(p.pegged, 0))
FROM inventory_demand d
LEFT JOIN (
    SELECT a.demand_id, sum(a.quantity) AS pegged FROM inventory_allocation a WHERE a.status = 'SOFT' GROUP BY 1
) p ON p.demand_id = d.id
WHERE d.company_id = ANY ((SELECT %s::bigint[])::bigint[]) AND d.backordered > coalesce(p.pegged, 0) AND NOT d.is_held
GROUP BY 1
"""

# What warehouses have of products for nobody, and what stands in drafts for them. %s = product ids[]
FREE_AND_DRAFTED = """
SELECT x.product_id, x.warehouse_id, sum(x.free), sum(x.drafts)
FROM (SELECT %s::bigint[] AS ids) t
CROSS JOIN LATERAL (
    SELECT l.product_id, l.warehouse_id, l.sellable - l.allocated AS free, 0 AS drafts
    FROM inventory_stocklevel l WHERE l.product_id = ANY (t.ids)
    UNION ALL
    SELECT s.product_id, o.warehouse_id, 0, s.quantity
    FROM inventory_supplierorderline s JOIN inventory_supplierorder o ON o.id = s.order_id
    WHERE s.product_id = ANY (t.ids) AND o.status IN ('DRAFT', 'APPROVED')
) x
GROUP BY 1, 2
"""

# What comes of products that nobody was promised, by warehouse and day. %s = product ids[]
FREE_INBOUND = """
WITH t AS MATERIALIZED (SELECT %s::bigint[] AS ids)
SELECT s.product_id, o.warehouse_id, s.expected_on, s.open - coalesce(p.pegged, 0)
FROM inventory_supplierorderline s
JOIN inventory_supplierorder o ON o.id = s.order_id AND o.status IN ('SENT', 'ACKNOWLEDGED', 'PART_RECEIVED')
LEFT JOIN LATERAL (
    SELECT sum(a.quantity) AS pegged FROM inventory_allocation a WHERE a.supply_id = s.id AND a.status = 'SOFT'
) p ON true
WHERE s.product_id = ANY ((SELECT ids FROM t)::bigint[]) AND s.open > coalesce(p.pegged, 0)
UNION ALL
SELECT l.product_id, r.to_warehouse_id, r.expected_on, l.open - coalesce(p.pegged, 0)
FROM inventory_transferline l
JOIN inventory_transfer r ON r.id = l.transfer_id
LEFT JOIN LATERAL (
    SELECT sum(a.quantity) AS pegged FROM inventory_allocation a WHERE a.transfer_line_id = l.id AND a.status = 'SOFT'
) p ON true
WHERE l.product_id = ANY ((SELECT ids FROM t)::bigint[]) AND l.open > coalesce(p.pegged, 0)
ORDER BY 3, 2, 4
"""

# By how much the latest moves of a product changed what lies in bins, by day, and how many there were. %s = zone, product id, how many
STOCK_CHANGES = """
WITH m AS MATERIALIZED (
    SELECT (p.at AT TIME ZONE %s)::date AS day, m.quantity * ((m.to_place = 'BIN')::int - (m.from_place = 'BIN')::int) AS change
    FROM (SELECT * FROM inventory_stockmove WHERE product_id = %s ORDER BY id DESC LIMIT %s) m
    JOIN inventory_stockposting p ON p.id = m.posting_id
)
SELECT m.day, sum(m.change), count(*) FROM m GROUP BY m.day ORDER BY m.day
"""

# Stock that locked levels are to give to locked demands: the promises, and what both sides count of them. The days are those of
# demands that have all of it by that, unknown for the others. %s = at; by grant: company ids[], demand ids[], level ids[],
# quantities[], reasons[], days until which lots must be good[], pools[]; by demand: ids[], quantities[], days[]
GRANT = """
WITH g AS MATERIALIZED (
    SELECT g.*, %s::timestamptz AS at FROM unnest(
        (SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::numeric[]), (SELECT %s::text[]), (SELECT %s::date[]),
        (SELECT %s::bigint[])
    ) WITH ORDINALITY AS g(company_id, demand_id, level_id, quantity, reason, good_until, pool_id, n)
), d AS (
    UPDATE inventory_demand AS d SET allocated = d.allocated + u.quantity,
        promised_on = coalesce(u.day, d.promised_on), first_promised_on = coalesce(d.first_promised_on, u.day)
    FROM unnest((SELECT %s::bigint[]), (SELECT %s::numeric[]), (SELECT %s::date[])) AS u(id, quantity, day)
    WHERE d.id = u.id
), l AS (
    UPDATE inventory_stocklevel AS l SET allocated = l.allocated + t.quantity
    FROM (SELECT level_id, sum(quantity) AS quantity FROM g GROUP BY level_id) t
    WHERE l.id = t.level_id
)
INSERT INTO inventory_allocation
    (company_id, demand_id, level_id, quantity, picked, consumed, status, reason, good_until, pool_id, created_at)
SELECT g.company_id, g.demand_id, g.level_id, g.quantity, 0, 0, 'FIRM', g.reason, g.good_until, g.pool_id, g.at FROM g ORDER BY g.n
"""
