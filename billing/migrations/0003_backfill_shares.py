"""Say of each invoice that was posted whose order it bills, and enter customers' payments on their credit accounts."""

from django.db import migrations

SHARES = """
INSERT INTO billing_invoiceorder (invoice_id, order_id, gross) SELECT i.id, i.order_id, i.gross FROM billing_invoice i ORDER BY i.id
"""
PAYMENTS = """
INSERT INTO orders_creditentry (company_id, account_id, kind, amount, currency, reference, actor_id, at)
SELECT p.company_id, p.customer_id, 'PAID', -p.amount, p.currency, 'PAY-' || lpad(p.id::text, 6, '0'), p.recorded_by_id, p.recorded_at
FROM billing_payment p
WHERE NOT EXISTS (SELECT 1 FROM orders_creditentry e WHERE e.kind = 'PAID' AND e.account_id = p.customer_id
    AND e.reference = 'PAY-' || lpad(p.id::text, 6, '0'))
ORDER BY p.id
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_credit_notes_and_refunds"), ("orders", "0003_backfill_credit")]

    operations = [
        migrations.RunSQL(SHARES, migrations.RunSQL.noop),
        migrations.RunSQL(PAYMENTS, migrations.RunSQL.noop),
    ]
