"""Statements that the ORM cannot say well, each with its plan explained."""

# What is packed of orders and has not left, one row per content. The caller holds the orders' locks, and every
# dispatch takes them, so no other shipment takes a content between this read and the write; the unique key on a
# content is the last guard. %s = order ids[]
UNDISPATCHED = """
SELECT c.id, p.id, p.order_id, p.warehouse_id, c.part_id, c.product_id, c.quantity, t.allocation_id, t.tote_id,
    a.demand_id, a.level_id
FROM warehouse_parcel p
JOIN warehouse_parcelcontent c ON c.parcel_id = p.id
JOIN warehouse_picktask t ON t.id = c.task_id
JOIN inventory_allocation a ON a.id = t.allocation_id
WHERE p.order_id = ANY ((SELECT %s::bigint[])::bigint[]) AND p.status = 'PACKED'
    AND NOT EXISTS (SELECT 1 FROM shipping_shipmentline l WHERE l.content_id = c.id)
ORDER BY p.order_id, p.id, c.id
"""

# How far each order is at the dock, one row per order: %s = order ids[]
ORDER_FACTS = """
SELECT o.id, o.status, w.parcels, w.weight_g, w.warehouses, s.shipments
FROM orders_salesorder o
CROSS JOIN LATERAL (
    SELECT count(*) AS parcels, CASE WHEN bool_and(p.weight_g IS NOT NULL) THEN sum(p.weight_g) END AS weight_g,
        coalesce(array_agg(DISTINCT h.name), '{}') AS warehouses
    FROM warehouse_parcel p JOIN inventory_warehouse h ON h.id = p.warehouse_id
    WHERE p.order_id = o.id AND p.status = 'PACKED'
        AND NOT EXISTS (SELECT 1 FROM shipping_shipmentline l WHERE l.parcel_id = p.id)
) w
CROSS JOIN LATERAL (
    SELECT count(*) AS shipments FROM shipping_shipment k
    WHERE k.order_id = o.id AND k.status NOT IN ('DRAFT', 'LABELLED')
) s
WHERE o.id = ANY ((SELECT %s::bigint[])::bigint[])
"""
