"""Proofs of returns: what came back against parts, stock, cost and the facts of the dock."""

from __future__ import annotations

from core import money_sql
from core.audit import sql_check

_COST = money_sql.cumulative_share("k.cost", done="r.returned", of="k.quantity", currency="c.currency")

CHECKS = [
    sql_check(
        "returned of a part = received less sent back of its return lines",
        rows="orders_linepart",
        drift="""
        SELECT 'part ' || p.id || ' of order ' || p.order_id, p.returned, coalesce(r.quantity, 0)
        FROM orders_linepart p
        LEFT JOIN (SELECT part_id, sum(received - sent_back) AS quantity FROM returns_returnline GROUP BY 1) r ON r.part_id = p.id
        WHERE p.returned <> coalesce(r.quantity, 0)
        ORDER BY p.id
        """,
    ),
    sql_check(
        "a return line (received, cost, short) = its receipts",
        rows="returns_returnreceiptline",
        drift="""
        SELECT 'return line ' || t.id, concat_ws(' / ', t.received, t.received_value, t.short),
            concat_ws(' / ', coalesce(f.received, 0), coalesce(f.value, 0), coalesce(f.short, 0))
        FROM returns_returnline t
        LEFT JOIN (
            SELECT line_id, sum(quantity) FILTER (WHERE fact IN ('AS_AUTHORIZED', 'OVER')) AS received, sum(value) AS value,
                sum(quantity) FILTER (WHERE fact = 'SHORT') AS short
            FROM returns_returnreceiptline GROUP BY 1
        ) f ON f.line_id = t.id
        WHERE (t.received, t.received_value, t.short) <> (coalesce(f.received, 0), coalesce(f.value, 0), coalesce(f.short, 0))
        ORDER BY t.id
        """,
    ),
    sql_check(
        "a return line (inspected, disposed, cost, sent back, quarantined) = its grades, dispositions and ways out",
        rows="returns_returninspection",
        drift="""
        SELECT 'return line ' || t.id, concat_ws(' / ', t.inspected, t.disposed, t.disposed_value, t.sent_back, t.sent_back_value),
            concat_ws(' / ', coalesce(f.quantity, 0), coalesce(d.quantity, 0), coalesce(d.value, 0), coalesce(d.sent_back, 0),
                coalesce(d.sent_back_value, 0))
        FROM returns_returnline t
        LEFT JOIN (SELECT line_id, sum(quantity) AS quantity FROM returns_returninspection GROUP BY 1) f ON f.line_id = t.id
        LEFT JOIN (
            SELECT i.line_id, sum(g.quantity) AS quantity, sum(g.value) AS value,
                sum(g.quantity) FILTER (WHERE g.kind = 'SEND_BACK') AS sent_back,
                sum(g.value) FILTER (WHERE g.kind = 'SEND_BACK') AS sent_back_value
            FROM returns_returndisposition g JOIN returns_returninspection i ON i.id = g.inspection_id GROUP BY 1
        ) d ON d.line_id = t.id
        WHERE (t.inspected, t.disposed, t.disposed_value, t.sent_back, t.sent_back_value) <> (coalesce(f.quantity, 0),
            coalesce(d.quantity, 0), coalesce(d.value, 0), coalesce(d.sent_back, 0), coalesce(d.sent_back_value, 0))
        UNION ALL
        SELECT 'return line ' || t.id || ' in quarantine', concat_ws(' / ', t.quarantined, t.quarantined_value),
            concat_ws(' / ', coalesce(d.quantity, 0) - coalesce(e.quantity, 0), coalesce(d.value, 0) - coalesce(e.value, 0))
        FROM returns_returnline t
        LEFT JOIN (
            SELECT i.line_id, sum(g.quantity) AS quantity, sum(g.value) AS value
            FROM returns_returndisposition g JOIN returns_returninspection i ON i.id = g.inspection_id
            WHERE g.kind = 'QUARANTINE' GROUP BY 1
        ) d ON d.line_id = t.id
        LEFT JOIN (
            SELECT line_id, sum(quantity) AS quantity, sum(value) AS value FROM returns_quarantineexit GROUP BY 1
        ) e ON e.line_id = t.id
        WHERE (t.quarantined, t.quarantined_value) <> (coalesce(d.quantity, 0) - coalesce(e.quantity, 0),
            coalesce(d.value, 0) - coalesce(e.value, 0))
        UNION ALL
        SELECT 'inspection ' || i.id, i.disposed::text, coalesce(sum(g.quantity), 0)::text
        FROM returns_returninspection i LEFT JOIN returns_returndisposition g ON g.inspection_id = i.id
        GROUP BY i.id HAVING i.disposed <> coalesce(sum(g.quantity), 0)
        """,
    ),
    sql_check(
        "never more came back, or is awaited, than left",
        rows="returns_returnline",
        drift="""
        SELECT 'shipment line ' || k.id, r.quantity, k.quantity
        FROM shipping_shipmentline k
        JOIN (
            SELECT t.shipment_line_id, sum(t.received - t.sent_back + CASE
                WHEN o.status IN ('REQUESTED', 'AUTHORIZED', 'RECEIVED', 'INSPECTED', 'DECIDED')
                THEN greatest(t.authorized - t.short - t.received, 0) ELSE 0 END) AS quantity
            FROM returns_returnline t JOIN returns_returnorder o ON o.id = t.return_order_id GROUP BY 1
        ) r ON r.shipment_line_id = k.id
        WHERE r.quantity > k.quantity - k.lost
        ORDER BY k.id
        """,
    ),
    sql_check(
        "units that came back undelivered = those that delivery failures received",
        rows="shipping_shipmentline",
        drift="""
        SELECT 'shipment line ' || k.id, k.failed, coalesce(r.quantity, 0)
        FROM shipping_shipmentline k
        LEFT JOIN (
            SELECT t.shipment_line_id, sum(t.received) AS quantity
            FROM returns_returnline t JOIN returns_returnorder o ON o.id = t.return_order_id
            WHERE o.kind = 'DELIVERY_FAILURE' GROUP BY 1
        ) r ON r.shipment_line_id = k.id
        WHERE k.failed <> coalesce(r.quantity, 0)
        ORDER BY k.id
        """,
    ),
    sql_check(
        "units lost on the way are settled by a return, and none is made good twice",
        rows="shipping_shipmentline",
        drift="""
        SELECT 'shipment line ' || k.id, concat_ws(' / ', k.lost, k.quantity), concat_ws(' / ', coalesce(r.lost, 0), coalesce(r.made_good, 0))
        FROM shipping_shipmentline k
        LEFT JOIN (
            SELECT t.shipment_line_id, sum(t.lost) AS lost, sum(t.received - t.sent_back + t.lost) FILTER (
                WHERE s.kind <> 'NONE') AS made_good
            FROM returns_returnline t LEFT JOIN returns_returnsettlement s ON s.return_order_id = t.return_order_id GROUP BY 1
        ) r ON r.shipment_line_id = k.id
        WHERE k.lost > coalesce(r.lost, 0) OR k.quantity < coalesce(r.made_good, 0)
        ORDER BY k.id
        """,
    ),
    sql_check(
        "cost of what came back = its share of the cost at which it left",
        rows="returns_returnline",
        drift=f"""
        SELECT 'shipment line ' || k.id, r.value, {_COST}
        FROM shipping_shipmentline k
        JOIN shipping_shipment s ON s.id = k.shipment_id
        JOIN core_company c ON c.id = s.company_id
        JOIN (
            SELECT shipment_line_id, sum(received) AS returned, sum(received_value) AS value
            FROM returns_returnline GROUP BY 1 HAVING sum(sent_back) = 0
        ) r ON r.shipment_line_id = k.id
        WHERE r.value <> {_COST}
        ORDER BY k.id
        """,
    ),
    sql_check(
        "stock moved by returns (quantity, cost) = the receipts, dispositions and ways out that point to the posting",
        rows="inventory_stockposting WHERE kind IN ('RETURN', 'RESTOCK', 'QUARANTINE', 'SCRAP', 'SEND_BACK')",
        drift="""
        SELECT 'posting ' || coalesce(m.posting_id, f.posting_id) || ', product ' || coalesce(m.product_id, f.product_id),
            concat_ws(' / ', m.quantity, m.value), concat_ws(' / ', f.quantity, f.value)
        FROM (
            SELECT v.posting_id, v.product_id, sum(v.quantity) AS quantity, sum(v.value) AS value
            FROM inventory_stockmove v JOIN inventory_stockposting p ON p.id = v.posting_id
            WHERE p.kind IN ('RETURN', 'RESTOCK', 'QUARANTINE', 'SCRAP', 'SEND_BACK') GROUP BY 1, 2
        ) m
        FULL JOIN (
            SELECT x.posting_id, x.product_id, sum(x.quantity) AS quantity, sum(x.value) AS value FROM (
                SELECT r.posting_id, t.product_id, n.quantity, n.value
                FROM returns_returnreceiptline n JOIN returns_returnreceipt r ON r.id = n.receipt_id
                JOIN returns_returnline t ON t.id = n.line_id WHERE n.fact IN ('AS_AUTHORIZED', 'OVER')
                UNION ALL
                SELECT g.posting_id, t.product_id, g.quantity, g.value
                FROM returns_returndisposition g JOIN returns_returninspection i ON i.id = g.inspection_id
                JOIN returns_returnline t ON t.id = i.line_id
                UNION ALL
                SELECT e.posting_id, t.product_id, e.quantity, e.value
                FROM returns_quarantineexit e JOIN returns_returnline t ON t.id = e.line_id
                UNION ALL
                SELECT e.posting_id, i.product_id, e.quantity, e.value
                FROM inventory_inspectionstep e JOIN inventory_inspection i ON i.id = e.inspection_id WHERE e.kind = 'SCRAPPED'
            ) x GROUP BY 1, 2
        ) f ON f.posting_id = m.posting_id AND f.product_id = m.product_id
        WHERE m.quantity IS DISTINCT FROM f.quantity OR m.value IS DISTINCT FROM f.value
        ORDER BY 1
        """,
    ),
    sql_check(
        "what lies in returns and quarantine bins = what came back, or is inspected at receipt, and has not gone on",
        rows="returns_returnline",
        drift="""
        SELECT 'product ' || coalesce(b.product_id, r.product_id) || ' in warehouse ' || coalesce(b.warehouse_id, r.warehouse_id),
            concat_ws(' / ', coalesce(b.returns, 0), coalesce(b.quarantine, 0)),
            concat_ws(' / ', coalesce(r.returns, 0), coalesce(r.quarantine, 0))
        FROM (
            SELECT n.warehouse_id, s.product_id, coalesce(sum(s.quantity) FILTER (WHERE n.kind = 'RETURNS'), 0) AS returns,
                coalesce(sum(s.quantity) FILTER (WHERE n.kind = 'QUARANTINE'), 0) AS quarantine
            FROM inventory_binstock s JOIN inventory_bin n ON n.id = s.bin_id
            WHERE n.kind IN ('RETURNS', 'QUARANTINE') GROUP BY 1, 2
        ) b
        FULL JOIN (
            SELECT warehouse_id, product_id, sum(returns) AS returns, sum(quarantine) AS quarantine
            FROM (
                SELECT o.warehouse_id, t.product_id, t.received - t.disposed AS returns, t.quarantined AS quarantine
                FROM returns_returnline t JOIN returns_returnorder o ON o.id = t.return_order_id
                UNION ALL
                SELECT i.warehouse_id, i.product_id, 0, i.quantity - i.accepted - i.gone FROM inventory_inspection i
            ) x GROUP BY 1, 2
        ) r ON r.warehouse_id = b.warehouse_id AND r.product_id = b.product_id
        WHERE (coalesce(b.returns, 0), coalesce(b.quarantine, 0)) <> (coalesce(r.returns, 0), coalesce(r.quarantine, 0))
        ORDER BY 1
        """,
    ),
    sql_check(
        "a return stands where its goods are",
        rows="returns_returnorder",
        drift="""
        SELECT 'return ' || o.id, o.status, concat_ws(' / ', t.received, t.inspected, t.disposed)
        FROM returns_returnorder o
        LEFT JOIN (
            SELECT return_order_id, sum(received) AS received, sum(inspected) AS inspected, sum(disposed) AS disposed, sum(lost) AS lost
            FROM returns_returnline GROUP BY 1
        ) t ON t.return_order_id = o.id
        WHERE t.return_order_id IS NULL OR NOT CASE o.status
            WHEN 'RECEIVED' THEN t.inspected < t.received
            WHEN 'INSPECTED' THEN t.inspected = t.received AND t.disposed < t.received
            WHEN 'DECIDED' THEN t.disposed = t.received AND t.received + t.lost > 0
            WHEN 'SETTLED' THEN t.disposed = t.received AND t.received + t.lost > 0
            ELSE t.received = 0 AND t.lost = 0 END
        ORDER BY o.id
        """,
    ),
    sql_check(
        "a return is of its order's company, and its lines of what left with that order",
        rows="returns_returnline",
        drift="""
        SELECT 'return line ' || t.id, concat_ws(' / ', r.company_id, r.order_id, t.part_id, t.product_id),
            concat_ws(' / ', s.company_id, s.order_id, k.part_id, p.product_id)
        FROM returns_returnline t
        JOIN returns_returnorder r ON r.id = t.return_order_id
        JOIN shipping_shipmentline k ON k.id = t.shipment_line_id
        JOIN shipping_shipment s ON s.id = k.shipment_id
        JOIN orders_linepart p ON p.id = k.part_id
        WHERE (r.company_id, r.order_id, t.part_id, t.product_id) <> (s.company_id, s.order_id, k.part_id, p.product_id)
        ORDER BY t.id
        """,
    ),
    sql_check(
        "what settled a return = its credit notes of its order's units, and nothing else is settled",
        rows="returns_returnsettlement",
        drift="""
        SELECT 'return ' || o.id, o.status, coalesce(s.kind, 'no settlement')
        FROM returns_returnorder o LEFT JOIN returns_returnsettlement s ON s.return_order_id = o.id
        WHERE (o.status = 'SETTLED') <> (s.id IS NOT NULL)
        UNION ALL
        SELECT 'settlement ' || s.id, u.returned::text, coalesce(c.credited, 0)::text
        FROM returns_returnsettlement s
        JOIN (
            SELECT t.return_order_id, coalesce(sum(t.received - t.sent_back + t.lost) FILTER (WHERE p.ratio IS NULL), 0) AS returned
            FROM returns_returnline t JOIN orders_linepart p ON p.id = t.part_id GROUP BY 1
        ) u ON u.return_order_id = s.return_order_id
        LEFT JOIN (
            SELECT rc.settlement_id, -sum(b.quantity) FILTER (WHERE NOT b.is_amount) AS credited
            FROM returns_returncredit rc JOIN billing_invoiceline b ON b.invoice_id = rc.credit_note_id GROUP BY 1
        ) c ON c.settlement_id = s.id
        WHERE CASE WHEN s.kind IN ('CREDIT', 'REFUND') THEN u.returned <> coalesce(c.credited, 0) ELSE c.credited IS NOT NULL END
        """,
    ),
]
