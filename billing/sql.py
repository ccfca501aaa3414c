"""Statements that the ORM cannot say well."""

from orders.queries.kits import UNITS_WHOLE

# A line of several parts that is no kit says what was shipped instead.
INSTEAD_OF_LINE = """
    SELECT ' (instead: ' || string_agg(trim_scale(t.shipped) || ' ' || i.sku || ' ' || i.name, ', ' ORDER BY t.id) || ')'
    FROM orders_linepart t
    JOIN orders_substitution s ON s.part_id = t.id
    JOIN inventory_product i ON i.id = t.product_id
    WHERE t.line_id = l.id AND t.shipped > 0
"""

# What there is to bill of orders, one row per line (and one without a line for an order that has none): what is due of a line is
# what its parts shipped, of a kit whole ones only (what came back is credited against its invoice), or all of it that was not cancelled where nothing is shipped of it ever (charges,
# services) or where the order is invoiced once confirmed. The orders come by primary key,
# everything else by the index of its order or line. The note is the reason printed where no tax is due. %s = order ids[]
BILLING_FACTS = f"""
WITH o AS MATERIALIZED (
    SELECT o.id, o.company_id, o.customer_id, o.status, o.currency, o.invoice_on, o.ship_to ->> 'country' AS country,
        o.tax_exemption AS exemption,
        (SELECT max(sh.dispatched_at) FROM shipping_shipment sh WHERE sh.order_id = o.id) AS dispatched_at
    FROM orders_salesorder o WHERE o.id = ANY ((SELECT %s::bigint[])::bigint[])
)
SELECT o.id, o.status, o.currency, o.dispatched_at, o.invoice_on,
    l.id, l.position, p.sku,
    coalesce((SELECT c.number FROM orders_customerpart c WHERE c.customer_id = o.customer_id AND c.product_id = l.product_id ORDER BY c.id LIMIT 1), ''),
    CASE WHEN part.several THEN left(l.description || coalesce(({INSTEAD_OF_LINE}), ''), 200) ELSE l.description END, p.kind, un.code, l.quantity, l.price, l.discount_percent, l.tax_category, l.tax_rate,
    coalesce(CASE WHEN l.tax_category = 'E' THEN 'Exempt, certificate ' || nullif(o.exemption, '') END, tax.note, ''),
    l.net, l.invoiced - l.credited, l.invoiced_net - l.credited_net, l.cancelled,
    CASE WHEN p.kind NOT IN ('STOCK', 'KIT') OR o.invoice_on = 'CONFIRM' THEN l.quantity - l.cancelled
        ELSE coalesce(part.shipped, 0) END
FROM o
LEFT JOIN orders_salesorderline l ON l.order_id = o.id
LEFT JOIN inventory_product p ON p.id = l.product_id
LEFT JOIN inventory_unit un ON un.id = p.unit_id
LEFT JOIN LATERAL (
    SELECT {UNITS_WHOLE.format(column="lp.shipped")} AS shipped, count(*) > 1 AND count(lp.ratio) = 0 AS several
    FROM orders_linepart lp WHERE lp.line_id = l.id
) part ON TRUE
LEFT JOIN LATERAL (
    SELECT t.note FROM orders_taxrate t
    WHERE t.company_id = o.company_id AND t.country IN (o.country, '') AND t.category = l.tax_category AND t.rate = l.tax_rate
    ORDER BY t.country DESC, t.valid_from DESC LIMIT 1
) tax ON TRUE
ORDER BY o.id, l.position
"""

# What orders' invoices bill and what of it is open, one row per order: %s = order ids[]
PAYMENT_FACTS = """
SELECT o.id, count(i.id), coalesce(sum(i.gross - i.settled), 0)
FROM orders_salesorder o
LEFT JOIN billing_invoiceorder s ON s.order_id = o.id
LEFT JOIN billing_invoice i ON i.id = s.invoice_id AND i.kind = 'INVOICE'
WHERE o.id = ANY ((SELECT %s::bigint[])::bigint[]) GROUP BY o.id
"""

# What is settled of the orders' invoices, less what was used of their credit notes, and what these come to: of an invoice for several
# orders each has its share. %s = order ids[]
SETTLED_TOTALS = """
SELECT s.order_id, sum(CASE WHEN i.settled = i.gross THEN s.gross ELSE s.gross * i.settled / i.gross END), sum(s.gross)
FROM billing_invoiceorder s JOIN billing_invoice i ON i.id = s.invoice_id
WHERE s.order_id = ANY ((SELECT %s::bigint[])::bigint[]) GROUP BY s.order_id
"""
