"""What orders came to, read off every floor: the columns of LineFact, OrderFact and Occurrence, for orders given.

READ is a list of common table expressions; {orders} is a query of the orders' keys. `line_facts`, `order_facts` and
`occurrences` are its outcome, their columns in the order of the names below.
"""

LINE_COLUMNS = (
    "company_id, warehouse_id, order_id, line_id, asked_on, asked_cause, first_on, first_cause, now_on, now_cause, done_on, due,"
    " ordered, filled_on, filled, open_on, open_stage, open_value, waiting_on, waiting, waiting_value"
)
ORDER_COLUMNS = (
    "company_id, warehouse_id, order_id, stage, stage_on, value, is_foreign, taken_at, confirmed_at, released_at, picked_at,"
    " shipped_at, delivered_at, paid_at"
)
OCCURRENCE_COLUMNS = 'company_id, warehouse_id, order_id, line_id, kind, cause, "on", amount, is_open, of_id'

# What is cancelled for these reasons was still to be delivered: we could not, or not in time
OURS = "('STOCK', 'LATE')"

# The orders, and what their events say: since when they stand where they are, and when they were paid
_ORDERS = (
    """
o AS MATERIALIZED (
    SELECT o.id, o.company_id, o.status, o.billing, o.payment, o.net, o.currency <> c.currency AS is_foreign, o.created_at,
        o.confirmed_at, c.time_zone AS zone
    FROM orders_salesorder o JOIN core_company c ON c.id = o.company_id WHERE o.id IN ({orders})
), e AS MATERIALIZED (
    SELECT e.order_id, max(e.at) FILTER (WHERE e.kind IN ('CREATED', 'CONFIRMED', 'ALLOCATED', 'RELEASED', 'PICKED', 'SHORT',
            'PACKED', 'DISPATCHED', 'DELIVERED', 'INVOICED', 'CREDITED')) AS moved_at,
        max(e.at) FILTER (WHERE e.kind IN ('PAID', 'CREDIT_APPLIED')) AS paid_at
    FROM o JOIN orders_orderevent e ON e.order_id = o.id GROUP BY 1
), ours AS MATERIALIZED (
    SELECT e.order_id, u.key AS position, sum(u.value::numeric) AS units
    FROM o JOIN orders_orderevent e ON e.order_id = o.id CROSS JOIN LATERAL jsonb_each_text(e.data -> 'units_of') u
    WHERE e.kind IN ('CUT', 'CANCELLED') AND e.data ->> 'reason' IN """
    + OURS
    + """
    GROUP BY 1, 2
), h AS MATERIALIZED (
    SELECT h.id, h.order_id, h.line_id, h.kind, h.placed_at, h.released_at,
        (h.placed_at AT TIME ZONE o.zone)::date AS placed_on, (h.released_at AT TIME ZONE o.zone)::date AS released_on
    FROM o JOIN orders_hold h ON h.order_id = o.id
)"""
)

# The floor's work: tasks, those of an order's first release marked, and what left and arrived of each
_WORK = """
t AS MATERIALIZED (
    SELECT t.id, t.order_id, t.part_id, t.status, t.quantity, t.picked, t.recalled, t.reason, t.picked_at, w.warehouse_id,
        w.released_at, w.released_at = min(w.released_at) OVER (PARTITION BY t.order_id) AS is_first
    FROM o JOIN warehouse_picktask t ON t.order_id = o.id JOIN warehouse_wave w ON w.id = t.wave_id
), s AS MATERIALIZED (
    SELECT l.id, l.part_id, t.order_id, t.is_first, l.quantity, l.failed + l.lost AS failed, s.attempts, s.dispatched_at,
        CASE WHEN s.status = 'DELIVERED' THEN p.received_at END AS received_at
    FROM t JOIN warehouse_parcelcontent c ON c.task_id = t.id JOIN shipping_shipmentline l ON l.content_id = c.id
    JOIN shipping_shipment s ON s.id = l.shipment_id LEFT JOIN shipping_proofofdelivery p ON p.shipment_id = s.id
), so_far AS MATERIALIZED (
    SELECT s.part_id, s.dispatched_at, s.received_at,
        sum(s.quantity) OVER (PARTITION BY s.part_id ORDER BY s.dispatched_at, s.id) AS left_so_far,
        sum(s.quantity - s.failed) FILTER (WHERE s.received_at IS NOT NULL)
            OVER (PARTITION BY s.part_id ORDER BY s.received_at, s.id) AS there_so_far
    FROM s
), first AS MATERIALIZED (
    SELECT w.order_id, w.released_at FROM (
        SELECT order_id, min(released_at) AS released_at, bool_or(status = 'PLANNED') AS is_under_way, sum(picked - recalled) AS units
        FROM t WHERE is_first GROUP BY 1
    ) w
    LEFT JOIN (SELECT order_id, sum(quantity) AS units FROM s WHERE is_first GROUP BY 1) x ON x.order_id = w.order_id
    WHERE NOT w.is_under_way AND w.units <= coalesce(x.units, 0)
)"""

