"""Stock of a product shared among orders anew: looked at, then done as it was seen, and told to all that it moves."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from core.refusals import Blocked, NotAllowed
from core.roles import Role
from core.transactions import undone
from inventory import audit as inventory_audit
from inventory.models import Allocation, Demand, StockLevel
from inventory.strategies import Strategy
from orders import audit, services
from orders.models import LinePart, MoveReason, OrderEvent, SalesOrder
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House
from tests.factories.warehouse import released
from warehouse.models import PickTask
from warehouse.services import release_orders

pytestmark = pytest.mark.django_db

WIN, GAIN, REDISTRIBUTE, FILL, LOSE = Strategy


@pytest.fixture
def house() -> House:
    return House.open(warehouses=2)


@pytest.fixture(autouse=True)
def _books_are_clean():
    yield
    checks = [*audit.CHECKS, *inventory_audit.CHECKS]
    assert [(check.name, found) for check in checks for found in check.find()[1]] == []


@pytest.fixture
def four(house: House) -> list[SalesOrder]:
    """Four orders for 4, 3, 2 and 3 of eight: the first has 4, the second 3, the third 1, the last nothing."""
    product = house.product([6, 2])
    return [house.order((product, units)) for units in (4, 3, 2, 3)]


def part(order: SalesOrder) -> LinePart:
    return LinePart.objects.select_related("demand").get(order=order)


def has(orders: list[SalesOrder]) -> list[Decimal]:
    return [part(order).demand.allocated for order in orders]


def share(house: House, orders: list[SalesOrder], *strategies: Strategy, **words: object) -> services.Reallocation:
    by = dict(zip((part(order).pk for order in orders), strategies, strict=False))
    asked = {"reason": MoveReason.URGENT, "actor": house.boss, "at": AT, **words}
    return services.reallocate(strategies=by, **asked)


class TestReallocate:
    @pytest.mark.parametrize(
        ("strategies", "after"),
        [
            ((REDISTRIBUTE, GAIN, GAIN, WIN), [0, 3, 2, 3]),
            ((GAIN, GAIN, GAIN, WIN), [4, 3, 1, 0]),
            ((LOSE, FILL, FILL, REDISTRIBUTE), [0, 3, 1, 3]),
            ((FILL, FILL, WIN, WIN), [3, 0, 2, 3]),
        ],
    )
    def test_gives_each_what_its_strategy_allows(self, house, four, strategies, after) -> None:
        assert has(four) == [4, 3, 1, 0]
        told = undone(partial(share, house, four, *strategies))
        assert has(four) == [4, 3, 1, 0]
        done = share(house, four, *strategies, seen=told.digest)
        assert (done, has(four)) == (told, after)
        assert [effect.after for effect in done.effects] == after
        for order, units in zip(four, after, strict=True):
            whole = part(order).ordered
            assert part(order).demand.promised_on == (TODAY if units == whole else None)
            facet = "FULL" if units == whole else "PART" if units else "NONE"
            assert SalesOrder.objects.get(pk=order.pk).allocation == facet

    def test_tells_who_gained_and_who_lost_and_why(self, house, four) -> None:
        share(house, four, REDISTRIBUTE, GAIN, GAIN, WIN)
        told = OrderEvent.objects.filter(kind=OrderEvent.Kind.STOCK_MOVED).order_by("order_id")
        assert [(event.order_id, event.data["anew"], event.data["units"], event.data["moved"]) for event in told] == [
            (four[0].pk, "lost", "4", "URGENT"),
            (four[2].pk, "gained", "1", "URGENT"),
            (four[3].pk, "gained", "3", "URGENT"),
        ]

    def test_is_refused_where_it_is_not_what_was_seen(self, house, four) -> None:
        told = undone(partial(share, house, four, REDISTRIBUTE, GAIN, GAIN, WIN))
        house.receive(part(four[0]).product, 1)
        with pytest.raises(Blocked, match="since you looked"):
            share(house, four, REDISTRIBUTE, GAIN, GAIN, WIN, seen=told.digest)
        assert has(four) == [4, 3, 1, 0]

    def test_leaves_what_is_with_the_pickers_and_what_is_on_hold(self, house) -> None:
        product = house.product([5])
        picking, held, taker = released(house, (product, 3)), house.order((product, 2)), house.order((product, 4))
        terms = services.HoldTerms("OTHER", keep_reservation=False, reason="")
        services.hold_orders(order_ids=[held.pk], terms=terms, actor=house.boss, at=AT)
        share(house, [picking, held, taker], LOSE, WIN, REDISTRIBUTE)
        assert has([picking, held, taker]) == [3, 0, 2]
        assert Allocation.objects.get(demand=part(picking).demand).status == "RELEASED"

    def test_gives_of_lots_only_what_lasts_for_each(self, house) -> None:
        """Who needs goods for a month takes none that spoil before, and leaves these to whom they will do."""
        product = house.product(tracking="LOT")
        house.receive(product, 3, lot="SHORT", good_until=TODAY + timedelta(days=5))
        house.receive(product, 3, lot="LONG", good_until=TODAY + timedelta(days=60))

        def order(units: int, good_for: int) -> SalesOrder:
            house.customer.good_for_days = good_for
            house.customer.save()
            return house.order((product, units))

        easy, picky, other = order(5, 0), order(4, 30), order(1, 30)
        assert has([easy, picky, other]) == [5, 1, 0]
        share(house, [easy, picky], FILL, WIN)
        assert has([easy, picky, other]) == [3, 3, 0]
        share(house, [easy, picky, other], FILL, REDISTRIBUTE, WIN)
        assert has([easy, picky, other]) == [3, 2, 1]
        share(house, [easy, picky, other], WIN, LOSE, GAIN)
        assert has([easy, picky, other]) == [5, 0, 1]
        release_orders(order_ids=[easy.pk, other.pk], actor=house.boss, at=AT)
        tasks = PickTask.objects.order_by("lot__code", "quantity")
        assert list(tasks.values_list("lot__code", "quantity")) == [("LONG", 1), ("LONG", 2), ("SHORT", 3)]

    def test_gives_lots_that_are_good_on_the_day_where_they_were_wanted_before(self, house) -> None:
        product = house.product(tracking="LOT")
        house.receive(product, 3, lot="LONG", good_until=TODAY + timedelta(days=60))
        two = [house.order((product, 3)) for _ in range(2)]
        share(house, two, LOSE, WIN, at=AT + timedelta(days=1))
        assert has(two) == [0, 3]

    def test_serves_a_higher_priority_first(self, house, four) -> None:
        Demand.objects.filter(pk=part(four[3]).demand_id).update(priority=10)
        share(house, four, *[REDISTRIBUTE] * 4)
        assert has(four)[3] == 3
        assert sum(has(four)) == sum(level.allocated for level in StockLevel.objects.all()) == 8

    def test_is_for_those_who_move_stock_in_their_own_company(self, house, four) -> None:
        with pytest.raises(NotAllowed):
            share(house, four, LOSE, actor=person(Role.SALES_ADMIN, company=house.company))
        share(house, four, LOSE, actor=person(Role.SALES_MANAGER))
        assert has(four) == [4, 3, 1, 0]


class TestPage:
    def test_shows_what_it_does_and_does_it(self, house, four, client: Client) -> None:
        client.force_login(house.boss)
        url = reverse("orders:reallocate", args=[part(four[0]).product_id])
        assert len(client.get(url).context["rows"]) == 4
        strategies = (LOSE, GAIN, GAIN, WIN)
        form = {f"part-{part(order).pk}": one.value for order, one in zip(four, strategies, strict=True)}
        assert client.post(url, form).status_code == 422, "no reason was given"
        shown = client.post(url, {**form, "reason": "URGENT"})
        assert has(four) == [4, 3, 1, 0]
        seen = shown.context["shown"].digest
        assert client.post(url, {**form, "reason": "URGENT", "do": "1", "seen": seen}).status_code == 302
        assert has(four) == [0, 3, 2, 3]
        again = client.post(url, {**form, "reason": "URGENT", "do": "1", "seen": seen})
        assert again.status_code in {409, 422}
        assert "when stock was given anew" in client.get(reverse("orders:detail", args=[four[0].pk])).content.decode()
