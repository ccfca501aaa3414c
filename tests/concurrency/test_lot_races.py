"""Lots at the same time: one serial number in two warehouses, and one unit that lasts for two who need it."""

import io
from datetime import timedelta
from functools import partial

import pytest
from django.core.management import call_command
from django.db.models import Sum

from inventory.models import BinStock, Demand, Lot, StockLevel
from inventory.services import LotUnclear
from inventory.strategies import Strategy
from orders import services as orders_services
from orders.models import LinePart, MoveReason
from tests.factories.house import AT, TODAY, House
from tests.race import race
from tests.unlocked import take_locks_away
from warehouse import services

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house():
    return House.open(warehouses=2)


def audit():
    call_command("audit_ledger", stdout=io.StringIO())


def both_receive(house):
    """Receive one serial number into both warehouses; return the outcomes and how many units of it there are then."""
    product = house.product(tracking="SERIAL")
    shelves = [house.shelves[site.pk][0] for site in house.warehouses]
    # Somebody knew the number before: nobody waits for the other to make it
    Lot.objects.create(company=house.company, product=product, code="S-1")
    outcomes = race(*[lambda shelf=shelf: house.receive(product, 1, lot="S-1", shelf=shelf) for shelf in shelves])
    return outcomes, BinStock.objects.filter(product=product).aggregate(units=Sum("quantity"))["units"]


class TestASerialNumberInTwoWarehouses:
    def test_comes_in_once(self, house):
        outcomes, units = both_receive(house)
        assert sum(isinstance(outcome, LotUnclear) for outcome in outcomes) == 1
        assert units == 1
        audit()

    def test_would_come_in_twice_without_its_lock(self, house, monkeypatch):
        take_locks_away(monkeypatch, Lot)
        outcomes, units = both_receive(house)
        assert not any(isinstance(outcome, Exception) for outcome in outcomes)
        assert units == 2


def two_who_need_what_lasts(house):
    """Confirm two orders for goods that last a month, of which there is enough for one; return what each got."""
    product = house.product(tracking="LOT")
    house.receive(product, 9, lot="SHORT", good_until=TODAY + timedelta(days=3))
    house.receive(product, 4, lot="LONG", good_until=TODAY + timedelta(days=99))
    house.customer.good_for_days = 30
    house.customer.save()
    drafts = [house.draft((product, 4)) for _ in range(2)]
    outcomes = race(*[lambda draft=draft: house.confirm(draft) for draft in drafts])
    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    return sorted(int(units) for units in Demand.objects.values_list("allocated", flat=True))


def shared_while_ordered(house):
    """Share goods that came for an order that waits, while another is confirmed; return what each got."""
    product = house.product(tracking="LOT")
    house.customer.good_for_days = 30
    house.customer.save()
    waits, draft = house.order((product, 4)), house.draft((product, 4))
    house.receive(product, 9, lot="SHORT", good_until=TODAY + timedelta(days=3))
    house.receive(product, 4, lot="LONG", good_until=TODAY + timedelta(days=99))
    strategies = {LinePart.objects.get(order=waits).pk: Strategy.WIN}
    share = partial(
        orders_services.reallocate, strategies=strategies, reason=MoveReason.URGENT, actor=house.boss, at=AT
    )
    outcomes = race(share, lambda: house.confirm(draft))
    assert not any(isinstance(outcome, Exception) for outcome in outcomes), outcomes
    return sorted(int(units) for units in Demand.objects.values_list("allocated", flat=True))


class TestGoodsThatLast:
    def test_are_promised_once(self, house):
        assert two_who_need_what_lasts(house) == [0, 4]
        audit()

    def test_would_be_promised_twice_without_the_levels_lock(self, house, monkeypatch):
        take_locks_away(monkeypatch, StockLevel)
        assert two_who_need_what_lasts(house) == [4, 4]

    def test_are_shared_anew_and_promised_once(self, house):
        assert shared_while_ordered(house) == [0, 4]
        audit()

    def test_would_be_shared_anew_and_promised_without_the_levels_lock(self, house, monkeypatch):
        take_locks_away(monkeypatch, StockLevel)
        assert shared_while_ordered(house) == [4, 4]

    def test_expire_while_they_are_promised_and_picked(self, house):
        product = house.product(tracking="LOT")
        house.receive(product, 20, lot="SHORT", good_until=TODAY + timedelta(days=3))
        house.receive(product, 5, lot="LONG", good_until=TODAY + timedelta(days=99))
        orders = [house.order((product, 4)) for _ in range(3)]
        draft = house.draft((product, 2))
        services.release_orders(order_ids=[orders[0].pk], actor=house.boss, at=AT)
        outcomes = race(
            lambda: services.expire_lots(at=AT + timedelta(days=4)),
            lambda: services.pick_orders(order_ids=[orders[0].pk], actor=house.boss, at=AT),
            lambda: services.release_orders(order_ids=[orders[1].pk], actor=house.boss, at=AT),
            lambda: house.confirm(draft),
        )
        assert not any(isinstance(outcome, Exception) for outcome in outcomes), outcomes
        services.expire_lots(at=AT + timedelta(days=4))
        audit()
