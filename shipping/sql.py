"""Statements that the ORM cannot say well, each with its plan explained."""

from orders.queries import holds

# Whether a hold keeps parcel `p` at the dock. A box is not opened for it: one line of its contents keeps all of it here.
PARCEL_HELD = """EXISTS (
    SELECT 1 FROM orders_hold h WHERE h.order_id = p.order_id AND h.released_at IS NULL AND (h.line_id IS NULL OR EXISTS (
        SELECT 1 FROM warehouse_parcelcontent hc JOIN orders_linepart hp ON hp.id = hc.part_id
        WHERE hc.parcel_id = p.id AND hp.line_id = h.line_id
    ))
)"""

# What is packed of orders, has not left and is not on hold, one row per content. The caller holds the orders' locks, and every
# dispatch takes them, so no other shipment takes a content between this read and the write; the unique key on a
# content is the last guard. %s = order ids[]
UNDISPATCHED = f"""
SELECT c.id, p.id, p.order_id, p.warehouse_id, c.part_id, c.product_id, c.quantity, t.allocation_id, t.tote_id,
    a.demand_id, a.level_id, t.lot_id
FROM warehouse_parcel p
JOIN warehouse_parcelcontent c ON c.parcel_id = p.id
JOIN warehouse_picktask t ON t.id = c.task_id
JOIN inventory_allocation a ON a.id = t.allocation_id
WHERE p.order_id = ANY ((SELECT %s::bigint[])::bigint[]) AND p.status = 'PACKED'
    AND NOT EXISTS (SELECT 1 FROM shipping_shipmentline l WHERE l.content_id = c.id)
    AND NOT {PARCEL_HELD}
ORDER BY p.order_id, p.id, c.id
"""

# Whether less was found of an order than was to be picked, and that is in no parcel yet
_SHORT = """EXISTS (
    SELECT 1 FROM warehouse_picktask k JOIN orders_linepart lp ON lp.id = k.part_id
    WHERE k.order_id = o.id AND k.status = 'SHORT' AND lp.ordered - lp.cancelled > lp.packed
)"""
# How far each order is at the dock, one row per order: %s = order ids[]
ORDER_FACTS = f"""
SELECT o.id, o.status, w.parcels, w.weight_g, w.warehouses, s.shipments, w.held, {_SHORT}, {holds.REASONS.format(order="o.id")}
FROM orders_salesorder o
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE NOT e.held) AS parcels, count(*) FILTER (WHERE e.held) AS held,
        CASE WHEN bool_and(p.weight_g IS NOT NULL) THEN sum(p.weight_g) FILTER (WHERE NOT e.held) END AS weight_g,
        coalesce(array_agg(DISTINCT i.name), '{{}}') AS warehouses
    FROM warehouse_parcel p JOIN inventory_warehouse i ON i.id = p.warehouse_id
    CROSS JOIN LATERAL (SELECT {PARCEL_HELD} AS held) e
    WHERE p.order_id = o.id AND p.status = 'PACKED'
        AND NOT EXISTS (SELECT 1 FROM shipping_shipmentline l WHERE l.parcel_id = p.id)
) w
CROSS JOIN LATERAL (
    SELECT count(*) AS shipments FROM shipping_shipment k
    WHERE k.order_id = o.id AND k.status NOT IN ('DRAFT', 'LABELLED')
) s
WHERE o.id = ANY ((SELECT %s::bigint[])::bigint[])
"""
