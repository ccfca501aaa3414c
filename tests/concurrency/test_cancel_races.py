"""Cancelling and holding beside other verbs: one wins, nothing is half done; without its lock each race goes wrong."""

import time
from functools import partial

import pytest
from django.db import IntegrityError

from core.refusals import ChangedMeanwhile, Refused
from inventory import services as inventory_services
from inventory.models import StockLevel
from orders import services
from orders.models import CancelReason, Hold, LinePart, OrderEvent, SalesOrder, SalesOrderLine
from orders.services import cutting
from shipping import services as shipping_services
from shipping.models import Shipment
from shipping.services import dispatching
from tests.factories.house import AT, House
from tests.factories.proof import drift
from tests.factories.warehouse import packed, picked, released
from tests.race import race
from tests.unlocked import take_locks_away
from warehouse import services as warehouse_services
from warehouse.models import PickTask, PutBack

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house():
    """A company with a warehouse, whose people's roles are read already: threads share the person."""
    house = House.open()
    assert house.boss.verbs
    return house


def cancel(house, order, seen=""):
    return services.cancel_orders(order_ids=[order.pk], reason=CancelReason.LATE, actor=house.boss, at=AT, seen=seen)[
        order.pk
    ]


def confirm(house, order):
    return services.confirm_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]


def pick(house, order):
    return warehouse_services.pick_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]


def release(house, order):
    return warehouse_services.release_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]


def hold(house, order):
    terms = services.HoldTerms(Hold.Kind.OTHER, keep_reservation=False)
    return services.hold_orders(order_ids=[order.pk], terms=terms, actor=house.boss, at=AT)[order.pk]


def dispatch(house, order):
    return shipping_services.dispatch_orders(
        order_ids=[order.pk], carrier="Van", tracking_number="", actor=house.boss, at=AT
    )[order.pk]


def put_back(house, row):
    return warehouse_services.put_back_goods(put_back_ids=[row.pk], actor=house.boss, at=AT)[row.pk]


def refused(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, Refused)]


def events(order, *kinds):
    return OrderEvent.objects.filter(order=order, kind__in=kinds).count()


class TestConfirmBesideCancel:
    def test_has_one_winner_and_one_event(self, house):
        """T5: what the other asked for was of an order that is not there any more as it was shown."""
        for _ in range(5):
            order = house.draft((house.product([9]), 4))
            outcomes = race(partial(confirm, house, order), partial(cancel, house, order, seen="DRAFT"))
            assert len(refused(outcomes)) == 1
            assert events(order, "CONFIRMED", "CANCELLED") == 1
            assert SalesOrder.objects.get(pk=order.pk).status == ("CANCELLED" if refused(outcomes[:1]) else "CONFIRMED")
        assert drift() == []

    def test_goes_wrong_without_the_lock_of_the_order(self, house, monkeypatch):
        """The control: it is cancelled between the confirmation's look and its write, and only a guard stops it."""
        order = house.draft((house.product([9]), 4))
        take_locks_away(monkeypatch, SalesOrder, pause=0)
        place = inventory_services.place_demand
        monkeypatch.setattr(inventory_services, "place_demand", lambda **given: (time.sleep(1), place(**given))[1])
        late = lambda: (time.sleep(0.3), cancel(house, order, seen="DRAFT"))[1]  # noqa: E731
        outcomes = race(partial(confirm, house, order), late)
        assert outcomes[1].is_whole
        assert isinstance(outcomes[0], ChangedMeanwhile)


class TestCancelBesideThePick:
    def test_leaves_every_unit_on_the_shelf_or_to_be_put_back(self, house):
        for _ in range(3):
            product = house.product([[2, 3]])
            order = released(house, (product, 5))
            outcomes = race(partial(cancel, house, order), partial(pick, house, order))
            assert not isinstance(outcomes[0], Exception)
            level = StockLevel.objects.get(product=product)
            back = sum(row.quantity for row in PutBack.objects.filter(product=product))
            assert (level.sellable, level.allocated, level.staged) == (5 - back, 0, back)
            assert LinePart.objects.get(order=order).picked == 0
        assert drift() == []

    def test_goes_wrong_without_the_locks_of_parts(self, house, monkeypatch):
        """The control: the cut reads the part before the pick, and only inventory's guard is left to stop it."""
        order = released(house, (house.product([9]), 4))
        take_locks_away(monkeypatch, LinePart, pause=0.5)
        outcomes = race(partial(cancel, house, order), lambda: (time.sleep(0.2), pick(house, order))[1])
        assert isinstance(outcomes[0], Exception)
        assert not isinstance(outcomes[1], Exception)


