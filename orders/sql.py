"""Statements that the ORM cannot say well."""

from inventory.queries.pools import free_to

# Everything an order takes from its customer, one row per draft: terms, addresses (the one asked for or the default), tax of
# the ship-to's country on the day unless the customer is exempt, and the order that has the same PO number already, with the
# highest release of that number.
# Sold through the channel that is named, or else the customer's.
# %s = drafts' n[], customer ids[], ship-to address ids[] (0: default), po keys[], ordered on[], the order itself[] (0: none yet),
# channel ids[] (0: the customer's), company ids[]
DRAFT_TERMS = """
SELECT u.n, c.id, c.company_id, c.name, c.is_active, c.terms_days, c.price_list_id, pl.name, pl.currency,
    ship.id, ship.name, ship.street, ship.city, ship.postcode, ship.country,
    bill.name, bill.street, bill.city, bill.postcode, bill.country,
    CASE WHEN exempt.yes THEN 'E' ELSE tax.category END, CASE WHEN exempt.yes THEN 0 ELSE tax.rate END,
    CASE WHEN exempt.yes THEN c.tax_exemption ELSE '' END, same.id, same.number, coalesce(same.last_release, 0), ch.id
FROM unnest((SELECT %s::int[]), (SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::text[]), (SELECT %s::date[]),
    (SELECT %s::bigint[]), (SELECT %s::bigint[])) AS u(n, customer_id, ship_to_id, po_key, ordered_on, order_id, channel_id)
JOIN orders_customer c ON c.id = u.customer_id AND c.company_id = ANY ((SELECT %s::bigint[])::bigint[])
JOIN orders_pricelist pl ON pl.id = c.price_list_id
LEFT JOIN inventory_channel ch ON ch.company_id = c.company_id AND ch.id = coalesce(nullif(u.channel_id, 0), c.channel_id)
LEFT JOIN LATERAL (
    SELECT a.* FROM orders_customeraddress a
    WHERE a.customer_id = c.id AND (a.id = u.ship_to_id OR (u.ship_to_id = 0 AND (a.is_ship_to OR a.is_bill_to)))
    ORDER BY a.is_ship_to DESC LIMIT 1
) ship ON TRUE
LEFT JOIN orders_customeraddress bill ON bill.customer_id = c.id AND bill.is_bill_to
LEFT JOIN LATERAL (
    SELECT t.category, t.rate FROM orders_taxrate t
    WHERE t.company_id = c.company_id AND t.country IN (ship.country, '') AND t.valid_from <= u.ordered_on
    ORDER BY t.country DESC, t.valid_from DESC LIMIT 1
) tax ON TRUE
CROSS JOIN LATERAL (
    SELECT c.tax_exemption <> '' AND coalesce(c.exempt_until >= u.ordered_on, TRUE) AS yes
) exempt
LEFT JOIN LATERAL (
    SELECT o.id, o.number, max(o.po_release) OVER () AS last_release FROM orders_salesorder o
    WHERE o.company_id = c.company_id AND o.customer_id = c.id AND o.po_key = u.po_key AND o.status <> 'CANCELLED'
        AND o.id <> u.order_id
    ORDER BY o.id LIMIT 1
) same ON TRUE
ORDER BY u.n
"""

# Products with the step of their unit and their prices on each of the price lists, one row per price:
# %s = price list ids[], product ids[], company ids[]
PRODUCT_TERMS = """
SELECT p.id, p.company_id, p.sku, p.name, p.kind, p.tracking, p.is_active, un.step, un.code, pr.price_list_id, pr.price, pr.from_quantity,
    pr.valid_from, pr.valid_until
FROM inventory_product p
JOIN inventory_unit un ON un.id = p.unit_id
LEFT JOIN orders_price pr ON pr.product_id = p.id AND pr.price_list_id = ANY ((SELECT %s::bigint[])::bigint[])
WHERE p.id = ANY ((SELECT %s::bigint[])::bigint[]) AND p.company_id = ANY ((SELECT %s::bigint[])::bigint[])
"""

FACET = "CASE WHEN {done} <= 0 THEN 'NONE' WHEN {done} < {whole} THEN 'PART' WHEN {done} = {whole} THEN 'FULL' ELSE 'OVER' END"

# Units of a line of which its parts have a total, all of them or only some: a kit is whole with all its components, and
# begun with the first. {column} is the parts' total, over the parts of one line, whose alias is lp.
UNITS_WHOLE = "coalesce(min(trunc({column} / lp.ratio)), sum({column}))"
UNITS_BEGUN = "coalesce(max(ceil({column} / lp.ratio)), sum({column}))"

