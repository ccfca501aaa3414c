"""Proofs of orders' figures: parts against lines and demand, facets against the parts, totals against the lines."""

from __future__ import annotations

from core import money_sql
from core.audit import sql_check
from orders.sql import FACET, PROMISE, PROMISE_FACTS, STOCK_FACTS

# What each order's lines, without what was cancelled, amount to by the money arithmetic itself.
_TOTALS = money_sql.document_totals("""
    SELECT l.order_id AS document, o.currency, l.tax_category AS category, l.tax_rate AS rate,
        l.net - l.cancelled_net AS net
    FROM orders_salesorderline l JOIN orders_salesorder o ON o.id = l.order_id
""")
_LINE_NET = money_sql.line_net(
    quantity="l.quantity", price="l.price", discount_percent="l.discount_percent", currency="o.currency"
)
_REMAINING_NET = money_sql.cumulative_share(
    "l.net", done="l.quantity - l.cancelled", of="l.quantity", currency="o.currency"
)
# A job is to set what an order says of its promise: till then it is due, and no drift
_DUE = """EXISTS (
            SELECT 1 FROM procrastinate_jobs j
            WHERE j.task_name = 'orders.note_allocation' AND j.status IN ('todo', 'doing')
                AND j.args -> 'order_ids' @> to_jsonb(o.id)
        )"""
_HOLD = "SELECT 1 FROM orders_hold h WHERE h.released_at IS NULL AND NOT h.keep_reservation"

