"""Keep on each order that is not taxed by a certificate the one that its customer has."""

from django.db import migrations

CERTIFICATES = """
UPDATE orders_salesorder o SET tax_exemption = c.tax_exemption FROM orders_customer c
WHERE c.id = o.customer_id AND c.tax_exemption <> '' AND o.tax_exemption = ''
    AND EXISTS (SELECT 1 FROM orders_salesorderline l WHERE l.order_id = o.id AND l.tax_category = 'E')
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0012_exemption_kept")]

    operations = [migrations.RunSQL(CERTIFICATES, migrations.RunSQL.noop)]