# What left, and how far that brings each order; what came back is less of more then. The caller holds the orders' locks, so no other
# shipment counts meanwhile.
ADD_SHIPPED = f"""
WITH u AS MATERIALIZED (
    SELECT * FROM unnest((SELECT %s::bigint[]), (SELECT %s::numeric[])) AS u(id, quantity)
), l AS MATERIALIZED (
    SELECT t.id FROM orders_linepart t WHERE t.id IN (SELECT id FROM u) ORDER BY t.id FOR NO KEY UPDATE
), p AS (
    UPDATE orders_linepart AS t SET shipped = t.shipped + u.quantity
    FROM u, l WHERE t.id = u.id AND l.id = t.id RETURNING t.order_id
), f AS (
    SELECT t.order_id, sum(t.shipped + coalesce(u.quantity, 0)) AS done, sum(t.ordered - t.cancelled) AS whole,
        sum(t.returned) AS back
    FROM orders_linepart t LEFT JOIN u ON u.id = t.id
    WHERE t.order_id IN (SELECT order_id FROM p) GROUP BY t.order_id
)
UPDATE orders_salesorder AS o SET fulfilment = {FACET.format(done="f.done", whole="f.whole")},
    returned = {FACET.format(done="f.back", whole="f.done")}
FROM f WHERE o.id = f.order_id
"""

# What came back of what was shipped, and how far that brings each order; the caller holds the orders' locks.
ADD_RETURNED = f"""
WITH u AS MATERIALIZED (
    SELECT * FROM unnest((SELECT %s::bigint[]), (SELECT %s::numeric[])) AS u(id, quantity)
), l AS MATERIALIZED (
    SELECT t.id FROM orders_linepart t WHERE t.id IN (SELECT id FROM u) ORDER BY t.id FOR NO KEY UPDATE
), p AS (
    UPDATE orders_linepart AS t SET returned = t.returned + u.quantity
    FROM u, l WHERE t.id = u.id AND l.id = t.id RETURNING t.order_id
), f AS (
    SELECT t.order_id, sum(t.returned + coalesce(u.quantity, 0)) AS done, sum(t.shipped) AS whole
    FROM orders_linepart t LEFT JOIN u ON u.id = t.id
    WHERE t.order_id IN (SELECT order_id FROM p) GROUP BY t.order_id
)
UPDATE orders_salesorder AS o SET returned = {FACET.format(done="f.done", whole="f.whole")}
FROM f WHERE o.id = f.order_id
"""

# What was invoiced of lines, or credited to be billed again, and how far that brings each order; the caller holds the orders' locks.
# Billable is what was ordered less what was cancelled.
_ADD_BILLED = f"""
WITH u AS MATERIALIZED (
    SELECT * FROM unnest((SELECT %s::bigint[]), (SELECT %s::numeric[]), (SELECT %s::numeric[]))
        AS u(id, quantity, net)
), l AS MATERIALIZED (
    SELECT t.id FROM orders_salesorderline t WHERE t.id IN (SELECT id FROM u) ORDER BY t.id FOR NO KEY UPDATE
), p AS (
    UPDATE orders_salesorderline AS t SET <column> = t.<column> + u.quantity, <column>_net = t.<column>_net + u.net
    FROM u, l WHERE t.id = u.id AND l.id = t.id RETURNING t.order_id
), f AS (
    SELECT t.order_id, sum(t.invoiced - t.credited <sign> coalesce(u.quantity, 0)) AS done,
        sum(t.quantity - t.cancelled) AS whole
    FROM orders_salesorderline t LEFT JOIN u ON u.id = t.id
    WHERE t.order_id IN (SELECT order_id FROM p) GROUP BY t.order_id
)
UPDATE orders_salesorder AS o SET billing = {FACET.format(done="f.done", whole="f.whole")}
FROM f WHERE o.id = f.order_id
"""
ADD_INVOICED = _ADD_BILLED.replace("<column>", "invoiced").replace("<sign>", "+")
ADD_CREDITED = _ADD_BILLED.replace("<column>", "credited").replace("<sign>", "-")

# %s = order ids[], settled[], gross[]
SET_PAYMENT = f"""
UPDATE orders_salesorder AS o SET payment = {FACET.format(done="u.settled", whole="u.gross")}
FROM unnest((SELECT %s::bigint[]), (SELECT %s::numeric[]), (SELECT %s::numeric[]))
    AS u(id, settled, gross) WHERE o.id = u.id
"""

