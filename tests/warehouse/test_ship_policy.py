"""What a customer's rule keeps from the warehouse: whole lines, a part at least, or the whole order at once."""

from __future__ import annotations

import pytest
from django.urls import reverse

from core.refusals import Refused
from orders import services as orders_services
from orders.models import Customer, SalesOrder, ShipPolicy
from tests.factories.house import AT, House
from warehouse import queries, services
from warehouse.models import PickTask

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return House.open()


def rule(house: House, policy: str, minimum: int = 0) -> None:
    Customer.objects.filter(pk=house.customer.pk).update(ship_policy=policy, ship_minimum=minimum)


def release(house: House, order: SalesOrder) -> object:
    return services.release_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]


def tasks(order: SalesOrder) -> list[tuple[str, int]]:
    rows = PickTask.objects.filter(order=order).order_by("pk")
    return [(sku, int(units)) for sku, units in rows.values_list("product__sku", "quantity")]


class TestRelease:
    @pytest.mark.parametrize(
        ("policy", "minimum", "goes"),
        [
            (ShipPolicy.PARTIAL, 0, [("SKU-0001", 4), ("SKU-0002", 2)]),
            (ShipPolicy.LINE, 0, [("SKU-0001", 4)]),
            (ShipPolicy.ORDER, 0, []),
            (ShipPolicy.PARTIAL, 60, [("SKU-0001", 4), ("SKU-0002", 2)]),
            (ShipPolicy.PARTIAL, 61, []),
            (ShipPolicy.LINE, 60, [("SKU-0001", 4)]),
            (ShipPolicy.LINE, 61, []),
        ],
    )
    def test_takes_what_the_rule_lets_go(self, house, policy, minimum, goes) -> None:
        """Six of ten units have stock: all of one line, and two of six of the other."""
        rule(house, policy, minimum)
        whole, part = house.product([4]), house.product([2])
        order = house.order((whole, 4), (part, 6))
        result = release(house, order)
        assert tasks(order) == goes
        assert isinstance(result, Refused) == (not goes)
        queue = SalesOrder.objects.filter(queries.HAS_STOCK_TO_RELEASE)
        rest = (policy, goes) == (ShipPolicy.LINE, [("SKU-0001", 4)])
        assert not queue.exists(), "what may go has gone"
        facts = queries.order_facts([order.pk])[order.pk]
        assert facts.kept == (0 if len(goes) == 2 else 1 if rest else 2)

    @pytest.mark.parametrize(
        ("policy", "minimum", "sentence"),
        [
            (ShipPolicy.ORDER, 0, "The customer takes the whole order at once: 1 line waits for stock."),
            (ShipPolicy.PARTIAL, 80, "The customer takes 80 % of the units at least: 1 line waits for stock."),
            (ShipPolicy.LINE, 0, "The customer takes whole lines only: 1 line waits for stock."),
        ],
    )
    def test_says_why_not(self, house, policy, minimum, sentence) -> None:
        rule(house, policy, minimum)
        order = house.order((house.product([2]), 6))
        assert str(release(house, order)) == sentence

    def test_goes_on_when_the_rest_has_come_or_is_cancelled(self, house) -> None:
        rule(house, ShipPolicy.ORDER)
        first, second = house.product([4]), house.product()
        orders = [house.order((first, 2), (second, 2)) for _ in range(2)]
        house.receive(second, 2)
        orders_services.allocate_orders(order_ids=[orders[0].pk], actor=house.boss, at=AT)
        waiting = orders[1].lines.get(product=second)
        orders_services.cancel_lines(units={waiting.pk: 2}, reason="LATE", actor=house.boss, at=AT)
        for order in orders:
            assert not isinstance(release(house, order), Refused)

    def test_an_order_keeps_the_rule_of_the_day_on_which_it_was_confirmed(self, house, client) -> None:
        rule(house, ShipPolicy.ORDER, 50)
        order = house.order((house.product([2]), 6))
        rule(house, ShipPolicy.PARTIAL)
        assert isinstance(release(house, order), Refused)
        client.force_login(house.boss, backend="django.contrib.auth.backends.ModelBackend")
        page = client.get(reverse("orders:detail", args=[order.pk])).content.decode()
        assert "The whole order at once, 50 % at least" in page
