"""What came back is found among all that left."""

from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index is made beside the work that goes on
    atomic = False

    dependencies = [
        ('core', '0008_credit_controller'),
        ('inventory', '0024_capacity'),
        ('orders', '0025_newest_first'),
        ('shipping', '0004_find_what_went_astray'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='shipment',
            index=models.Index(condition=models.Q(('status', 'RETURNED')), fields=['company', 'id'], name='shipment_came_back'),
        ),
    ]
