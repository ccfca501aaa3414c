"""An order is found by its customer's PO number, however many there are."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Nobody waits for it while it is made
    atomic = False

    dependencies = [
        ("orders", "0020_brought_together"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="salesorder",
            index=models.Index(fields=["company", "po_key"], name="salesorder_by_po_number"),
        ),
    ]