CHECKS = [
    sql_check(
        "order line net = quantity × price less discount, rounded once, less its share of the order's discount",
        rows="orders_salesorderline",
        drift=f"""
        SELECT 'line ' || l.id, l.net, {_LINE_NET} - l.order_discount
        FROM orders_salesorderline l JOIN orders_salesorder o ON o.id = l.order_id
        WHERE l.net <> {_LINE_NET} - l.order_discount
        ORDER BY l.id
        """,
    ),
    sql_check(
        "an order's discount is spread whole over its lines",
        rows="orders_salesorder",
        drift="""
        SELECT 'order ' || o.id, o.discount, coalesce(l.shares, 0)
        FROM orders_salesorder o
        LEFT JOIN (SELECT order_id, sum(order_discount) AS shares FROM orders_salesorderline GROUP BY 1) l ON l.order_id = o.id
        WHERE o.discount <> coalesce(l.shares, 0)
        ORDER BY o.id
        """,
    ),
    sql_check(
        "order net, tax and gross = its lines, taxed once per group",
        rows="orders_salesorder",
        drift=f"""
        SELECT 'order ' || o.id, concat_ws(' / ', o.net, o.tax, o.gross),
            concat_ws(' / ', coalesce(t.net, 0), coalesce(t.tax, 0), coalesce(t.gross, 0))
        FROM orders_salesorder o LEFT JOIN {_TOTALS} t ON t.document = o.id
        WHERE (o.net, o.tax, o.gross) <> (coalesce(t.net, 0), coalesce(t.tax, 0), coalesce(t.gross, 0))
        ORDER BY o.id
        """,
    ),
    sql_check(
        "confirmed lines of goods have their parts, a kit one for each component in its ratio, and a part its demand",
        rows="orders_linepart",
        drift="""
        SELECT 'line ' || l.id, coalesce(p.ordered, 0), l.quantity
        FROM orders_salesorderline l
        JOIN orders_salesorder o ON o.id = l.order_id
        JOIN inventory_product i ON i.id = l.product_id
        LEFT JOIN (
            SELECT t.line_id, bool_and(t.demand_id IS NOT NULL) AS demanded, CASE
                WHEN min(t.ordered / t.ratio) <> max(t.ordered / t.ratio) OR sum(t.price_share) <> 1 OR count(t.ratio) NOT IN (0, count(*))
                THEN 0 ELSE coalesce(min(t.ordered / t.ratio), sum(t.ordered) FILTER (WHERE s.id IS NULL)) END AS ordered
            FROM orders_linepart t LEFT JOIN orders_substitution s ON s.part_id = t.id GROUP BY 1
        ) p ON p.line_id = l.id
        WHERE i.kind IN ('STOCK', 'KIT') AND CASE
            WHEN o.number IS NULL THEN p.line_id IS NOT NULL
            WHEN i.kind = 'KIT' AND EXISTS (SELECT 1 FROM orders_salesorderline c WHERE c.of_kit_id = l.id)
                THEN p.line_id IS NOT NULL OR l.cancelled <> l.quantity
            ELSE p.line_id IS NULL OR p.ordered <> l.quantity OR NOT p.demanded END
        ORDER BY l.id
        """,
    ),
    sql_check(
        "cancelled of a line = of its parts, and its net is their share",
        rows="orders_salesorderline",
        drift=f"""
        SELECT 'line ' || l.id, concat_ws(' / ', l.cancelled, l.cancelled_net),
            concat_ws(' / ', coalesce(p.cancelled, l.cancelled), l.net - {_REMAINING_NET})
        FROM orders_salesorderline l JOIN orders_salesorder o ON o.id = l.order_id
        LEFT JOIN (
            SELECT t.line_id, CASE WHEN min(t.cancelled / t.ratio) <> max(t.cancelled / t.ratio) THEN -1
                ELSE coalesce(min(t.cancelled / t.ratio),
                    sum(t.cancelled) - coalesce(sum(t.ordered) FILTER (WHERE s.id IS NOT NULL), 0)) END AS cancelled
            FROM orders_linepart t LEFT JOIN orders_substitution s ON s.part_id = t.id GROUP BY 1
        ) p ON p.line_id = l.id
        WHERE l.cancelled <> coalesce(p.cancelled, l.cancelled) OR l.cancelled_net <> l.net - {_REMAINING_NET}
        ORDER BY l.id
        """,
    ),
    sql_check(
        "an order that was confirmed is cancelled where nothing is left of it, and says so once",
        rows="orders_salesorder",
        drift="""
        SELECT 'order ' || o.id, o.status, coalesce(l.open, 0) || ' left, ' || coalesce(e.n, 0) || ' cancelled events'
        FROM orders_salesorder o
        LEFT JOIN (SELECT order_id, sum(quantity - cancelled) AS open FROM orders_salesorderline GROUP BY 1) l ON l.order_id = o.id
        LEFT JOIN (SELECT order_id, count(*) AS n FROM orders_orderevent WHERE kind = 'CANCELLED' GROUP BY 1) e ON e.order_id = o.id
        WHERE o.number IS NOT NULL
            AND ((o.status = 'CANCELLED') <> (coalesce(l.open, 0) = 0) OR (o.status = 'CANCELLED') <> (coalesce(e.n, 0) = 1))
        ORDER BY o.id
        """,
    ),
    sql_check(
        "demand is held where a hold gives its stock free, and nothing is promised to it",
        rows="inventory_demand",
        drift=f"""
        SELECT 'part ' || p.id || ' of order ' || p.order_id,
            CASE WHEN d.is_held THEN 'held, ' || d.allocated || ' allocated' ELSE 'not held' END,
            CASE WHEN h.held THEN 'held, 0 allocated' ELSE 'not held' END
        FROM orders_linepart p JOIN inventory_demand d ON d.id = p.demand_id
        JOIN orders_salesorder o ON o.id = p.order_id AND o.status IN ('CONFIRMED', 'RELEASED')
        CROSS JOIN LATERAL (
            SELECT EXISTS ({_HOLD} AND h.order_id = p.order_id AND (h.line_id IS NULL OR h.line_id = p.line_id)) AS held
        ) h
        WHERE d.is_held <> h.held OR (d.is_held AND d.allocated > 0)
        ORDER BY p.id
        """,
    ),
    sql_check(
        "ordered = cancelled + allocated + backordered + picked (PRODUCT.md case 4)",
        rows="orders_linepart",
        drift="""
        SELECT 'part ' || p.id, concat_ws(' / ', p.ordered - p.cancelled, p.picked), concat_ws(' / ', d.quantity, d.picked)
        FROM orders_linepart p JOIN inventory_demand d ON d.id = p.demand_id
        WHERE p.ordered - p.cancelled <> d.quantity OR p.picked <> d.picked OR p.product_id <> d.product_id
        ORDER BY p.id
        """,
    ),
    sql_check(
        "demand is of its order's channel, which is of the order's company",
        rows="orders_salesorder WHERE channel_id IS NOT NULL",
        drift="""
        SELECT 'part ' || p.id || ' of order ' || o.id, concat_ws(' / ', d.channel_id, c.company_id),
            concat_ws(' / ', o.channel_id, CASE WHEN o.channel_id IS NOT NULL THEN o.company_id END)
        FROM orders_linepart p
        JOIN orders_salesorder o ON o.id = p.order_id
        JOIN inventory_demand d ON d.id = p.demand_id
        LEFT JOIN inventory_channel c ON c.id = d.channel_id
        WHERE d.channel_id IS DISTINCT FROM o.channel_id OR c.company_id <> o.company_id
        ORDER BY p.id
        """,
    ),
    sql_check(
        "allocation facet = allocated and picked of what is ordered",
        rows="orders_salesorder",
        drift=f"""
        SELECT 'order ' || o.id, o.allocation, f.facet
        FROM orders_salesorder o
        LEFT JOIN LATERAL (
            SELECT {FACET.format(done="coalesce(sum(d.allocated + d.picked), 0)", whole="sum(p.ordered - p.cancelled)")} AS facet
            FROM orders_linepart p JOIN inventory_demand d ON d.id = p.demand_id WHERE p.order_id = o.id
        ) f ON TRUE
        WHERE o.allocation <> f.facet AND NOT {_DUE}
        ORDER BY o.id
        """,
    ),
    sql_check(
        "facets of the promise of what is under way = what its demands and allocations say",
        rows="orders_salesorder WHERE status IN ('CONFIRMED', 'RELEASED', 'COMPLETED')",
        drift=f"""
        SELECT 'order ' || o.id, concat_ws(' / ', o.promise, o.leaves_from), concat_ws(' / ', p.promise, s.leaves_from)
        FROM orders_salesorder o
        CROSS JOIN LATERAL (
            SELECT {PROMISE_FACTS} FROM orders_linepart p JOIN inventory_demand d ON d.id = p.demand_id WHERE p.order_id = o.id
        ) f
        CROSS JOIN LATERAL (SELECT {PROMISE} AS promise) p
        CROSS JOIN LATERAL ({STOCK_FACTS.format(order="o.id")}) s
        WHERE o.status IN ('CONFIRMED', 'RELEASED', 'COMPLETED')
            AND (o.promise, o.leaves_from) IS DISTINCT FROM (p.promise, s.leaves_from) AND NOT {_DUE}
        ORDER BY o.id
        """,
    ),
    sql_check(
        "release facet = stock is promised to the order that no wave has",
        rows="orders_salesorder",
        drift=f"""
        SELECT 'order ' || o.id, o.to_release, s.order_id IS NOT NULL
        FROM orders_salesorder o LEFT JOIN (
            SELECT DISTINCT lp.order_id FROM inventory_allocation a JOIN orders_linepart lp ON lp.demand_id = a.demand_id
            WHERE a.status = 'FIRM'
        ) s ON s.order_id = o.id
        WHERE o.to_release <> (s.order_id IS NOT NULL) AND NOT {_DUE}
        ORDER BY o.id
        """,
    ),
    sql_check(
        "fulfilment facet = shipped of what is ordered",
        rows="orders_salesorder",
        drift=f"""
        SELECT 'order ' || o.id, o.fulfilment, f.facet
        FROM orders_salesorder o
        LEFT JOIN LATERAL (
            SELECT {FACET.format(done="coalesce(sum(p.shipped), 0)", whole="sum(p.ordered - p.cancelled)")} AS facet
            FROM orders_linepart p WHERE p.order_id = o.id
        ) f ON TRUE
        WHERE o.fulfilment <> f.facet
        ORDER BY o.id
        """,
    ),
    sql_check(
        "return facet = returned of what is shipped",
        rows="orders_salesorder",
        drift=f"""
        SELECT 'order ' || o.id, o.returned, f.facet
        FROM orders_salesorder o
        LEFT JOIN LATERAL (
            SELECT {FACET.format(done="coalesce(sum(p.returned), 0)", whole="sum(p.shipped)")} AS facet
            FROM orders_linepart p WHERE p.order_id = o.id
        ) f ON TRUE
        WHERE o.returned <> f.facet
        ORDER BY o.id
        """,
    ),
    sql_check(
        "billing facet = invoiced less credited of what is billable",
        rows="orders_salesorderline",
        drift=f"""
        SELECT 'order ' || o.id, o.billing, f.facet
        FROM orders_salesorder o
        LEFT JOIN LATERAL (
            SELECT {FACET.format(done="coalesce(sum(l.invoiced - l.credited), 0)", whole="sum(l.quantity - l.cancelled)")} AS facet
            FROM orders_salesorderline l WHERE l.order_id = o.id
        ) f ON TRUE
        WHERE o.billing <> f.facet
        ORDER BY o.id
        """,
    ),
    sql_check(
        "every confirmed order says so in its event log, once",
        rows="orders_orderevent",
        drift="""
        SELECT 'order ' || o.id, o.status, coalesce(e.n, 0) || ' confirmed events'
        FROM orders_salesorder o
        LEFT JOIN (SELECT order_id, count(*) AS n FROM orders_orderevent WHERE kind = 'CONFIRMED' GROUP BY 1) e ON e.order_id = o.id
        WHERE CASE WHEN o.confirmed_at IS NULL THEN coalesce(e.n, 0) <> 0 ELSE coalesce(e.n, 0) <> 1 END
        ORDER BY o.id
        """,
    ),
    sql_check(
        "every customer has a credit account of their company",
        rows="orders_customer",
        drift="""
        SELECT 'customer ' || c.id, coalesce('company ' || a.company_id, 'none'), 'company ' || c.company_id
        FROM orders_customer c LEFT JOIN orders_creditaccount a ON a.customer_id = c.id
        WHERE a.company_id IS DISTINCT FROM c.company_id ORDER BY c.id
        """,
    ),
    sql_check(
        "kept credit balances = their entries",
        rows="orders_creditentry",
        drift="""
        SELECT 'credit account ' || a.customer_id, a.balance, coalesce(e.amount, 0)
        FROM orders_creditaccount a
        LEFT JOIN LATERAL (
            SELECT sum(e.amount) AS amount FROM orders_creditentry e
            WHERE e.account_id = a.customer_id AND e.currency = a.currency
                AND (a.credit_limit IS NOT NULL OR a.is_prepay)
        ) e ON TRUE
        WHERE a.balance <> coalesce(e.amount, 0) ORDER BY a.customer_id
        """,
    ),
    sql_check(
        "credit entries are of their order's customer, and of one company",
        rows="orders_creditentry",
        drift="""
        SELECT 'credit entry ' || e.id, concat_ws(' / ', e.company_id, e.account_id, e.currency),
            concat_ws(' / ', a.company_id, coalesce(o.customer_id, a.customer_id), coalesce(o.currency, e.currency))
        FROM orders_creditentry e JOIN orders_creditaccount a ON a.customer_id = e.account_id
        LEFT JOIN orders_salesorder o ON o.id = e.order_id
        WHERE e.company_id <> a.company_id OR o.customer_id <> e.account_id OR o.currency <> e.currency ORDER BY e.id
        """,
    ),
    sql_check(
        "a reservation keeps what no order took over while it is open, and nothing afterwards",
        rows="orders_reservation",
        drift="""
        SELECT 'reservation ' || r.id, concat_ws(' / ', r.status, r.taken, d.quantity, d.picked, d.product_id, d.company_id),
            concat_ws(' / ', r.status, coalesce(u.units, 0), CASE r.status WHEN 'OPEN' THEN r.quantity - r.taken ELSE 0 END, 0,
                r.product_id, r.company_id)
        FROM orders_reservation r
        JOIN inventory_demand d ON d.id = r.demand_id
        LEFT JOIN (SELECT reservation_id, sum(quantity) AS units FROM orders_reservationuse GROUP BY 1) u ON u.reservation_id = r.id
        WHERE r.taken <> coalesce(u.units, 0) OR (r.status = 'TAKEN') <> (r.taken = r.quantity) OR d.picked <> 0
            OR d.quantity <> CASE r.status WHEN 'OPEN' THEN r.quantity - r.taken ELSE 0 END
            OR d.product_id <> r.product_id OR d.company_id <> r.company_id
        ORDER BY r.id
        """,
    ),
    sql_check(
        "what an order took over of a reservation was kept for its customer, of its product, and is no more than it ordered",
        rows="orders_reservationuse",
        drift="""
        SELECT 'part ' || p.id || ' of order ' || p.order_id, concat_ws(' / ', o.customer_id, p.product_id, p.ordered),
            concat_ws(' / ', r.customer_id, r.product_id, sum(u.quantity))
        FROM orders_reservationuse u
        JOIN orders_reservation r ON r.id = u.reservation_id
        JOIN orders_linepart p ON p.id = u.part_id
        JOIN orders_salesorder o ON o.id = p.order_id
        GROUP BY p.id, o.id, r.customer_id, r.product_id
        HAVING r.customer_id IS DISTINCT FROM o.customer_id OR r.product_id <> p.product_id OR sum(u.quantity) > p.ordered
        ORDER BY p.id
        """,
    ),
    sql_check(
        "what is shipped instead is another product on the same line, and no more than was cancelled for it",
        rows="orders_substitution",
        drift="""
        SELECT 'part ' || q.id || ' of order ' || q.order_id, concat_ws(' / ', q.line_id, q.cancelled),
            concat_ws(' / ', min(p.line_id), sum(p.ordered))
        FROM orders_substitution s
        JOIN orders_linepart p ON p.id = s.part_id
        JOIN orders_linepart q ON q.id = s.instead_of_id
        GROUP BY q.id
        HAVING sum(p.ordered) > q.cancelled OR min(p.line_id) <> q.line_id OR max(p.line_id) <> q.line_id
            OR bool_or(p.product_id = q.product_id) OR count(p.ratio) > 0 OR q.ratio IS NOT NULL
        ORDER BY q.id
        """,
    ),
]
