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
            WHERE s.status NOT IN ('DRAFT', 'LABELLED') GROUP BY 1
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
            SELECT k.part_id, sum(k.quantity - k.lost - k.failed) AS quantity
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
            WHERE s.status NOT IN ('DRAFT', 'LABELLED') GROUP BY 1, 2
        ) l ON l.posting_id = m.posting_id AND l.product_id = m.product_id
        WHERE m.quantity IS DISTINCT FROM l.quantity OR m.value IS DISTINCT FROM l.cost
        ORDER BY 1
        """,
    ),
    sql_check(
        "failed attempts = refused or missed; a lost shipment's units are lost, and what came back is not out",
        rows="shipping_shipment",
        drift="""
        SELECT 'shipment ' || s.id, concat_ws(' / ', s.status, s.attempts, l.open, l.lost), coalesce(f.attempts, 0) || ' attempts'
        FROM shipping_shipment s
        LEFT JOIN (
            SELECT shipment_id, count(*) FILTER (WHERE kind IN ('REFUSED', 'MISSED')) AS attempts,
                bool_or(kind = 'LOST') AS was_lost, bool_or(kind = 'REFUSED') AS was_refused
            FROM shipping_deliveryfailure GROUP BY 1
        ) f ON f.shipment_id = s.id
        LEFT JOIN (
            SELECT shipment_id, sum(quantity - lost - failed) AS open, sum(lost) AS lost FROM shipping_shipmentline GROUP BY 1
        ) l ON l.shipment_id = s.id
        WHERE s.attempts <> coalesce(f.attempts, 0) OR NOT CASE s.status
            WHEN 'LOST' THEN l.open = 0 AND l.lost > 0 AND f.was_lost
            WHEN 'RETURNED' THEN l.open = 0 AND l.lost = 0
            WHEN 'RETURNING' THEN f.was_refused AND l.lost = 0
            ELSE coalesce(l.lost, 0) = 0 END
        ORDER BY s.id
        """,
    ),
]