# What the demands of an order, whose alias is d, say of its promise; and that in words, with those as f and the order as o. No
# two demands of an order are due on another day, and none of an order that is confirmed moves.
PROMISE_FACTS = """bool_or(d.backordered > 0) AS waits, count(*) FILTER (WHERE d.quantity > 0) AS has_units,
        bool_or(d.backordered > 0 AND d.promised_on > d.first_promised_on) AS slips,
        bool_or(d.quantity > 0 AND d.promised_on IS NULL) AS is_unknown,
        max(d.promised_on) FILTER (WHERE d.quantity > 0) AS complete_on"""
PROMISE = """to_jsonb(array_remove(ARRAY[CASE WHEN f.waits THEN 'WAITS' END, CASE WHEN f.slips THEN 'SLIPS' END,
        CASE WHEN f.complete_on > o.requested_on THEN 'LATE' END, CASE WHEN f.is_unknown THEN 'UNKNOWN' END,
        CASE WHEN f.has_units > 0 AND f.complete_on <= o.requested_on AND NOT f.is_unknown THEN 'KEPT' END], NULL))"""
# The warehouses that units of an order are promised from, or left, and whether stock is promised to it that no wave has; {order} is
# its id. An aggregate over one order's rows: as an EXISTS, PostgreSQL would read the promises of all orders where it thinks them few.
STOCK_FACTS = """SELECT
        coalesce(jsonb_agg(DISTINCT v.warehouse_id ORDER BY v.warehouse_id) FILTER (WHERE v.id IS NOT NULL), '[]') AS leaves_from,
        coalesce(bool_or(a.status = 'FIRM'), FALSE) AS to_release
    FROM orders_linepart lp
    JOIN inventory_allocation a ON a.demand_id = lp.demand_id AND a.status NOT IN ('SOFT', 'FREED')
    LEFT JOIN inventory_stocklevel v ON v.id = a.level_id
    WHERE lp.order_id = {order}"""

# How far the promise of each order goes: allocated + picked of ordered - cancelled; how it stands, and from where. %s = order ids[]
# (locked by the caller)
SET_ALLOCATION = f"""
UPDATE orders_salesorder AS o SET allocation = {FACET.format(done="f.done", whole="f.whole")},
    promise = {PROMISE}, leaves_from = s.leaves_from, to_release = s.to_release
FROM (
    SELECT lp.order_id, sum(d.allocated + d.picked) AS done, sum(lp.ordered - lp.cancelled) AS whole, {PROMISE_FACTS}
    FROM orders_linepart lp JOIN inventory_demand d ON d.id = lp.demand_id
    WHERE lp.order_id = ANY ((SELECT %s::bigint[])::bigint[]) GROUP BY lp.order_id
) f, LATERAL ({STOCK_FACTS.format(order="f.order_id")}) s WHERE o.id = f.order_id
RETURNING o.id, o.allocation
"""

# All facets that a cut or a freed promise may move, of orders locked by the caller: %s = order ids[]
SET_FACETS = f"""
UPDATE orders_salesorder AS o SET allocation = {FACET.format(done="f.promised", whole="f.whole")},
    promise = {PROMISE}, leaves_from = s.leaves_from, to_release = s.to_release,
    fulfilment = {FACET.format(done="f.shipped", whole="f.whole")},
    billing = {FACET.format(done="b.done", whole="b.whole")}
FROM unnest((SELECT %s::bigint[])) AS u(id), LATERAL (
    SELECT coalesce(sum(d.allocated + d.picked), 0) AS promised, coalesce(sum(lp.shipped), 0) AS shipped,
        sum(lp.ordered - lp.cancelled) AS whole, {PROMISE_FACTS}
    FROM orders_linepart lp JOIN inventory_demand d ON d.id = lp.demand_id WHERE lp.order_id = u.id
) f, LATERAL (
    SELECT coalesce(sum(l.invoiced - l.credited), 0) AS done, sum(l.quantity - l.cancelled) AS whole
    FROM orders_salesorderline l WHERE l.order_id = u.id
) b, LATERAL ({STOCK_FACTS.format(order="u.id")}) s WHERE o.id = u.id
"""

# What decides whether orders can be cancelled, one row per order: units that left, that are billed, that have not left,
# and those of these that are not billed either. %s = order ids[]
CANCEL_FACTS = f"""
SELECT o.id, o.status, coalesce(l.shipped, 0), coalesce(l.billed, 0), coalesce(l.unshipped, 0), coalesce(l.open, 0)
FROM orders_salesorder o
CROSS JOIN LATERAL (
    SELECT sum(p.shipped) AS shipped, sum(l.invoiced - l.credited) AS billed,
        sum(l.quantity - l.cancelled - coalesce(p.shipped, 0)) AS unshipped,
        sum(l.quantity - l.cancelled - greatest(coalesce(p.shipped, 0), l.invoiced - l.credited)) AS open
    FROM orders_salesorderline l
    LEFT JOIN LATERAL (SELECT {UNITS_BEGUN.format(column="lp.shipped")} AS shipped FROM orders_linepart lp WHERE lp.line_id = l.id) p ON TRUE
    WHERE l.order_id = o.id
) l
WHERE o.id = ANY ((SELECT %s::bigint[])::bigint[])
"""

