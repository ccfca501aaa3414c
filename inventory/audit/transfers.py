"""Proofs of transfers: what is on its way, from the moves, and what is promised of it."""

from __future__ import annotations

from core.audit import sql_check

TRANSFERS = [
    sql_check(
        "pegs of a transfer's line are within what is to come of it",
        rows="inventory_transferline",
        drift="""
        SELECT 'transfer line ' || l.id, p.pegged, l.open
        FROM inventory_transferline l
        JOIN (
            SELECT transfer_line_id, sum(quantity) AS pegged FROM inventory_allocation WHERE status = 'SOFT' GROUP BY 1
        ) p ON p.transfer_line_id = l.id
        WHERE p.pegged > l.open
        ORDER BY l.id
        """,
    ),
    sql_check(
        "what a transfer has on its way, and its cost = what its moves put there and took from there",
        rows="inventory_transferline",
        drift="""
        SELECT 'transfer ' || coalesce(l.transfer_id, m.transfer_id) || ', product ' || coalesce(l.product_id, m.product_id)
            || coalesce(', lot ' || coalesce(l.lot_id, m.lot_id), ''),
            concat_ws(' / ', coalesce(l.quantity, 0), coalesce(l.value, 0)), concat_ws(' / ', coalesce(m.quantity, 0), coalesce(m.value, 0))
        FROM (
            SELECT transfer_id, product_id, lot_id, sum(sent - received - lost) AS quantity, sum(value - settled) AS value
            FROM inventory_transferline WHERE sent > 0 GROUP BY 1, 2, 3
        ) l
        FULL JOIN (
            SELECT p.transfer_id, m.product_id, m.lot_id,
                sum(m.quantity * ((m.to_place = 'TRANSIT')::int - (m.from_place = 'TRANSIT')::int)) AS quantity,
                sum(m.value * ((m.to_place = 'TRANSIT')::int - (m.from_place = 'TRANSIT')::int)) AS value
            FROM inventory_stockmove m LEFT JOIN inventory_transferposting p ON p.posting_id = m.posting_id
            WHERE m.to_place = 'TRANSIT' OR m.from_place = 'TRANSIT' GROUP BY 1, 2, 3
        ) m ON m.transfer_id = l.transfer_id AND m.product_id = l.product_id AND coalesce(m.lot_id, 0) = coalesce(l.lot_id, 0)
        WHERE coalesce(l.quantity, 0) <> coalesce(m.quantity, 0) OR coalesce(l.value, 0) <> coalesce(m.value, 0)
        ORDER BY 1
        """,
    ),
    sql_check(
        "a transfer stands where its lines say",
        rows="inventory_transfer",
        drift="""
        SELECT 'transfer ' || t.id, t.status, CASE
            WHEN l.unsent THEN 'DRAFT' WHEN l.open > 0 THEN 'SENT or PART_RECEIVED' WHEN l.sent > 0 THEN 'RECEIVED' ELSE 'CANCELLED' END
        FROM inventory_transfer t
        JOIN (
            SELECT transfer_id, bool_or(sent IS NULL) AS unsent, sum(open) AS open, sum(sent) AS sent, sum(received + lost) AS came
            FROM inventory_transferline GROUP BY 1
        ) l ON l.transfer_id = t.id
        WHERE CASE
            WHEN l.unsent THEN t.status <> 'DRAFT'
            WHEN l.open > 0 AND l.came > 0 THEN t.status <> 'PART_RECEIVED'
            WHEN l.open > 0 THEN t.status <> 'SENT'
            WHEN l.sent > 0 THEN t.status <> 'RECEIVED'
            ELSE t.status <> 'CANCELLED' END
        ORDER BY t.id
        """,
    ),
    sql_check(
        "what a draft's line keeps is its own demand's, and no more than it asks for",
        rows="inventory_transferline WHERE sent IS NULL",
        drift="""
        SELECT 'transfer line ' || l.id, concat_ws(' / ', d.product_id, d.quantity, d.is_held), concat_ws(' / ', l.product_id, l.quantity, true)
        FROM inventory_transferline l JOIN inventory_demand d ON d.id = l.kept_by_id
        WHERE l.sent IS NULL AND (d.product_id <> l.product_id OR d.quantity > l.quantity OR NOT d.is_held)
        ORDER BY l.id
        """,
    ),
]
