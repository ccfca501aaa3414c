"""How many orders of a customer are open is found without those that are over, which are most."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The index is made beside the work that goes on
    atomic = False

    dependencies = [
        ('orders', '0028_to_release'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='salesorder',
            index=models.Index(condition=models.Q(('status__in', ['DRAFT', 'REVIEW', 'CONFIRMED', 'RELEASED'])), fields=['customer'], name='salesorder_to_do_by_customer'),
        ),
    ]
