"""Tasks that are still to be done, by their order: of all that ever were they are few."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The index is made beside the work that goes on
    atomic = False

    dependencies = [
        ('warehouse', '0008_zero_check'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='picktask',
            index=models.Index(condition=models.Q(('status', 'PLANNED')), fields=['order'], name='picktask_to_do_by_order'),
        ),
    ]