class TestCancelBesideTheDispatch:
    def test_has_one_winner(self, house):
        for _ in range(3):
            order = packed(house, (house.product([9]), 4))
            outcomes = race(partial(cancel, house, order), partial(dispatch, house, order))
            assert len(refused(outcomes)) == 1
            assert Shipment.objects.filter(order=order).count() == (1 if refused(outcomes[:1]) else 0)
        assert drift() == []

    def test_goes_wrong_without_the_lock_of_the_order(self, house, monkeypatch):
        """The control: the goods are cancelled between the dispatch's look and its write, which only a check stops."""
        order = packed(house, (house.product([9]), 4))
        take_locks_away(monkeypatch, SalesOrder, pause=0)
        read = dispatching._undispatched
        monkeypatch.setattr(dispatching, "_undispatched", lambda *given: (read(*given), time.sleep(1))[0])
        outcomes = race(lambda: (time.sleep(0.3), cancel(house, order))[1], partial(dispatch, house, order))
        assert outcomes[0].is_whole
        assert isinstance(outcomes[1], IntegrityError)


class TestHoldBesideTheRelease:
    def test_stops_it_or_calls_its_picks_off(self, house):
        for _ in range(3):
            product = house.product([9])
            order = house.order((product, 4))
            outcomes = race(partial(hold, house, order), partial(release, house, order))
            assert not isinstance(outcomes[0], Exception)
            assert not PickTask.objects.filter(order=order, status="PLANNED").exists()
            level = StockLevel.objects.get(product=product)
            assert (level.sellable, level.allocated) == (9, 0)
        assert drift() == []

    def test_goes_wrong_without_the_lock_of_the_order(self, house, monkeypatch):
        """The control: the release reads no hold, the hold reads no pick, and the order goes on while it is on hold."""
        order = house.order((house.product([9]), 4))
        take_locks_away(monkeypatch, SalesOrder)
        outcomes = race(partial(hold, house, order), partial(release, house, order))
        went_on = PickTask.objects.filter(order=order, status="PLANNED").exists() and Hold.objects.exists()
        assert went_on or any(isinstance(outcome, Exception) for outcome in outcomes)


class TestCancelBesideCancel:
    def test_of_the_rest_and_of_a_line_takes_no_unit_twice(self, house):
        product = house.product([9])
        order = picked(house, (product, 6))
        line = SalesOrderLine.objects.get(order=order)
        common = {"reason": CancelReason.LATE, "actor": house.boss, "at": AT}
        outcomes = race(
            partial(services.cancel_lines, units={line.pk: 4}, **common),
            partial(services.cancel_lines, units={line.pk: 5}, **common),
        )
        done = [result for outcome in outcomes for result in outcome.values() if not isinstance(result, Refused)]
        assert len(done) == 1
        assert SalesOrderLine.objects.get().cancelled == done[0].units
        assert drift() == []

    def test_of_orders_that_share_products_does_not_deadlock(self, house):
        products = [house.product([30]) for _ in range(3)]
        orders = [released(house, *((product, 2) for product in products[:: 1 if n % 2 else -1])) for n in range(6)]
        outcomes = race(*(partial(cancel, house, order) for order in orders))
        assert all(outcome.is_whole for outcome in outcomes)
        assert drift() == []


class TestPutBack:
    def test_of_one_row_twice_moves_the_goods_once(self, house):
        cancel(house, picked(house, (house.product([9]), 4)))
        outcomes = race(*[partial(put_back, house, PutBack.objects.get())] * 2)
        assert [outcome.status for outcome in outcomes] == ["DONE", "DONE"]
        assert StockLevel.objects.get().sellable == 9
        assert drift() == []

    def test_goes_wrong_without_its_lock(self, house, monkeypatch):
        cancel(house, picked(house, (house.product([9]), 4)))
        row = PutBack.objects.get()
        take_locks_away(monkeypatch, PutBack)
        outcomes = race(*[partial(put_back, house, row)] * 2)
        assert len([outcome for outcome in outcomes if isinstance(outcome, Exception)]) == 1


def test_a_cut_locks_every_demand_before_the_first_level(house):
    """The shape of the statements, for a race in the opposite order seldom shows: demands of all parts come at once."""
    orders = [house.order((house.product([9]), 4), (house.product(), 2)) for _ in range(2)]
    asked = []
    lock = cutting.inventory_services.lock_promises

    def note(*, demand_ids):
        asked.append(sorted(demand_ids))
        return lock(demand_ids=demand_ids)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting.inventory_services, "lock_promises", note)
        ids = [order.pk for order in orders]
        services.cancel_orders(order_ids=ids, reason=CancelReason.LATE, actor=house.boss, at=AT)
    assert asked == [sorted(LinePart.objects.values_list("demand_id", flat=True))]