# The parts with their promise, and each line made of its parts: what stands in for a part is no more of what was ordered
_PARTS = """
p AS MATERIALIZED (
    SELECT lp.*, o.company_id, o.status, o.zone, o.confirmed_at, o.is_foreign, l.position, l.net - l.cancelled_net AS net, d.first_promised_on, d.promised_on, d.allocated, d.backordered,
        d.is_held, least(lp.cancelled - moved.units, coalesce(ours.units, 0) * coalesce(lp.ratio, 1)) AS ours, moved.units AS moved,
        EXISTS (SELECT FROM orders_substitution i WHERE i.part_id = lp.id) AS stands_in
    FROM o JOIN orders_linepart lp ON lp.order_id = o.id JOIN orders_salesorderline l ON l.id = lp.line_id
    LEFT JOIN inventory_demand d ON d.id = lp.demand_id
    LEFT JOIN ours ON ours.order_id = o.id AND ours.position = l.position::text
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(x.ordered), 0) AS units FROM orders_substitution i JOIN orders_linepart x ON x.id = i.part_id
        WHERE i.instead_of_id = lp.id
    ) moved
), arrived AS MATERIALIZED (
    SELECT p.id,
        min((c.dispatched_at AT TIME ZONE p.zone)::date) FILTER (WHERE c.left_so_far >= p.ordered - p.cancelled + p.ours) AS left_on,
        min((c.received_at AT TIME ZONE p.zone)::date)
            FILTER (WHERE c.received_at IS NOT NULL AND c.there_so_far >= p.ordered - p.cancelled + p.ours) AS done_on
    FROM p JOIN so_far c ON c.part_id = p.id GROUP BY 1
), work AS MATERIALIZED (
    SELECT t.part_id, bool_or(t.status = 'PLANNED') AS is_planned, min(t.picked_at) FILTER (WHERE t.status = 'SHORT') AS short_at
    FROM t GROUP BY 1
), sent AS MATERIALIZED (
    SELECT s.part_id, sum(s.quantity) FILTER (WHERE s.is_first) AS filled, bool_or(s.attempts > 0 OR s.failed > 0) AS failed
    FROM s GROUP BY 1
), places AS MATERIALIZED (
    SELECT DISTINCT ON (x.part_id) x.part_id, x.order_id, x.warehouse_id, x.later, x.id FROM (
        SELECT t.part_id, t.order_id, t.warehouse_id, 0 AS later, t.id FROM t
        UNION ALL
        SELECT p.id, p.order_id, v.warehouse_id, 1, a.id
        FROM p JOIN inventory_allocation a ON a.demand_id = p.demand_id AND a.status IN ('FIRM', 'RELEASED', 'PICKED', 'CONSUMED')
        JOIN inventory_stocklevel v ON v.id = a.level_id
    ) x ORDER BY x.part_id, x.later, x.id
), l AS MATERIALIZED (
    SELECT p.line_id, p.order_id, p.company_id, p.status, p.zone, p.confirmed_at, p.is_foreign,
        (array_agg(places.warehouse_id ORDER BY places.later, places.id))[1] AS warehouse_id,
        max(p.requested_on) AS asked_on,
        CASE WHEN bool_and(p.first_promised_on IS NOT NULL OR p.ordered = p.moved) THEN max(p.first_promised_on) END AS first_on,
        CASE WHEN bool_and(p.promised_on IS NOT NULL OR p.ordered = p.moved) THEN max(p.promised_on) END AS now_on,
        CASE WHEN bool_and(arrived.done_on IS NOT NULL OR p.ordered - p.cancelled + p.ours = 0) THEN max(arrived.done_on) END AS done_on,
        CASE WHEN bool_and(arrived.left_on IS NOT NULL OR p.ordered - p.cancelled + p.ours = 0) THEN max(arrived.left_on) END AS left_on,
        sum(p.ordered - p.cancelled + p.ours) AS due, sum(p.ours) AS ours,
        coalesce(sum(p.ordered) FILTER (WHERE NOT p.stands_in), 0) AS ordered,
        sum(least(coalesce(sent.filled, 0), p.ordered)) AS filled,
        bool_or(coalesce(sent.failed, FALSE)) AS failed, (min(work.short_at) AT TIME ZONE p.zone)::date AS short_on,
        bool_or(coalesce(work.is_planned, FALSE)) AS is_planned, bool_or(coalesce(p.is_held, FALSE)) AS is_held,
        sum(p.ordered - p.cancelled) AS wanted, sum(p.shipped) AS shipped, sum(p.packed) AS packed, sum(p.picked) AS picked,
        sum(p.allocated) AS allocated, sum(p.backordered) AS backordered, sum(p.delivered) AS delivered,
        max(p.net) AS net
    FROM p
    LEFT JOIN arrived ON arrived.id = p.id LEFT JOIN work ON work.part_id = p.id LEFT JOIN sent ON sent.part_id = p.id
    LEFT JOIN places ON places.part_id = p.id
    GROUP BY p.line_id, p.order_id, p.company_id, p.status, p.zone, p.confirmed_at, p.is_foreign
)"""

