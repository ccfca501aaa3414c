"""What did not arrive is counted on every page, among however many shipments."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Nobody waits for it while it is made
    atomic = False

    dependencies = [
        ("shipping", "0003_delivery_failures"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="shipment",
            index=models.Index(
                condition=models.Q(("status__in", ["RETURNING", "LOST"])),
                fields=["company", "dispatched_at", "id"],
                name="shipment_astray",
            ),
        ),
    ]
