"""Statements that the ORM cannot say well, each with its plan explained."""

# What has left of orders and how much of each shipment line came back or is claimed by an open return: one row per shipment line,
# by the indexes of the order, the shipment and the shipment line. The caller holds the orders' locks to write, and every return
# changes under them. %s = order ids[]
SHIPPED_LINES = """
SELECT s.order_id, s.id, s.warehouse_id, s.dispatched_at, k.id, k.parcel_id, k.part_id, p.line_id, l.position,
    p.product_id, i.sku, CASE WHEN p.ratio IS NULL THEN l.description ELSE i.name END, un.code, un.step, k.quantity, k.lost, k.failed, s.status, k.cost, r.returned, r.returned_value, r.awaited,
    (SELECT t.lot_id FROM warehouse_parcelcontent c JOIN warehouse_picktask t ON t.id = c.task_id WHERE c.id = k.content_id)
FROM shipping_shipment s
JOIN shipping_shipmentline k ON k.shipment_id = s.id
JOIN orders_linepart p ON p.id = k.part_id
JOIN orders_salesorderline l ON l.id = p.line_id
JOIN inventory_product i ON i.id = p.product_id
JOIN inventory_unit un ON un.id = i.unit_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(t.received - t.sent_back), 0) AS returned,
        coalesce(sum(t.received_value - t.sent_back_value), 0) AS returned_value,
        coalesce(sum(greatest(t.authorized - t.short - t.received, 0)) FILTER (
            WHERE o.status IN ('REQUESTED', 'AUTHORIZED', 'RECEIVED', 'INSPECTED', 'DECIDED')
        ), 0) AS awaited
    FROM returns_returnline t JOIN returns_returnorder o ON o.id = t.return_order_id
    WHERE t.shipment_line_id = k.id
) r
WHERE s.order_id = ANY ((SELECT %s::bigint[])::bigint[]) AND s.status <> 'DRAFT' AND s.status <> 'LABELLED'
ORDER BY s.order_id, s.id, k.id
"""
