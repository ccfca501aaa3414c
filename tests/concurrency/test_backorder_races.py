"""Stock moved between orders by several people, and runs with several workers: no unit is given twice."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, OperationalError

from core.refusals import Blocked
from core.transactions import undone
from inventory.models import Allocation, Demand, StockLevel
from inventory.services.posting import StockMoved
from inventory.strategies import Strategy
from orders import services
from orders.models import AllocationRun, LinePart, MoveReason, Rule
from tests.factories.house import AT, House
from tests.race import race
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked():
    """One order has five units; two managers move three each to two others."""
    house = House.open()
    assert house.boss.verbs
    product = house.product([5])
    giver, *takers = (house.order((product, units)) for units in (5, 3, 3))
    parts = {order.pk: LinePart.objects.get(order=order).pk for order in (giver, *takers)}
    return [
        partial(
            services.move_stock,
            from_part_id=parts[giver.pk],
            to_part_id=parts[taker.pk],
            quantity=Decimal(3),
            reason=MoveReason.URGENT,
            actor=house.boss,
            at=AT,
        )
        for taker in takers
    ]


def test_gives_no_unit_twice(asked):
    outcomes = race(*asked)
    assert [str(one) for one in outcomes if isinstance(one, Exception)] == [
        "Only 2 can be moved: the rest is with the pickers, or not there."
    ]
    assert sorted(Demand.objects.values_list("allocated", flat=True)) == [0, 2, 3]
    assert StockLevel.objects.get().allocated == 5


def test_goes_wrong_without_the_lock(asked, monkeypatch):
    """The control: both find five units to give, and only what guards the tables stops the second."""
    take_locks_away(monkeypatch, Demand, pause=1)
    outcomes = race(*asked)
    (failed,) = (one for one in outcomes if isinstance(one, Exception))
    assert type(failed) in {StockMoved, IntegrityError, OperationalError}, "nobody was told in words"
    assert Allocation.objects.filter(status="FIRM").count() == 2


@pytest.fixture
def run():
    """A run over six orders that each want one of three units, and two workers at it."""
    house = House.open()
    product = house.product()
    for _ in range(6):
        house.order((product, 1))
    house.receive(product, 3)
    run_id = services.begin_run(rule=Rule.DUE, actor=house.boss, at=AT)

    def work() -> None:
        while services.advance_run(run_id=run_id, lines=1, at=AT):
            pass

    return work


def test_two_workers_serve_each_line_of_a_run_once(run):
    assert race(run, run) == [None, None]
    ended = AllocationRun.objects.get()
    assert (ended.handled, ended.served, ended.filled, ended.status) == (6, 3, 3, "DONE")
    assert StockLevel.objects.get().allocated == 3


def test_two_workers_serve_a_line_twice_without_the_lock(run, monkeypatch):
    """The control: both begin at the same line, and the run counts what it did wrongly."""
    take_locks_away(monkeypatch, AllocationRun, pause=0.1)
    race(run, run)
    ended = AllocationRun.objects.get()
    assert (ended.handled, ended.served, ended.status) != (6, 3, "DONE")


def test_two_managers_share_the_same_stock_once():
    """Each saw the other order win nothing; whoever comes second is refused, and no unit is given twice."""
    house = House.open()
    assert house.boss.verbs
    product = house.product([3])
    parts = [LinePart.objects.get(order=house.order((product, 3))).pk for _ in range(3)]
    asked = []
    for winner, other in ((1, 2), (2, 1)):
        strategies = {parts[0]: Strategy.LOSE, parts[winner]: Strategy.WIN, parts[other]: Strategy.REDISTRIBUTE}
        share = partial(services.reallocate, strategies=strategies, reason=MoveReason.URGENT, actor=house.boss, at=AT)
        asked.append(partial(share, seen=undone(share).digest))
    outcomes = race(*asked)
    assert [type(one) for one in outcomes if isinstance(one, Exception)] == [Blocked]
    assert sorted(Demand.objects.values_list("allocated", flat=True)) == [0, 0, 3]
    assert StockLevel.objects.get().allocated == 3
