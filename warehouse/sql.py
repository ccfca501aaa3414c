"""Statements that the ORM cannot say well, each with its plan explained."""

from orders.queries import holds, ship_policy

_HELD = holds.HELD.format(order="lp.order_id", line="lp.line_id")
_LINE_HELD = holds.LINE_HELD.format(order="lp.order_id", line="lp.line_id")

# Tasks with what the stock ledger needs to move them, locked: first their parts, then the tasks, each by pk (ADR
# 0002). The condition on `parts` names no column of a task, so PostgreSQL evaluates it once, before it reads the
# first task: nobody holds a task and waits for its part. Rows that another scan changed while this one waited come
# back as they are now. %s = ids[], company ids[], ids[], company ids[]
_LOCK_TASKS = """
WITH parts AS MATERIALIZED (
    SELECT p.id FROM orders_linepart p
    WHERE p.id IN (SELECT k.part_id FROM warehouse_picktask k WHERE k.{key} = ANY ((SELECT %s::bigint[])::bigint[]) AND k.company_id = ANY ((SELECT %s::bigint[])::bigint[]))
    ORDER BY p.id FOR NO KEY UPDATE
)
SELECT t.*, a.demand_id, a.level_id, b.warehouse_id
FROM warehouse_picktask t
JOIN inventory_allocation a ON a.id = t.allocation_id
JOIN inventory_bin b ON b.id = t.bin_id
WHERE t.{key} = ANY ((SELECT %s::bigint[])::bigint[]) AND t.company_id = ANY ((SELECT %s::bigint[])::bigint[]) AND (SELECT count(*) FROM parts) >= 0
ORDER BY t.id FOR NO KEY UPDATE OF t
"""
# The tasks of parts that somebody has locked, locked in their turn, with what the stock ledger needs to undo them.
# %s = part ids[]
LOCK_TASKS_OF_PARTS = """
SELECT t.*, a.demand_id, a.level_id, b.warehouse_id
FROM warehouse_picktask t
JOIN inventory_allocation a ON a.id = t.allocation_id
JOIN inventory_bin b ON b.id = t.bin_id
WHERE t.part_id = ANY ((SELECT %s::bigint[])::bigint[]) AND t.status IN ('PLANNED', 'PICKED', 'SHORT')
ORDER BY t.id FOR NO KEY UPDATE OF t
"""
LOCK_TASKS = _LOCK_TASKS.format(key="id")
LOCK_TASKS_OF_LOTS = _LOCK_TASKS.format(key="lot_id")
LOCK_TASKS_OF_ORDERS = _LOCK_TASKS.format(key="order_id")

# What is picked and in no packed parcel, one row per task, with its part locked; what lost its order, and lines on
# hold, stay in their totes. Only `p` is locked and comes back as
# it is now; all else is as it was when the statement began. Every task picked and every parcel packed or unpacked
# changes its parts, so where a part's row is not the snapshot's (`s`), somebody did so meanwhile: is_current is false,
# and the caller, who holds the locks by now, reads again. Tasks are found by their parts and parcels by their contents on
# tables without statistics too, which a company's first day has (hence + 0). %s = order ids[], company ids[]
LOCK_UNPACKED = f"""
SELECT t.id, t.company_id, p.order_id, p.id, t.product_id, b.warehouse_id, t.picked - t.recalled - c.packed, pr.weight_g,
    s.xmin = p.xmin AS is_current
FROM orders_linepart p
JOIN orders_linepart s ON s.id = p.id
JOIN warehouse_picktask t ON t.part_id = p.id AND t.status IN ('PICKED', 'SHORT')
JOIN inventory_bin b ON b.id = t.bin_id
JOIN inventory_product pr ON pr.id = t.product_id
JOIN LATERAL (
    SELECT coalesce(sum(k.quantity)
        FILTER (WHERE (SELECT f.status FROM warehouse_parcel f WHERE f.id = k.parcel_id) = 'PACKED'), 0) AS packed
    FROM warehouse_parcelcontent k WHERE k.task_id = t.id
) c ON t.picked - t.recalled > c.packed
WHERE p.order_id = ANY ((SELECT %s::bigint[])::bigint[]) AND t.company_id + 0 = ANY ((SELECT %s::bigint[])::bigint[])
    AND NOT {holds.LINE_HELD.format(order="p.order_id", line="p.line_id")}
ORDER BY p.id, t.id FOR NO KEY UPDATE OF p
"""

