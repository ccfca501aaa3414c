"""Shipping's proofs: what left, against the parts, the parcels and the stock ledger."""

from __future__ import annotations

from core.audit import sql_check

CHECKS = [
    sql_check(
        "shipped of a part = its shipment lines",
        rows="orders_linepart",
        drift="""
        SELECT 'part ' || lp.id || ' of order ' || lp.order_id, lp.shipped, coalesce(l.quantity, 0)
        FROM orders_linepart lp
        LEFT JOIN (
            SELECT k.part_id, sum(k.quantity) AS quantity
            FROM shipping_shipmentline k JOIN shipping_shipment s ON s.id = k.shipment_id
            WHERE s.status IN ('DISPATCHED', 'DELIVERED') GROUP BY 1
        ) l ON l.part_id = lp.id
        WHERE lp.shipped <> coalesce(l.quantity, 0)
        ORDER BY lp.id
        """,
    ),
    sql_check(
        "a shipment line = the parcel content that left, of the same order, part and parcel",
        rows="shipping_shipmentline",
        drift="""
        SELECT 'line ' || l.id || ' of shipment ' || l.shipment_id,
            concat_ws(' / ', s.order_id, l.part_id, l.parcel_id, l.quantity),
            concat_ws(' / ', p.order_id, c.part_id, c.parcel_id, c.quantity, nullif(p.status, 'PACKED'))
        FROM shipping_shipmentline l
        JOIN shipping_shipment s ON s.id = l.shipment_id
        JOIN warehouse_parcelcontent c ON c.id = l.content_id
        JOIN warehouse_parcel p ON p.id = c.parcel_id
        WHERE (s.order_id, l.part_id, l.parcel_id, l.quantity) <> (p.order_id, c.part_id, c.parcel_id, c.quantity)
            OR p.status <> 'PACKED'
        ORDER BY l.id
        """,
    ),
    sql_check(
        "delivered of a part = its lines of delivered shipments",
        rows="orders_linepart",
        drift="""
        SELECT 'part ' || lp.id || ' of order ' || lp.order_id, lp.delivered, coalesce(l.quantity, 0)
        FROM orders_linepart lp
        LEFT JOIN (
            SELECT k.part_id, sum(k.quantity) AS quantity
            FROM shipping_shipmentline k JOIN shipping_shipment s ON s.id = k.shipment_id
            WHERE s.status = 'DELIVERED' GROUP BY 1
        ) l ON l.part_id = lp.id
        WHERE lp.delivered <> coalesce(l.quantity, 0)
        ORDER BY lp.id
        """,
    ),
    sql_check(
        "a delivered shipment has its proof, and no other has",
        rows="shipping_shipment",
        drift="""
        SELECT 'shipment ' || s.id, s.status, CASE WHEN d.id IS NULL THEN 'no proof of delivery' ELSE 'delivered' END
        FROM shipping_shipment s LEFT JOIN shipping_proofofdelivery d ON d.shipment_id = s.id
        WHERE (s.status = 'DELIVERED') <> (d.id IS NOT NULL)
        ORDER BY s.id
        """,
    ),
    sql_check(
        "issued by a posting (quantity, cost) = the shipment lines that point to it",
        rows="inventory_stockposting WHERE kind = 'ISSUE'",
        drift="""
        SELECT 'posting ' || coalesce(m.posting_id, l.posting_id)
            || ', product ' || coalesce(m.product_id, l.product_id),
            concat_ws(' / ', m.quantity, m.value), concat_ws(' / ', l.quantity, l.cost)
        FROM (
            SELECT v.posting_id, v.product_id, sum(v.quantity) AS quantity, sum(v.value) AS value
            FROM inventory_stockmove v JOIN inventory_stockposting g ON g.id = v.posting_id AND g.kind = 'ISSUE'
            GROUP BY 1, 2
        ) m
        FULL JOIN (
            SELECT s.posting_id, c.product_id, sum(k.quantity) AS quantity, sum(k.cost) AS cost
            FROM shipping_shipmentline k
            JOIN shipping_shipment s ON s.id = k.shipment_id
            JOIN warehouse_parcelcontent c ON c.id = k.content_id
            WHERE s.status IN ('DISPATCHED', 'DELIVERED') GROUP BY 1, 2
        ) l ON l.posting_id = m.posting_id AND l.product_id = m.product_id
        WHERE m.quantity IS DISTINCT FROM l.quantity OR m.value IS DISTINCT FROM l.cost
        ORDER BY 1
        """,
    ),
]
