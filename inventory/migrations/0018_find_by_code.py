"""Lots are found by their code, and supplier orders by the supplier's number, however many there are."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Nobody waits for them while they are made
    atomic = False

    dependencies = [
        ("inventory", "0017_transfers"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="lot",
            index=models.Index(fields=["company", "code"], name="lot_by_code"),
        ),
        AddIndexConcurrently(
            model_name="supplierorder",
            index=models.Index(
                condition=models.Q(("their_number", ""), _negated=True),
                fields=["company", "their_number"],
                name="supplierorder_by_their_number",
            ),
        ),
    ]
