"""The backorder workbench: by what rule free stock is given, what a run would give, and stock moved between orders."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from core.refusals import Blocked, NotAllowed, Refused
from core.roles import Role
from core.transactions import undone
from inventory.models import Allocation, Demand, StockLevel
from orders import audit, services
from orders.models import LinePart, MoveReason, OrderEvent, Rule, SalesOrder
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House
from tests.factories.warehouse import released

pytestmark = pytest.mark.django_db

QUEUE, FREE = reverse("orders:backorders"), reverse("orders:allocate_free")
ALLOCATE = reverse("orders:allocate_lines")


@pytest.fixture
def house() -> House:
    return House.open()


@pytest.fixture(autouse=True)
def _books_are_clean():
    yield
    assert [(check.name, found) for check in audit.CHECKS for found in check.find()[1]] == []


def part_of(order: SalesOrder) -> LinePart:
    return LinePart.objects.get(order=order)


def waits(order: SalesOrder) -> Decimal:
    return Demand.objects.get(pk=part_of(order).demand_id).backordered


@pytest.fixture
def three(house: House) -> tuple[House, list[SalesOrder]]:
    """Three orders that wait for 4, 2 and 3 of one product, taken in this order, the last requested first."""
    product = house.product()
    orders = []
    for number, units in enumerate((4, 2, 3)):
        day = TODAY + timedelta(days=(5, 4, 3)[number])
        order = house.order((product, units), requested_on=day)
        SalesOrder.objects.filter(pk=order.pk).update(confirmed_at=AT + timedelta(hours=number))
        orders.append(order)
    house.receive(product, 5)
    return house, orders


class TestAllocateParts:
    @pytest.mark.parametrize(
        ("rule", "left"),
        [(Rule.DUE, [4, 0, 0]), (Rule.WAITING, [0, 1, 3]), (Rule.COMPLETES, [4, 0, 0])],
    )
    def test_serves_by_the_rule(self, three, rule: Rule, left: list[int]) -> None:
        house, orders = three
        parts = [part_of(order).pk for order in orders]
        results = services.allocate_parts(part_ids=parts, rule=rule, actor=house.boss, at=AT)
        assert [waits(order) for order in orders] == left
        got = [order for order in orders if waits(order) == 0]
        assert [SalesOrder.objects.get(pk=order.pk).allocation for order in got] == ["FULL"] * len(got)
        for part, order in zip(parts, orders, strict=True):
            told = OrderEvent.objects.filter(order=order, kind=OrderEvent.Kind.ALLOCATED).count()
            assert told == (0 if isinstance(results[part], Refused) else 1)

    def test_serves_a_higher_priority_before_any_rule(self, three) -> None:
        house, orders = three
        Demand.objects.filter(pk=part_of(orders[0]).demand_id).update(priority=10)
        parts = [part_of(order).pk for order in orders]
        services.allocate_parts(part_ids=parts, rule=Rule.DUE, actor=house.boss, at=AT)
        assert [waits(order) for order in orders] == [0, 2, 2]

    def test_tells_what_a_run_would_give_and_gives_nothing(self, three) -> None:
        """PRODUCT.md case 18."""
        house, orders = three
        parts = [part_of(order).pk for order in orders]
        told = undone(lambda: services.allocate_parts(part_ids=parts, actor=house.boss, at=AT))
        assert [waits(order) for order in orders] == [4, 2, 3]
        done = services.allocate_parts(part_ids=parts, actor=house.boss, at=AT)
        assert [(told[pk].units, done[pk].units) for pk in parts[1:]] == [(2, 2), (3, 3)]
        assert all(isinstance(results[parts[0]], Refused) for results in (told, done))

    def test_leaves_other_lines_of_an_order_alone_and_refuses_those_on_hold(self, house: House) -> None:
        one, other = house.product(), house.product()
        order, held = house.order((one, 2), (other, 2)), house.order((one, 1))
        terms = services.HoldTerms("OTHER", keep_reservation=False, reason="")
        services.hold_orders(order_ids=[held.pk], terms=terms, actor=house.boss, at=AT)
        for product in (one, other):
            house.receive(product, 9)
        first = LinePart.objects.get(order=order, product=one)
        results = services.allocate_parts(part_ids=[first.pk, part_of(held).pk], actor=house.boss, at=AT)
        assert results[first.pk] == services.Allocated(order.pk, Decimal(2))
        assert isinstance(results[part_of(held).pk], Refused)
        assert SalesOrder.objects.get(pk=order.pk).allocation == "PART"

    def test_is_for_those_who_confirm_in_their_own_company(self, three) -> None:
        house, orders = three
        parts = [part_of(order).pk for order in orders]
        with pytest.raises(NotAllowed):
            services.allocate_parts(part_ids=parts, actor=person(Role.PICKER, company=house.company), at=AT)
        assert services.allocate_parts(part_ids=parts, actor=person(Role.SALES_ADMIN), at=AT) == {}


class TestMoveStock:
    @pytest.fixture
    def pair(self, house: House) -> tuple[House, SalesOrder, SalesOrder]:
        """One order with all five units that there are, and one that waits for three."""
        product = house.product([5])
        return house, house.order((product, 5)), house.order((product, 3))

    def move(self, house: House, giver: SalesOrder, taker: SalesOrder, units: str, **words: object) -> object:
        asked = {"reason": MoveReason.URGENT, "actor": house.boss, "at": AT, **words}
        return services.move_stock(
            from_part_id=part_of(giver).pk, to_part_id=part_of(taker).pk, quantity=Decimal(units), **asked
        )

    def test_moves_the_promise_and_tells_both(self, pair) -> None:
        house, giver, taker = pair
        self.move(house, giver, taker, "3")
        assert [waits(order) for order in (giver, taker)] == [3, 0]
        assert StockLevel.objects.get().allocated == 5
        assert [SalesOrder.objects.get(pk=order.pk).allocation for order in (giver, taker)] == ["PART", "FULL"]
        assert Allocation.objects.latest("pk").reason == f"Moved from {giver}"
        assert Demand.objects.get(pk=part_of(giver).demand_id).promised_on is None
        assert Demand.objects.get(pk=part_of(taker).demand_id).promised_on == TODAY
        words = {"units": "3", "moved": "URGENT"}
        for order, data in ((giver, {"given_to": str(taker)}), (taker, {"taken_from": str(giver)})):
            event = OrderEvent.objects.get(order=order, kind=OrderEvent.Kind.STOCK_MOVED)
            assert event.data == words | data

    @pytest.mark.parametrize(("units", "sentence"), [("4", "waits for 3 only"), ("0", "how many"), ("-1", "how many")])
    def test_moves_no_more_than_is_wanted(self, pair, units: str, sentence: str) -> None:
        house, giver, taker = pair
        with pytest.raises(Blocked, match=sentence):
            self.move(house, giver, taker, units)
        assert [waits(order) for order in (giver, taker)] == [0, 3]

    def test_takes_nothing_from_the_pickers_nor_for_what_is_held_closed_or_something_else(self, house: House) -> None:
        product, other = house.product([5]), house.product()
        with_pickers = released(house, (product, 5))
        taker, stranger = house.order((product, 3)), house.order((other, 3))
        with pytest.raises(Blocked, match="Only 0 can be moved"):
            self.move(house, with_pickers, taker, "1")
        with pytest.raises(Blocked, match="same product"):
            self.move(house, with_pickers, stranger, "1")
        with pytest.raises(Blocked, match="no such line"):
            self.move(house, taker, taker, "1")
        services.cancel_orders(order_ids=[stranger.pk], reason="LATE", actor=house.boss, at=AT)
        with pytest.raises(Blocked, match="is cancelled"):
            self.move(house, stranger, taker, "1")

    def test_is_for_managers_of_the_company(self, pair) -> None:
        house, giver, taker = pair
        with pytest.raises(NotAllowed):
            self.move(house, giver, taker, "1", actor=person(Role.SALES_ADMIN, company=house.company))
        with pytest.raises(Blocked, match="no such line"):
            self.move(house, giver, taker, "1", actor=person(Role.SALES_MANAGER))


class TestPages:
    def test_show_the_run_before_it_is_made_and_make_it(self, three, client) -> None:
        house, orders = three
        client.force_login(house.boss, backend="django.contrib.auth.backends.ModelBackend")
        page = client.get(QUEUE)
        assert [row.pk for row in page.context["rows"]] == [part_of(order).pk for order in reversed(orders)]
        asked = client.get(FREE)
        assert [(row.order.pk, row.gets, row.left) for row in asked.context["would"]] == [
            (orders[2].pk, 3, 0),
            (orders[1].pk, 2, 0),
            (orders[0].pk, None, 4),
        ]
        ids = [part_of(order).pk for order in orders]
        look = client.post(ALLOCATE, {"id": ids, "rule": "WAITING", "ask": "Allocate"})
        assert [row.gets for row in look.context["would"]] == [1, 4, None]
        assert [waits(order) for order in orders] == [4, 2, 3]
        done = client.post(ALLOCATE, {"id": ids, "rule": "WAITING"})
        assert [waits(order) for order in orders] == [0, 1, 3]
        assert "No SKU-0001 is free for it" in done.content.decode()

    def test_move_stock_from_order_to_order(self, house: House, client) -> None:
        product = house.product([5])
        giver, taker = house.order((product, 5)), house.order((product, 3))
        client.force_login(house.boss, backend="django.contrib.auth.backends.ModelBackend")
        url = reverse("orders:move_stock", args=[part_of(taker).pk])
        assert str(giver) in client.get(url).content.decode()
        wrong = client.post(url, {"quantity": "3", "reason": "URGENT"})
        assert wrong.status_code == 422
        assert "Choose the order that gives." in wrong.content.decode()
        form = {"giver": part_of(giver).pk, "quantity": "3", "reason": "URGENT", "idempotency_key": "k"}
        for _again in range(2):
            assert client.post(url, form).status_code in {302, 404}
        assert [waits(order) for order in (giver, taker)] == [3, 0]
        timeline = client.get(reverse("orders:detail", args=[giver.pk])).content.decode()
        assert f"3 units, More urgent, to {taker}" in timeline
