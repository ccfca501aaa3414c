"""What the queues of the warehouse and the dock are about is found at once: they asked every part of what is under way.

Whether there is something to release of an order is on the order; what is to be packed, and what waits at the dock, are
few parts, which have indexes.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# As the services set it from now on
SAY = """
UPDATE orders_salesorder AS o SET to_release = TRUE
WHERE o.id IN (
    SELECT lp.order_id FROM inventory_allocation a JOIN orders_linepart lp ON lp.demand_id = a.demand_id
    WHERE a.status = 'FIRM')
"""


class Migration(migrations.Migration):
    # The index is made beside the work that goes on
    atomic = False

    dependencies = [
        ('inventory', '0024_capacity'),
        ('orders', '0027_promise_on_order'),
    ]

    operations = [
        migrations.AddField(
            model_name='salesorder',
            name='to_release',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RunSQL(SAY, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='salesorder',
            index=models.Index(condition=models.Q(('to_release', True)), fields=['company', 'requested_on'], name='salesorder_to_release_by_day'),
        ),
        # How many there are, and that they are under way: PostgreSQL takes the two for independent, expects a fiftieth of them, and
        # joins them with their customers each by each
        migrations.RunSQL(
            'CREATE STATISTICS salesorder_status_to_release (mcv) ON status, to_release FROM orders_salesorder',
            'DROP STATISTICS salesorder_status_to_release',
        ),
        migrations.RunSQL('ANALYZE orders_salesorder (status, to_release)', migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='linepart',
            index=models.Index(condition=models.Q(('picked__gt', models.F('packed'))), fields=['order'], name='linepart_in_totes_by_order'),
        ),
        AddIndexConcurrently(
            model_name='linepart',
            index=models.Index(condition=models.Q(('packed__gt', models.F('shipped'))), fields=['order'], name='linepart_in_parcels_by_order'),
        ),
    ]