# Why orders cannot be confirmed, one row per order: %s = order ids[]
CONFIRM_FACTS = """
SELECT o.id, o.status, c.is_active, c.name, c.id,
    (SELECT count(*) FROM orders_salesorderline l WHERE l.order_id = o.id),
    (SELECT string_agg(p.sku, ', ' ORDER BY p.sku) FROM orders_salesorderline l
     JOIN inventory_product p ON p.id = l.product_id WHERE l.order_id = o.id AND NOT p.is_active),
    (o.ship_to ->> 'street' <> '' AND o.ship_to ->> 'city' <> ''), o.gross, o.currency, a.currency,
    CASE WHEN a.is_prepay THEN 0 ELSE a.credit_limit END, a.balance, a.is_prepay, c.invoice_on, c.ship_policy, c.ship_minimum,
    c.good_for_days, EXISTS (SELECT 1 FROM orders_reservation r WHERE r.customer_id = c.id AND r.status = 'OPEN')
FROM orders_salesorder o JOIN orders_customer c ON c.id = o.customer_id
JOIN orders_creditaccount a ON a.customer_id = o.customer_id
WHERE o.id = ANY ((SELECT %s::bigint[])::bigint[])
"""

# Units waiting for stock although some is free to them now, one row per order: %s = order ids[]
ALLOCATE_FACTS = f"""
SELECT o.id, o.status, coalesce(sum(d.backordered) FILTER (WHERE NOT d.is_held), 0),
    coalesce(sum(d.backordered) FILTER (WHERE d.is_held), 0),
    coalesce(sum(least(d.backordered, s.free)) FILTER (WHERE s.free > 0 AND NOT d.is_held), 0)
FROM orders_salesorder o
LEFT JOIN orders_linepart lp ON lp.order_id = o.id
LEFT JOIN inventory_demand d ON d.id = lp.demand_id AND d.backordered > 0
LEFT JOIN LATERAL (
    SELECT sum({free_to("v", "d.channel_id")}) AS free FROM inventory_stocklevel v
    WHERE v.company_id = o.company_id AND v.product_id = d.product_id
) s ON TRUE
WHERE o.id = ANY ((SELECT %s::bigint[])::bigint[]) GROUP BY o.id
"""

# What changes what customers owe or have ordered: an entry each, and the balance of those accounts that keep one. Whoever sets a
# limit has the account locked while they sum its entries, so the share lock waits for them, and then says anew whether it is kept;
# the CASE is for the row as it was before, which PostgreSQL holds against the constraints before it reads the newest. Members of a WITH:
# %s = company ids[], customer ids[], kinds[], amounts[], currencies[], order ids[], references[], actor id, at
MOVE_CREDIT = """
u AS MATERIALIZED (
    SELECT * FROM unnest((SELECT %s::bigint[]), (SELECT %s::bigint[]), (SELECT %s::text[]), (SELECT %s::numeric[]),
        (SELECT %s::text[]), (SELECT %s::bigint[]), (SELECT %s::text[])) WITH ORDINALITY
        AS u(company_id, customer_id, kind, amount, currency, order_id, reference, n)
), a AS MATERIALIZED (
    SELECT t.customer_id, t.currency, t.credit_limit IS NOT NULL OR t.is_prepay AS is_kept FROM orders_creditaccount t
    WHERE t.customer_id IN (SELECT customer_id FROM u) ORDER BY t.customer_id FOR SHARE
), e AS (
    INSERT INTO orders_creditentry (company_id, account_id, kind, amount, currency, order_id, reference, actor_id, at)
    SELECT u.company_id, a.customer_id, u.kind, u.amount, u.currency, u.order_id, u.reference, %s::bigint, %s::timestamptz
    FROM u JOIN a ON a.customer_id = u.customer_id ORDER BY u.n
), b AS (
    UPDATE orders_creditaccount AS t
    SET balance = CASE WHEN t.credit_limit IS NOT NULL OR t.is_prepay THEN t.balance + m.amount ELSE t.balance END
    FROM a JOIN (SELECT customer_id, currency, sum(amount) AS amount FROM u GROUP BY customer_id, currency) m
        ON m.customer_id = a.customer_id AND m.currency = a.currency
    WHERE t.customer_id = a.customer_id AND a.is_kept
)
"""

