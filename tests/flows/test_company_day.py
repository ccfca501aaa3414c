"""The company's day: what happens at night in New York, when it is tomorrow in London, still happens today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from core.models import Company, User
from core.reading import day_at
from inventory import tasks as inventory_tasks
from inventory.models import BinStock, Demand, Lot, Product
from orders import services as orders_services
from orders import tasks as orders_tasks
from orders.models import Reservation
from tests.factories.core import signed_in
from tests.factories.house import TODAY, House
from warehouse import services as warehouse_services
from warehouse import tasks as warehouse_tasks

pytestmark = pytest.mark.django_db
# Eight in the evening of TODAY in New York
EVENING = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


@pytest.fixture
def house() -> House:
    house = House.open()
    house.company.time_zone = "America/New_York"
    house.company.save()
    User.objects.filter(pk=house.boss.pk).update(time_zone="Asia/Tokyo")
    return house


@pytest.fixture
def evening() -> Iterator[None]:
    with time_machine.travel(EVENING, tick=False):
        yield


def milk(house: House, units: int = 9, last: date = TODAY) -> Product:
    product = house.product(tracking=Product.Tracking.LOT)
    house.receive(product, units, lot="A", good_until=last)
    return product


def blocked() -> Decimal:
    return sum((row.blocked for row in BinStock.objects.all()), Decimal(0))


class TestPages:
    @pytest.mark.usefixtures("evening")
    def test_promise_what_lasts_until_today(self, house):
        order = house.draft((milk(house), 4))
        answer = signed_in(house.boss).post(reverse("orders:confirm"), {"id": [order.pk]})
        assert answer.status_code == 302
        demand = Demand.objects.get()
        assert (demand.allocated, demand.promised_on) == (4, TODAY)

    @pytest.mark.usefixtures("evening")
    def test_show_today(self, house):
        client = signed_in(house.boss)
        assert f'value="{TODAY.isoformat()}"' in client.get(reverse("orders:create")).content.decode()
        number = house.order((house.product([9]), 1)).number
        queue = reverse("orders:queue")
        assert number in client.get(queue, {"tab": "confirmed", "standing": "to_ship"}).content.decode()
        assert number not in client.get(queue, {"tab": "confirmed", "standing": "late"}).content.decode()


class TestJobs:
    def test_block_lots_after_their_last_day(self, house):
        milk(house)
        with time_machine.travel(EVENING, tick=False):
            warehouse_tasks.expire_lots(0)
        assert blocked() == 0
        with time_machine.travel(MIDNIGHT, tick=False):
            warehouse_tasks.expire_lots(0)
        assert blocked() == 9

    def test_block_lots_where_it_is_tomorrow_already(self, house):
        """At ten in the morning in London the next day comes in Kiritimati."""
        Company.objects.update(time_zone="Pacific/Kiritimati")
        milk(house)
        noon = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
        assert warehouse_services.expire_lots(at=noon - timedelta(minutes=1)) == 0
        assert Lot.objects.annotate(today=day_at(noon)).get().today == TODAY + timedelta(days=1)
        assert warehouse_services.expire_lots(at=noon) == 1

    def test_promise_what_comes_today_and_call_it_late_tomorrow(self, house):
        product = house.product()
        order = house.order((product, 4))
        house.comes(product, 4, TODAY)
        with time_machine.travel(EVENING, tick=False):
            inventory_tasks.peg_demands([product.pk])
            inventory_tasks.note_late_supply(0)
        (demand_id,) = house.demands(order)
        assert Demand.objects.get(pk=demand_id).promised_on == TODAY
        with time_machine.travel(MIDNIGHT, tick=False):
            inventory_tasks.note_late_supply(0)
        assert Demand.objects.get(pk=demand_id).promised_on is None

    def test_give_to_all_that_waits_what_lasts_until_today(self, house):
        product = house.product(tracking=Product.Tracking.LOT)
        (demand_id,) = house.demands(house.order((product, 4)))
        house.receive(product, 9, lot="A", good_until=TODAY)
        Demand.objects.filter(pk=demand_id).update(good_until=TODAY)
        run = orders_services.begin_run(rule="DUE", actor=house.boss, at=EVENING)
        with time_machine.travel(EVENING, tick=False):
            orders_tasks.advance_run(run)
        assert Demand.objects.get(pk=demand_id).allocated == 4

    def test_give_up_what_is_reserved_after_its_day_to_who_wants_what_lasts_until_then(self, house):
        product = house.product(tracking=Product.Tracking.LOT)
        house.receive(product, 9, lot="A", good_until=TODAY + timedelta(days=1))
        orders_services.make_reservation(
            product_id=product.pk,
            quantity=Decimal(9),
            wanted_on=TODAY,
            expires_on=TODAY,
            customer_id=house.customer.pk,
            actor=house.boss,
            at=house.company.local(EVENING),
        )
        for at, status in ((EVENING, Reservation.Status.OPEN), (MIDNIGHT, Reservation.Status.EXPIRED)):
            with time_machine.travel(at, tick=False):
                orders_tasks.expire_reservations(0)
            assert Reservation.objects.get().status == status
