"""The archive of invoices is sorted by the day due, and credit notes are found among them."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index is made beside the work that goes on
    atomic = False

    dependencies = [
        ('billing', '0005_backfill_invoiced'),
        ('core', '0008_credit_controller'),
        ('orders', '0025_newest_first'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='invoice',
            name='company',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.company'),
        ),
        migrations.AlterField(
            model_name='invoiceorder',
            name='invoice',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='billing.invoice'),
        ),
        AddIndexConcurrently(
            model_name='invoice',
            index=models.Index(fields=['company', 'due_on', 'id'], name='invoice_by_due'),
        ),
        AddIndexConcurrently(
            model_name='invoice',
            index=models.Index(condition=models.Q(('kind', 'CREDIT_NOTE')), fields=['company', 'id'], name='invoice_credit_notes'),
        ),
    ]
