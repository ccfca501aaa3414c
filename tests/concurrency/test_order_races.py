"""Two people decide on one order at once: one wins, and each fact is recorded once (TRUST.md T5)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from core.refusals import Blocked, ChangedMeanwhile, Refused
from inventory.models import Demand
from orders import services
from orders.models import CancelReason, OrderEvent, SalesOrder
from tests.factories.house import AT, House
from tests.race import race
from tests.soak import count
from tests.unlocked import take_locks_away

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.soak("T5")]

ROUNDS = count(short=10, full=200)


@pytest.fixture
def house() -> House:
    """A company whose people's roles are read already: threads share the person."""
    house = House.open()
    assert house.boss.verbs
    return house


def confirm(house: House, order: SalesOrder) -> Any:
    return services.confirm_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]


def events(order: SalesOrder, kind: str) -> int:
    return OrderEvent.objects.filter(order=order, kind=kind).count()


def cancel(house: House, order: SalesOrder) -> Any:
    """Cancel the draft that a person saw."""
    reason = CancelReason.CUSTOMER
    cancelled = services.cancel_orders(order_ids=[order.pk], reason=reason, actor=house.boss, at=AT, seen="DRAFT")
    return cancelled[order.pk]


class TestConfirmAndCancel:
    def test_one_wins_and_the_other_is_refused(self, house):
        product = house.product([ROUNDS])
        for _ in range(ROUNDS):
            order = house.draft((product, 1))
            outcomes = race(partial(confirm, house, order), partial(cancel, house, order))
            confirmed, cancelled = (not isinstance(outcome, Refused) for outcome in outcomes)
            assert confirmed != cancelled
            status = SalesOrder.Status.CONFIRMED if confirmed else SalesOrder.Status.CANCELLED
            assert SalesOrder.objects.get(pk=order.pk).status == status
            assert events(order, OrderEvent.Kind.CONFIRMED) == confirmed
            assert events(order, OrderEvent.Kind.CANCELLED) == cancelled

    def test_goes_wrong_without_the_lock(self, house, monkeypatch):
        """The control: both find a draft, and only the guard on the status stops the second."""
        order = house.draft((house.product([9]), 1))
        take_locks_away(monkeypatch, SalesOrder, pause=1)
        outcomes = race(partial(confirm, house, order), partial(cancel, house, order))
        # Or the first has written by the time at which the second looks what blocks it
        assert [type(one) for one in outcomes if isinstance(one, Exception)] in ([ChangedMeanwhile], [Blocked])


class TestConfirmTwice:
    def test_confirms_once_and_gives_both_the_same_number(self, house):
        product = house.product([ROUNDS * 2])
        for _ in range(ROUNDS):
            order = house.draft((product, 1))
            outcomes = race(*[partial(confirm, house, order)] * 2)
            assert not [outcome for outcome in outcomes if isinstance(outcome, (Exception, Refused))]
            assert outcomes[0].number == outcomes[1].number == SalesOrder.objects.get(pk=order.pk).number
            assert events(order, OrderEvent.Kind.CONFIRMED) == 1
        assert Demand.objects.count() == ROUNDS

    def test_goes_wrong_without_the_lock(self, house, monkeypatch):
        """The control: both find a draft, and only the guard on the status stops the second."""
        order = house.draft((house.product([9]), 1))
        take_locks_away(monkeypatch, SalesOrder, pause=1)
        outcomes = race(*[partial(confirm, house, order)] * 2)
        assert len([outcome for outcome in outcomes if isinstance(outcome, Exception)]) == 1
