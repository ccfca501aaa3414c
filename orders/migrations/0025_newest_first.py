"""What is to be done is sorted by the day asked for whatever its status, and an archive narrowed to channels and days.

The index of the company alone was the beginning of others.
"""

import django.db.models.deletion
from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index is made beside the work that goes on
    atomic = False

    dependencies = [
        ('core', '0008_credit_controller'),
        ('inventory', '0024_capacity'),
        ('orders', '0024_kits_broken_up'),
    ]

    operations = [
        migrations.AlterField(
            model_name='salesorder',
            name='company',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.company'),
        ),
        AddIndexConcurrently(
            model_name='salesorder',
            index=models.Index(
                condition=models.Q(('status__in', ['DRAFT', 'REVIEW', 'CONFIRMED', 'RELEASED'])),
                fields=['company', 'requested_on', 'id'],
                name='salesorder_to_do_by_day',
            ),
        ),
        AddIndexConcurrently(
            model_name='salesorder',
            index=models.Index(
                condition=models.Q(('channel__isnull', False)), fields=['channel', 'id'], name='salesorder_by_channel'
            ),
        ),
        AddIndexConcurrently(
            model_name='salesorder',
            index=BrinIndex(fields=['ordered_on'], name='salesorder_by_day_ordered'),
        ),
    ]