# What is picked of an order and in no packed parcel, one row per warehouse and part, for the packing desk.
# %s = order id
UNPACKED_UNITS = f"""
SELECT b.warehouse_id, p.id, l.position, pr.sku, pr.gtin, CASE WHEN p.ratio IS NULL THEN l.description ELSE pr.name END,
    un.code, un.step, sum(t.picked - t.recalled - c.packed)
FROM orders_linepart p
JOIN orders_salesorderline l ON l.id = p.line_id
JOIN inventory_product pr ON pr.id = p.product_id
JOIN inventory_unit un ON un.id = pr.unit_id
JOIN warehouse_picktask t ON t.part_id = p.id AND t.status IN ('PICKED', 'SHORT')
JOIN inventory_bin b ON b.id = t.bin_id
JOIN LATERAL (
    SELECT coalesce(sum(k.quantity), 0) AS packed
    FROM warehouse_parcelcontent k JOIN warehouse_parcel f ON f.id = k.parcel_id AND f.status = 'PACKED'
    WHERE k.task_id = t.id
) c ON t.picked - t.recalled > c.packed
WHERE p.order_id = %s AND NOT {holds.LINE_HELD.format(order="p.order_id", line="p.line_id")}
GROUP BY b.warehouse_id, p.id, l.id, pr.id, un.id
ORDER BY b.warehouse_id, l.position, p.id
"""

# How far each order is in the warehouse, one row per order, from its parts down (a handful of index look-ups each):
# %s = order ids[]
ORDER_FACTS = f"""
SELECT o.id, o.status, p.parts, p.waiting, p.unpacked, f.firm, f.warehouses, t.planned, t.picked,
    f.held, p.held, f.kept, o.ship_policy, o.ship_minimum, t.short, {holds.REASONS.format(order="o.id")}
FROM orders_salesorder o
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE lp.ordered > lp.cancelled) AS parts, count(*) FILTER (WHERE d.backordered > 0) AS waiting,
        count(*) FILTER (WHERE lp.picked > lp.packed AND NOT {_LINE_HELD}) AS unpacked,
        count(*) FILTER (WHERE lp.picked > lp.packed AND {_LINE_HELD}) AS held
    FROM orders_linepart lp LEFT JOIN inventory_demand d ON d.id = lp.demand_id WHERE lp.order_id = o.id
) p
CROSS JOIN LATERAL (
    SELECT count(DISTINCT lp.id) FILTER (WHERE NOT h.held AND h.may_go) AS firm, count(DISTINCT lp.id) FILTER (WHERE h.held) AS held,
        count(DISTINCT lp.id) FILTER (WHERE NOT h.held AND NOT h.may_go) AS kept,
        coalesce(array_agg(DISTINCT w.name), '{{}}') AS warehouses
    FROM orders_linepart lp
    JOIN inventory_allocation a ON a.demand_id = lp.demand_id AND a.status = 'FIRM'
    JOIN inventory_stocklevel v ON v.id = a.level_id
    JOIN inventory_warehouse w ON w.id = v.warehouse_id
    CROSS JOIN LATERAL (SELECT {_HELD} AS held, {ship_policy.MAY_GO.format(order="o", line="lp.line_id")} AS may_go) h
    WHERE lp.order_id = o.id
) f
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE k.status = 'PLANNED') AS planned,
        count(*) FILTER (WHERE k.status IN ('PICKED', 'SHORT')) AS picked, count(*) FILTER (WHERE k.status = 'SHORT') AS short
    FROM warehouse_picktask k WHERE k.order_id = o.id
) t
WHERE o.id = ANY ((SELECT %s::bigint[])::bigint[])
"""

# How far each wave of a page is, one row per wave: %s = wave ids[]
WAVE_FACTS = """
SELECT t.wave_id, count(*), count(*) FILTER (WHERE t.status IN ('PICKED', 'SHORT')), count(DISTINCT t.order_id), min(o.requested_on),
    count(*) FILTER (WHERE t.status = 'SHORT')
FROM warehouse_picktask t JOIN orders_salesorder o ON o.id = t.order_id
WHERE t.wave_id = ANY ((SELECT %s::bigint[])::bigint[]) AND t.status <> 'CANCELLED' GROUP BY t.wave_id
"""
