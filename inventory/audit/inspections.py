"""Proofs of what is inspected at receipt: its counts from its steps, and these from the ledger."""

from __future__ import annotations

from core.audit import sql_check

INSPECTIONS = [
    sql_check(
        "inspecting of a supplier order's line = what came of it and nobody has found good or bad",
        rows="inventory_inspection",
        drift="""
        SELECT 'supplier order line ' || l.id, l.inspecting, coalesce(i.quantity, 0)
        FROM inventory_supplierorderline l
        LEFT JOIN (
            SELECT line_id, sum(quantity - accepted - rejected) AS quantity FROM inventory_inspection GROUP BY 1
        ) i ON i.line_id = l.id
        WHERE l.inspecting <> coalesce(i.quantity, 0)
        ORDER BY l.id
        """,
    ),
    sql_check(
        "an inspection = its steps (accepted, rejected, gone), done once something is found of all",
        rows="inventory_inspectionstep",
        drift="""
        SELECT 'inspection ' || i.id, concat_ws(' / ', i.accepted, i.rejected, i.gone, i.status),
            concat_ws(' / ', s.accepted, s.rejected, s.gone,
                CASE WHEN s.accepted + s.rejected = i.quantity THEN 'DONE' ELSE 'OPEN' END)
        FROM inventory_inspection i
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(s.quantity) FILTER (WHERE s.kind = 'ACCEPTED'), 0) AS accepted,
                coalesce(sum(s.quantity) FILTER (WHERE s.kind = 'REJECTED'), 0) AS rejected,
                coalesce(sum(s.quantity) FILTER (WHERE s.kind IN ('SCRAPPED', 'SENT_BACK')), 0) AS gone
            FROM inventory_inspectionstep s WHERE s.inspection_id = i.id
        ) s
        WHERE (i.accepted, i.rejected, i.gone) <> (s.accepted, s.rejected, s.gone)
            OR (i.status = 'DONE') <> (s.accepted + s.rejected = i.quantity)
        ORDER BY i.id
        """,
    ),
    sql_check(
        "worth of what is inspected, with what went on of it = value of the moves that brought it",
        rows="inventory_inspection",
        drift="""
        SELECT 'posting ' || i.posting_id, i.value, coalesce(m.value, 0)
        FROM (
            SELECT n.posting_id, n.bin_id, sum(n.value + coalesce(s.value, 0)) AS value
            FROM inventory_inspection n
            LEFT JOIN (SELECT inspection_id, sum(value) AS value FROM inventory_inspectionstep GROUP BY 1) s ON s.inspection_id = n.id
            GROUP BY 1, 2
        ) i
        LEFT JOIN (SELECT posting_id, to_bin_id, sum(value) AS value FROM inventory_stockmove GROUP BY 1, 2) m
            ON m.posting_id = i.posting_id AND m.to_bin_id = i.bin_id
        WHERE i.value <> coalesce(m.value, 0)
        ORDER BY i.posting_id
        """,
    ),
    sql_check(
        "stock moved by inspections (quantity, cost) = the steps that point to the posting",
        rows="inventory_stockposting WHERE kind IN ('INSPECTION', 'RETURN_OUT')",
        drift="""
        SELECT 'posting ' || coalesce(m.posting_id, s.posting_id), concat_ws(' / ', m.quantity, m.value), concat_ws(' / ', s.quantity, s.value)
        FROM (
            SELECT v.posting_id, sum(v.quantity) AS quantity, sum(v.value) AS value
            FROM inventory_stockmove v JOIN inventory_stockposting p ON p.id = v.posting_id
            WHERE p.kind IN ('INSPECTION', 'RETURN_OUT')
                OR p.id IN (SELECT posting_id FROM inventory_inspectionstep WHERE kind = 'SCRAPPED') GROUP BY 1
        ) m
        FULL JOIN (
            SELECT posting_id, sum(quantity) AS quantity, sum(value) AS value
            FROM inventory_inspectionstep WHERE posting_id IS NOT NULL GROUP BY 1
        ) s ON s.posting_id = m.posting_id
        WHERE m.quantity IS DISTINCT FROM s.quantity OR m.value IS DISTINCT FROM s.value
        ORDER BY 1
        """,
    ),
]
