"""How an order's promise stands, and the warehouses that it leaves from, are on the order, where an index finds them.

A queue asked every part of every open order for that.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# As the services set it from now on, of what is under way
SAY = """
UPDATE orders_salesorder AS o SET promise = s.promise, leaves_from = s.leaves_from
FROM (
    SELECT p.id, to_jsonb(array_remove(ARRAY[CASE WHEN f.waits THEN 'WAITS' END, CASE WHEN f.slips THEN 'SLIPS' END,
            CASE WHEN f.complete_on > p.requested_on THEN 'LATE' END, CASE WHEN f.is_unknown THEN 'UNKNOWN' END,
            CASE WHEN f.has_units > 0 AND f.complete_on <= p.requested_on AND NOT f.is_unknown THEN 'KEPT' END], NULL)) AS promise,
        coalesce((
            SELECT jsonb_agg(DISTINCT v.warehouse_id ORDER BY v.warehouse_id) FROM orders_linepart lp
            JOIN inventory_allocation a ON a.demand_id = lp.demand_id AND a.status NOT IN ('SOFT', 'FREED')
            JOIN inventory_stocklevel v ON v.id = a.level_id WHERE lp.order_id = p.id), '[]') AS leaves_from
    FROM orders_salesorder p CROSS JOIN LATERAL (
        SELECT bool_or(d.backordered > 0) AS waits, count(*) FILTER (WHERE d.quantity > 0) AS has_units,
            bool_or(d.backordered > 0 AND d.promised_on > d.first_promised_on) AS slips,
            bool_or(d.quantity > 0 AND d.promised_on IS NULL) AS is_unknown,
            max(d.promised_on) FILTER (WHERE d.quantity > 0) AS complete_on
        FROM orders_linepart lp JOIN inventory_demand d ON d.id = lp.demand_id WHERE lp.order_id = p.id
    ) f
    WHERE p.status IN ('CONFIRMED', 'RELEASED', 'COMPLETED')
) s WHERE o.id = s.id
"""


class Migration(migrations.Migration):
    # The index is made beside the work that goes on
    atomic = False

    dependencies = [
        ('inventory', '0024_capacity'),
        ('orders', '0026_tell_followers'),
    ]

    operations = [
        migrations.AddField(
            model_name='salesorder',
            name='promise',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), editable=False),
        ),
        migrations.AddField(
            model_name='salesorder',
            name='leaves_from',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), editable=False),
        ),
        migrations.RunSQL(SAY, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='salesorder',
            index=GinIndex(
                condition=models.Q(('status__in', ['CONFIRMED', 'RELEASED', 'COMPLETED']), models.Q(('promise', []), _negated=True)),
                fastupdate=False,
                fields=['promise', 'leaves_from'],
                name='salesorder_open_by_promise',
                opclasses=['jsonb_path_ops', 'jsonb_path_ops'],
            ),
        ),
    ]