# Why a line was not there in full on a day, the first reason that is true; nothing where it was
_CAUSE = """CASE
            WHEN l.due <= 0 OR l.{on} IS NULL OR l.done_on <= l.{on} THEN ''
            WHEN l.ours > 0 THEN 'CUT'
            WHEN EXISTS (SELECT FROM h WHERE h.order_id = l.order_id AND coalesce(h.line_id, l.line_id) = l.line_id
                AND h.placed_on <= l.{on} AND coalesce(h.released_on >= l.{on}, TRUE)) THEN 'HOLD'
            WHEN l.short_on <= l.{on} THEN 'SHORT'
            WHEN l.first_on <= l.{on} AND coalesce(l.now_on > l.{on}, TRUE) THEN 'MOVED'
            WHEN coalesce(l.now_on > l.{on}, TRUE) THEN 'STOCK'
            WHEN coalesce(l.left_on > l.{on}, TRUE) THEN 'HOUSE'
            WHEN l.failed THEN 'FAILED'
            ELSE 'CARRIER' END"""

_LINES = f"""
line_facts AS MATERIALIZED (
    SELECT l.company_id, l.warehouse_id, l.order_id, l.line_id,
        CASE WHEN l.due > 0 THEN l.asked_on END AS asked_on, {_CAUSE.format(on="asked_on")} AS asked_cause,
        CASE WHEN l.due > 0 THEN l.first_on END AS first_on, {_CAUSE.format(on="first_on")} AS first_cause,
        CASE WHEN l.due > 0 THEN l.now_on END AS now_on, {_CAUSE.format(on="now_on")} AS now_cause,
        l.done_on, l.due, l.ordered,
        (first.released_at AT TIME ZONE l.zone)::date AS filled_on, l.filled,
        CASE WHEN is_open.yes THEN coalesce(l.first_on, l.asked_on) END AS open_on,
        CASE WHEN NOT is_open.yes THEN ''
            WHEN l.is_held THEN 'HOLD'
            WHEN l.backordered > 0 AND l.now_on > coalesce(l.first_on, l.asked_on) THEN 'MOVED'
            WHEN l.backordered > 0 THEN 'STOCK'
            WHEN l.is_planned THEN 'PICK'
            WHEN l.allocated > 0 THEN 'RELEASE'
            WHEN l.packed < l.picked THEN 'PACK'
            ELSE 'SHIP' END AS open_stage,
        CASE WHEN is_open.yes AND NOT l.is_foreign THEN round(l.net * (l.wanted - l.shipped) / l.wanted, 4) ELSE 0 END AS open_value,
        CASE WHEN is_open.yes AND l.backordered > 0 THEN (l.confirmed_at AT TIME ZONE l.zone)::date END AS waiting_on,
        CASE WHEN is_open.yes THEN l.backordered ELSE 0 END AS waiting,
        CASE WHEN is_open.yes AND NOT l.is_foreign THEN round(l.net * l.backordered / l.wanted, 4) ELSE 0 END AS waiting_value
    FROM l LEFT JOIN first ON first.order_id = l.order_id
    CROSS JOIN LATERAL (SELECT l.status IN ('CONFIRMED', 'RELEASED') AND l.shipped < l.wanted AS yes) is_open
)"""

