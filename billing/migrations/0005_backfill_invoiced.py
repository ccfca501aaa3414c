"""Enter what orders taken over into the credit accounts were invoiced otherwise than ordered, before that was entered.

Tax is rounded once per invoice, so an order billed in parts can come to a cent more or less than it was confirmed at.
Only orders whose confirming was entered by 0003_backfill_credit (nobody is its actor) can have been billed before.
"""

from django.db import migrations

from core import money_sql

_UNBILLED = money_sql.document_totals(f"""
    SELECT o.id AS document, o.currency, l.tax_category AS category, l.tax_rate AS rate,
        {money_sql.cumulative_share("l.net", done="l.quantity - l.cancelled", of="l.quantity", currency="o.currency")}
            - (l.invoiced_net - l.credited_net) AS net
    FROM taken o JOIN orders_salesorderline l ON l.order_id = o.id WHERE o.status NOT IN ('CANCELLED', 'CLOSED')
""")  # noqa: S608 - made of this module's own text
DIFFERENCES = f"""
WITH taken AS MATERIALIZED (
    SELECT o.* FROM orders_salesorder o JOIN orders_creditentry e ON e.order_id = o.id
    WHERE e.kind = 'CONFIRMED' AND e.actor_id IS NULL
), missing AS MATERIALIZED (
    SELECT o.id, o.company_id, o.customer_id, o.currency, o.number,
        coalesce(u.gross, 0)
        + coalesce((SELECT sum(s.gross) FROM billing_invoiceorder s WHERE s.order_id = o.id), 0)
        - coalesce((
            SELECT sum(e.amount) FROM orders_creditentry e
            WHERE e.order_id = o.id AND e.kind IN ('CONFIRMED', 'CANCELLED', 'INVOICED', 'CREDITED')
        ), 0) AS amount
    FROM taken o LEFT JOIN {_UNBILLED} u ON u.document = o.id
), entered AS (
    INSERT INTO orders_creditentry (company_id, account_id, kind, amount, currency, order_id, reference, at)
    SELECT company_id, customer_id, 'INVOICED', amount, currency, id, number, now() FROM missing WHERE amount <> 0 ORDER BY id
    RETURNING account_id, currency, amount
)
UPDATE orders_creditaccount t SET balance = t.balance + d.amount
FROM (SELECT account_id, currency, sum(amount) AS amount FROM entered GROUP BY 1, 2) d
WHERE t.customer_id = d.account_id AND t.currency = d.currency AND (t.credit_limit IS NOT NULL OR t.is_prepay)
"""  # noqa: S608


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_pay_back_unapplied"), ("orders", "0010_holds_and_cuts")]

    operations = [migrations.RunSQL(DIFFERENCES, migrations.RunSQL.noop)]