# An entry form as it is typed. One that is done with stays so, and one of somebody else is theirs.
# %s = company id, person id, token, order id, customer, lines, content, at, person id
KEEP_SHEET = """
INSERT INTO orders_entrysheet AS s (company_id, person_id, token, order_id, customer, lines, content, saved_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (token) DO UPDATE
SET customer = excluded.customer, lines = excluded.lines, content = excluded.content, saved_at = excluded.saved_at
WHERE s.done_at IS NULL AND s.person_id = %s
"""

# %s = person id, how many are kept
DROP_OLD_SHEETS = """
DELETE FROM orders_entrysheet WHERE id IN (
    SELECT id FROM orders_entrysheet WHERE person_id = %s ORDER BY saved_at DESC, id DESC OFFSET %s
)
"""

# %s = company id, person id, at, at, tokens[], person id
FINISH_SHEETS = """
INSERT INTO orders_entrysheet AS s (company_id, person_id, token, customer, lines, content, saved_at, done_at)
SELECT %s, %s, t.token, '', 0, '{}', %s, %s FROM unnest((SELECT %s::uuid[])) AS t(token)
ON CONFLICT (token) DO UPDATE SET customer = '', lines = 0, content = '{}', done_at = excluded.done_at
WHERE s.person_id = %s
"""

# What orders' lines hold to be billed still, one row per line: %s = order ids[]
UNBILLED_LINES = """
SELECT o.id, o.currency, o.status, l.tax_category, l.tax_rate, l.net, l.quantity,
    l.cancelled, l.invoiced - l.credited, l.invoiced_net - l.credited_net
FROM orders_salesorder o LEFT JOIN orders_salesorderline l ON l.order_id = o.id
WHERE o.id = ANY ((SELECT %s::bigint[])::bigint[]) AND o.confirmed_at IS NOT NULL
"""

# Begin a run over the demands of a company that wait: in which turn they are served, and how many could get nothing; no row where
# none can get anything. An order's demands that wait are counted whole, with those on hold. %s = company id twice, rule, actor id, at
_BEGIN_RUN = """
WITH free AS MATERIALIZED (
    SELECT DISTINCT l.product_id FROM inventory_stocklevel l WHERE l.company_id = %s AND l.sellable > l.allocated
), w AS MATERIALIZED (
    SELECT d.id, d.priority, d.is_held, p.id AS part_id, p.order_id, p.requested_on, o.confirmed_at, o.company_id,
        f.product_id IS NOT NULL AS can, <short> AS short
    FROM inventory_demand d
    JOIN orders_linepart p ON p.demand_id = d.id
    JOIN orders_salesorder o ON o.id = p.order_id AND o.status IN ('CONFIRMED', 'RELEASED')
    LEFT JOIN free f ON f.product_id = d.product_id
    WHERE d.company_id = %s AND d.backordered > 0
)
INSERT INTO orders_allocationrun
    (company_id, rule, status, actor_id, begun_at, waiting, to_handle, handled, served, filled, demand_ids)
SELECT w.company_id, %s, 'RUNNING', %s::bigint, %s, count(*), count(*) FILTER (WHERE w.can), 0, 0, 0,
    array_agg(w.id ORDER BY w.priority, <turn>, w.order_id, w.part_id) FILTER (WHERE w.can)
FROM w WHERE NOT w.is_held GROUP BY w.company_id HAVING bool_or(w.can)
RETURNING id
"""
BEGIN_RUN = {
    "DUE": _BEGIN_RUN.replace("<turn>", "w.requested_on").replace("<short>", "0"),
    "WAITING": _BEGIN_RUN.replace("<turn>", "w.confirmed_at").replace("<short>", "0"),
    "COMPLETES": _BEGIN_RUN.replace("<turn>", "w.short").replace(
        "<short>", "sum(d.backordered) OVER (PARTITION BY p.order_id)"
    ),
}

# %s = from which place, to which, run id
NEXT_OF_RUN = "SELECT r.demand_ids[%s:%s] FROM orders_allocationrun r WHERE r.id = %s"

# Companies with something that waits, is not on hold and could get stock that is free
COMPANIES_TO_ALLOCATE = """
SELECT c.id FROM core_company c WHERE EXISTS (
    SELECT 1 FROM inventory_demand d
    JOIN inventory_stocklevel l ON l.company_id = d.company_id AND l.product_id = d.product_id AND l.sellable > l.allocated
    WHERE d.company_id = c.id AND d.backordered > 0 AND NOT d.is_held
) ORDER BY c.id
"""