_ORDER_FACTS = """
order_facts AS MATERIALIZED (
    SELECT o.company_id, site.warehouse_id, o.id AS order_id,
        CASE
            WHEN o.status IN ('DRAFT', 'REVIEW') THEN 'ENTRY'
            WHEN o.status IN ('CANCELLED', 'CLOSED') THEN ''
            WHEN o.status <> 'COMPLETED' AND u.shipped < u.wanted THEN CASE
                WHEN u.is_planned THEN 'PICK'
                WHEN u.packed < u.picked THEN 'PACK'
                WHEN u.shipped < u.packed THEN 'SHIP'
                WHEN u.allocated > 0 THEN 'RELEASE'
                ELSE 'STOCK' END
            WHEN o.billing IN ('NONE', 'PART') THEN 'INVOICE'
            WHEN u.delivered < u.shipped THEN 'DELIVER'
            WHEN o.payment IN ('NONE', 'PART') THEN 'CASH'
            ELSE '' END AS stage,
        (coalesce(e.moved_at, o.created_at) AT TIME ZONE o.zone)::date AS stage_on,
        CASE WHEN o.is_foreign THEN 0 ELSE o.net END AS value, o.is_foreign,
        o.created_at AS taken_at, o.confirmed_at, t.released_at,
        CASE WHEN u.wanted > 0 AND u.picked >= u.wanted THEN t.picked_at END AS picked_at,
        CASE WHEN u.wanted > 0 AND u.shipped >= u.wanted THEN s.shipped_at END AS shipped_at,
        CASE WHEN u.wanted > 0 AND u.delivered >= u.wanted THEN s.delivered_at END AS delivered_at,
        CASE WHEN o.payment IN ('FULL', 'OVER') AND o.billing IN ('FULL', 'OVER') THEN e.paid_at END AS paid_at
    FROM o
    LEFT JOIN e ON e.order_id = o.id
    LEFT JOIN (
        SELECT order_id, bool_or(is_planned) AS is_planned, sum(wanted) AS wanted, sum(allocated) AS allocated, sum(picked) AS picked,
            sum(packed) AS packed, sum(shipped) AS shipped, sum(delivered) AS delivered
        FROM l GROUP BY 1
    ) u ON u.order_id = o.id
    LEFT JOIN (
        SELECT order_id, min(released_at) AS released_at, max(picked_at) FILTER (WHERE picked > 0) AS picked_at FROM t GROUP BY 1
    ) t ON t.order_id = o.id
    LEFT JOIN (
        SELECT order_id, max(dispatched_at) AS shipped_at, max(received_at) AS delivered_at FROM s GROUP BY 1
    ) s ON s.order_id = o.id
    LEFT JOIN (
        SELECT order_id, (array_agg(warehouse_id ORDER BY later, id))[1] AS warehouse_id FROM places GROUP BY 1
    ) site ON site.order_id = o.id
)"""

_OCCURRENCES = """
occurrences AS MATERIALIZED (
    SELECT o.company_id, t.warehouse_id, t.order_id, p.line_id, 'SHORT' AS kind, t.reason AS cause,
        (t.picked_at AT TIME ZONE o.zone)::date AS "on", t.quantity - t.picked AS amount, FALSE AS is_open, t.id AS of_id
    FROM t JOIN o ON o.id = t.order_id JOIN p ON p.id = t.part_id WHERE t.status = 'SHORT'
    UNION ALL
    SELECT o.company_id, f.warehouse_id, h.order_id, h.line_id, 'HOLD', h.kind, h.placed_on, 0, h.released_at IS NULL, h.id
    FROM h JOIN o ON o.id = h.order_id JOIN order_facts f ON f.order_id = o.id
    UNION ALL
    SELECT o.company_id, f.warehouse_id, o.id, NULL, CASE i.kind WHEN 'INVOICE' THEN 'INVOICE' ELSE 'CREDIT' END,
        CASE WHEN i.currency = c.currency THEN '' ELSE 'FOREIGN' END, i.issued_on,
        CASE WHEN i.currency = c.currency THEN i.net ELSE 0 END, FALSE, i.id
    FROM o JOIN billing_invoice i ON i.order_id = o.id JOIN core_company c ON c.id = i.company_id
    JOIN order_facts f ON f.order_id = o.id
)"""

READ = ", ".join(block.strip() for block in (_ORDERS, _WORK, _PARTS, _LINES, _ORDER_FACTS, _OCCURRENCES))
