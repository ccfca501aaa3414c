"""Orders' jobs: what completes orders comes around often enough, and does what it says."""

import pytest
from croniter import croniter
from procrastinate.contrib.django import app

from orders import tasks
from orders.models import SalesOrder
from tests.factories.house import House


class TestCompleteOrders:
    def test_comes_around_every_five_seconds(self):
        """ADR 0004. A cron line of six fields has the seconds last, which is easily written wrong."""
        (cron,) = {
            periodic.cron
            for (name, _id), periodic in app.periodic_registry.periodic_tasks.items()
            if name == "orders.complete_orders"
        }
        runs = croniter(cron, 0, second_at_beginning=False)
        assert [runs.get_next() for _ in range(3)] == [5, 10, 15]

    @pytest.mark.django_db
    def test_leaves_what_is_not_ready(self):
        house = House.open()
        order = house.order((house.product([5]), 2))
        tasks.complete_orders(timestamp=0)
        assert SalesOrder.objects.get(pk=order.pk).status == "CONFIRMED"
