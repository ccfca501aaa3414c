"""Statements that the ORM cannot say well."""

# What there is to bill of orders, one row per line (and one without a line for an order that has none): what is due of a line is
# what its parts shipped, or all of it where nothing is shipped of it ever (charges, services). The orders come by primary key,
# everything else by the index of its order or line. The note is the reason printed where no tax is due. %s = order ids[]
BILLING_FACTS = """
WITH o AS MATERIALIZED (
    SELECT o.id, o.company_id, o.status, o.currency, o.ship_to ->> 'country' AS country,
        (SELECT max(sh.dispatched_at) FROM shipping_shipment sh WHERE sh.order_id = o.id) AS dispatched_at
    FROM orders_salesorder o WHERE o.id = ANY ((SELECT %s::bigint[])::bigint[])
)
SELECT o.id, o.status, o.currency, o.dispatched_at,
    l.id, l.position, p.sku, l.description, p.kind, un.code, l.quantity, l.price, l.discount_percent, l.tax_category, l.tax_rate,
    coalesce(tax.note, ''), l.net, l.invoiced, l.invoiced_net,
    CASE WHEN p.kind = 'STOCK' THEN coalesce(part.shipped, 0) ELSE l.quantity END
FROM o
LEFT JOIN orders_salesorderline l ON l.order_id = o.id
LEFT JOIN inventory_product p ON p.id = l.product_id
LEFT JOIN inventory_unit un ON un.id = p.unit_id
LEFT JOIN LATERAL (SELECT sum(lp.shipped) AS shipped FROM orders_linepart lp WHERE lp.line_id = l.id) part ON TRUE
LEFT JOIN LATERAL (
    SELECT t.note FROM orders_taxrate t
    WHERE t.company_id = o.company_id AND t.country IN (o.country, '') AND t.category = l.tax_category AND t.rate = l.tax_rate
    ORDER BY t.country DESC, t.valid_from DESC LIMIT 1
) tax ON TRUE
ORDER BY o.id, l.position
"""

# The last statement of a posting: the series row is locked, and invoices that this transaction inserted get number, previous hash
# and hash = sha256(previous, number, digest), each chained onto the one before, in the order given. The row is locked by the first
# part and changed by the last, so both see what the transaction waited for left there. No row comes back where a later date
# was numbered already. %s = series id, issued on, invoice ids[], digests[], how many, issued on
TAKE_NUMBERS = """
WITH RECURSIVE series AS MATERIALIZED (
    SELECT s.id, s.prefix, s.year, s.next_value, s.last_hash FROM core_numberseries s
    WHERE s.id = %s AND (s.last_on IS NULL OR s.last_on <= %s) FOR NO KEY UPDATE
), own AS (
    SELECT u.n, u.id, u.digest, series.prefix || '-' || series.year || '-'
        || lpad(v.value::text, greatest(6, length(v.value::text)), '0') AS number
    FROM series, unnest((SELECT %s::bigint[]), (SELECT %s::text[])) WITH ORDINALITY AS u(id, digest, n),
        LATERAL (SELECT series.next_value + u.n - 1 AS value) v
), chain AS (
    SELECT 0::bigint AS n, 0::bigint AS id, ''::text AS number, ''::text AS previous_hash, series.last_hash::text AS hash FROM series
    UNION ALL
    SELECT own.n, own.id, own.number, chain.hash,
        encode(sha256(convert_to(chain.hash || own.number || own.digest, 'UTF8')), 'hex')
    FROM chain JOIN own ON own.n = chain.n + 1
), taken AS (
    UPDATE core_numberseries AS s SET next_value = series.next_value + %s, last_on = %s, last_hash = last.hash
    FROM series, (SELECT hash FROM chain ORDER BY n DESC LIMIT 1) last WHERE s.id = series.id
)
UPDATE billing_invoice AS i /* own rows */ SET number = chain.number, previous_hash = chain.previous_hash, hash = chain.hash
FROM chain WHERE i.id = chain.id
RETURNING i.id, i.number, i.previous_hash, i.hash
"""

# What orders' invoices bill and what of it is open, one row per order: %s = order ids[]
PAYMENT_FACTS = """
SELECT o.id, count(i.id), coalesce(sum(i.gross - i.settled), 0)
FROM orders_salesorder o LEFT JOIN billing_invoice i ON i.order_id = o.id
WHERE o.id = ANY ((SELECT %s::bigint[])::bigint[]) GROUP BY o.id
"""
