"""The warehouse's proofs: counters against tasks and parcels, tasks against the stock ledger."""

from __future__ import annotations

from core.audit import sql_check

_PART = "'part ' || lp.id || ' of order ' || lp.order_id"

CHECKS = [
    sql_check(
        "reserved in a bin = its open pick tasks",
        rows="inventory_binstock",
        drift="""
        SELECT 'product ' || coalesce(s.product_id, t.product_id) || coalesce(', lot ' || coalesce(s.lot_id, t.lot_id), '')
            || ' in bin ' || coalesce(s.bin_id, t.bin_id),
            coalesce(s.allocated, 0), coalesce(t.quantity, 0)
        FROM inventory_binstock s
        FULL JOIN (
            SELECT bin_id, product_id, lot_id, sum(quantity) AS quantity
            FROM warehouse_picktask WHERE status = 'PLANNED' GROUP BY 1, 2, 3
        ) t ON t.bin_id = s.bin_id AND t.product_id = s.product_id AND coalesce(t.lot_id, 0) = coalesce(s.lot_id, 0)
        WHERE coalesce(s.allocated, 0) <> coalesce(t.quantity, 0)
        ORDER BY 1
        """,
    ),
    sql_check(
        "picked of a part = what its tasks found and was not recalled",
        rows="orders_linepart",
        drift=f"""
        SELECT {_PART}, lp.picked, coalesce(t.quantity, 0)
        FROM orders_linepart lp
        LEFT JOIN (
            SELECT part_id, sum(picked - recalled) AS quantity FROM warehouse_picktask WHERE status IN ('PICKED', 'SHORT') GROUP BY 1
        ) t ON t.part_id = lp.id
        WHERE lp.picked <> coalesce(t.quantity, 0)
        ORDER BY lp.id
        """,
    ),
    sql_check(
        "packed of a part = what closed parcels hold of it",
        rows="orders_linepart",
        drift=f"""
        SELECT {_PART}, lp.packed, coalesce(c.quantity, 0)
        FROM orders_linepart lp
        LEFT JOIN (
            SELECT k.part_id, sum(k.quantity) AS quantity
            FROM warehouse_parcelcontent k JOIN warehouse_parcel p ON p.id = k.parcel_id
            WHERE p.status = 'PACKED' GROUP BY 1
        ) c ON c.part_id = lp.id
        WHERE lp.packed <> coalesce(c.quantity, 0)
        ORDER BY lp.id
        """,
    ),
    sql_check(
        "a task's goods in closed parcels within what it found and was not recalled",
        rows="warehouse_parcelcontent",
        drift="""
        SELECT 'task ' || t.id, sum(k.quantity), t.picked - t.recalled
        FROM warehouse_parcelcontent k
        JOIN warehouse_parcel p ON p.id = k.parcel_id AND p.status <> 'UNPACKED'
        JOIN warehouse_picktask t ON t.id = k.task_id
        GROUP BY t.id HAVING sum(k.quantity) > t.picked - t.recalled
        ORDER BY t.id
        """,
    ),
    sql_check(
        "left to pick of an allocation = its open tasks, and none where it is not released",
        rows="inventory_allocation",
        drift="""
        SELECT 'allocation ' || a.id, CASE WHEN a.status = 'RELEASED' THEN a.quantity - a.picked ELSE 0 END,
            coalesce(t.quantity, 0)
        FROM inventory_allocation a
        LEFT JOIN (
            SELECT allocation_id, sum(quantity) AS quantity FROM warehouse_picktask WHERE status = 'PLANNED' GROUP BY 1
        ) t ON t.allocation_id = a.id
        WHERE CASE WHEN a.status = 'RELEASED' THEN a.quantity - a.picked ELSE 0 END <> coalesce(t.quantity, 0)
        ORDER BY a.id
        """,
    ),
    sql_check(
        "moved by a pick's posting = what the tasks that point to it found",
        rows="inventory_stockposting WHERE kind = 'PICK'",
        drift="""
        SELECT 'posting ' || coalesce(m.posting_id, t.posting_id)
            || ', product ' || coalesce(m.product_id, t.product_id),
            coalesce(m.quantity, 0), coalesce(t.quantity, 0)
        FROM (
            SELECT v.posting_id, v.product_id, v.from_bin_id, v.to_bin_id, v.lot_id, sum(v.quantity) AS quantity
            FROM inventory_stockmove v JOIN inventory_stockposting g ON g.id = v.posting_id AND g.kind = 'PICK'
            GROUP BY 1, 2, 3, 4, 5
        ) m
        FULL JOIN (
            SELECT posting_id, product_id, bin_id, tote_id, lot_id, sum(picked) AS quantity
            FROM warehouse_picktask WHERE status IN ('PICKED', 'SHORT') AND picked > 0 GROUP BY 1, 2, 3, 4, 5
        ) t ON t.posting_id = m.posting_id AND t.product_id = m.product_id
            AND t.bin_id = m.from_bin_id AND t.tote_id = m.to_bin_id AND coalesce(t.lot_id, 0) = coalesce(m.lot_id, 0)
        WHERE coalesce(m.quantity, 0) <> coalesce(t.quantity, 0)
        ORDER BY 1
        """,
    ),
    sql_check(
        "done waves have nothing left to pick",
        rows="warehouse_wave WHERE status = 'DONE'",
        drift="""
        SELECT 'wave ' || w.id, 'done', count(*) || ' tasks to pick'
        FROM warehouse_wave w JOIN warehouse_picktask t ON t.wave_id = w.id AND t.status = 'PLANNED'
        WHERE w.status = 'DONE' GROUP BY w.id
        ORDER BY w.id
        """,
    ),
    sql_check(
        "what is blocked on a shelf is to be counted, or of a blocked lot",
        rows="inventory_binstock WHERE blocked > 0",
        drift="""
        SELECT 'product ' || s.product_id || ' in bin ' || s.bin_id, s.blocked, 'no count is open'
        FROM inventory_binstock s
        WHERE s.blocked > 0 AND NOT EXISTS (
            SELECT 1 FROM warehouse_count c
            WHERE c.product_id = s.product_id AND c.bin_id = s.bin_id AND c.status = 'OPEN'
                AND c.lot_id IS NOT DISTINCT FROM s.lot_id
        ) AND NOT EXISTS (SELECT 1 FROM inventory_lot t WHERE t.id = s.lot_id AND t.blocked_at IS NOT NULL)
        ORDER BY 1
        """,
    ),
    sql_check(
        "a count's posting = what it found against the books",
        rows="warehouse_count WHERE status = 'DONE'",
        drift="""
        SELECT 'count ' || c.id, c.counted - c.expected, coalesce(m.quantity, 0)
        FROM warehouse_count c
        LEFT JOIN LATERAL (
            SELECT sum(CASE WHEN v.to_bin_id = c.bin_id THEN v.quantity ELSE -v.quantity END) AS quantity
            FROM inventory_stockmove v WHERE v.posting_id = c.posting_id AND v.product_id = c.product_id
                AND v.lot_id IS NOT DISTINCT FROM c.lot_id
        ) m ON TRUE
        WHERE c.status = 'DONE' AND c.counted - c.expected <> coalesce(m.quantity, 0)
        ORDER BY c.id
        """,
    ),
    sql_check(
        "recalled of a task = its put-backs",
        rows="warehouse_putback",
        drift="""
        SELECT 'task ' || t.id, t.recalled, coalesce(b.quantity, 0)
        FROM warehouse_picktask t
        LEFT JOIN (SELECT task_id, sum(quantity) AS quantity FROM warehouse_putback GROUP BY 1) b ON b.task_id = t.id
        WHERE t.recalled <> coalesce(b.quantity, 0)
        ORDER BY t.id
        """,
    ),
    sql_check(
        "moved by a put-back's posting = the put-backs that point to it",
        rows="inventory_stockposting WHERE kind = 'PUT_BACK'",
        drift="""
        SELECT 'posting ' || coalesce(m.posting_id, b.posting_id)
            || ', product ' || coalesce(m.product_id, b.product_id),
            coalesce(m.quantity, 0), coalesce(b.quantity, 0)
        FROM (
            SELECT v.posting_id, v.product_id, v.from_bin_id, v.to_bin_id, v.lot_id, sum(v.quantity) AS quantity
            FROM inventory_stockmove v JOIN inventory_stockposting g ON g.id = v.posting_id AND g.kind = 'PUT_BACK'
            GROUP BY 1, 2, 3, 4, 5
        ) m
        FULL JOIN (
            SELECT p.posting_id, p.product_id, p.tote_id, p.bin_id, k.lot_id, sum(p.quantity) AS quantity
            FROM warehouse_putback p JOIN warehouse_picktask k ON k.id = p.task_id WHERE p.status = 'DONE' GROUP BY 1, 2, 3, 4, 5
        ) b ON b.posting_id = m.posting_id AND b.product_id = m.product_id
            AND b.tote_id = m.from_bin_id AND b.bin_id = m.to_bin_id AND coalesce(b.lot_id, 0) = coalesce(m.lot_id, 0)
        WHERE coalesce(m.quantity, 0) <> coalesce(b.quantity, 0)
        ORDER BY 1
        """,
    ),
    sql_check(
        "staged of a level = picked and not issued of its allocations, and what is to be put back",
        rows="inventory_stocklevel",
        drift="""
        SELECT 'level ' || l.id, l.staged, coalesce(a.picked, 0) + coalesce(b.quantity, 0)
        FROM inventory_stocklevel l
        LEFT JOIN (SELECT level_id, sum(picked - consumed) AS picked FROM inventory_allocation GROUP BY 1) a
            ON a.level_id = l.id
        LEFT JOIN (SELECT level_id, sum(quantity) AS quantity FROM warehouse_putback WHERE status = 'PLANNED' GROUP BY 1) b
            ON b.level_id = l.id
        WHERE l.staged <> coalesce(a.picked, 0) + coalesce(b.quantity, 0)
        ORDER BY l.id
        """,
    ),
    sql_check(
        "received of a supplier order's line, and what of it is inspected = its receipts",
        rows="warehouse_receiptline",
        drift="""
        SELECT 'supplier order line ' || l.id, l.received + l.inspecting, coalesce(r.quantity, 0)
        FROM inventory_supplierorderline l
        LEFT JOIN (SELECT line_id, sum(quantity) AS quantity FROM warehouse_receiptline GROUP BY 1) r ON r.line_id = l.id
        WHERE l.received + l.inspecting <> coalesce(r.quantity, 0)
        ORDER BY l.id
        """,
    ),
    sql_check(
        "cost of a receipt = value of what it posted",
        rows="warehouse_receipt",
        drift="""
        SELECT 'receipt ' || r.id, coalesce(l.value, 0), coalesce(m.value, 0)
        FROM warehouse_receipt r
        LEFT JOIN (SELECT receipt_id, sum(value) AS value FROM warehouse_receiptline GROUP BY 1) l ON l.receipt_id = r.id
        LEFT JOIN (SELECT posting_id, sum(value) AS value FROM inventory_stockmove GROUP BY 1) m ON m.posting_id = r.posting_id
        WHERE coalesce(l.value, 0) <> coalesce(m.value, 0)
        ORDER BY r.id
        """,
    ),
]
