"""Open the credit accounts of customers who are there already, and enter what they have on order."""

from django.db import migrations

ACCOUNTS = """
INSERT INTO orders_creditaccount (customer_id, company_id, currency, is_prepay, balance)
SELECT c.id, c.company_id, pl.currency, FALSE, 0 FROM orders_customer c JOIN orders_pricelist pl ON pl.id = c.price_list_id
ON CONFLICT DO NOTHING
"""
ENTRIES = """
INSERT INTO orders_creditentry (company_id, account_id, kind, amount, currency, order_id, reference, at)
SELECT o.company_id, o.customer_id, 'CONFIRMED', o.gross, o.currency, o.id, o.number, o.confirmed_at
FROM orders_salesorder o WHERE o.confirmed_at IS NOT NULL AND o.gross <> 0 ORDER BY o.id
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_credit_accounts")]

    operations = [
        migrations.RunSQL(ACCOUNTS, migrations.RunSQL.noop),
        migrations.RunSQL(ENTRIES, migrations.RunSQL.noop),
    ]
