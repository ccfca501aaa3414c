"""What may have to be invoiced is found without what waits for goods, which is most of what is open."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The index is made beside the work that goes on
    atomic = False

    dependencies = [
        ('orders', '0029_to_do_by_customer'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='salesorder',
            index=models.Index(condition=models.Q(models.Q(models.Q(('fulfilment', 'NONE'), _negated=True), ('invoice_on', 'CONFIRM'), ('promise', []), _connector='OR'), ('billing__in', ['NONE', 'PART']), ('status__in', ['CONFIRMED', 'RELEASED', 'COMPLETED'])), fields=['company', 'id'], name='salesorder_to_invoice'),
        ),
    ]
