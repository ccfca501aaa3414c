"""Substitution under pressure: units of a line are substituted once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core import registry
from core.refusals import Blocked
from inventory.models import Substitute
from orders import services
from orders.models import LinePart, SalesOrder, SalesOrderLine, Substitution
from tests.factories.house import AT, TODAY, House
from tests.race import race
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)


def both() -> list[object]:
    """Let two people substitute all of one line that waits; return what came of it."""
    house = House.open()
    product, other = house.product(), house.product([9])
    Substitute.objects.create(product=product, stand_in=other)
    line = SalesOrderLine.objects.get(order=house.order((product, 3)))
    answer = services.Answer("Ms Day", TODAY)
    assert house.boss.verbs

    def act() -> services.Substituted:
        return services.substitute(
            line_id=line.pk, product_id=other.pk, quantity=Decimal(3), answer=answer, actor=house.boss, at=AT
        )

    return race(act, act)


def test_two_people_substitute_the_units_of_a_line_once():
    outcomes = both()
    (refused,) = [one for one in outcomes if isinstance(one, Exception)]
    assert isinstance(refused, Blocked)
    assert "0 of it can be substituted" in str(refused)
    assert Substitution.objects.count() == 1
    assert [check.name for check in registry.audit_checks if check.find()[1]] == []


def test_both_find_them_there_without_the_locks(monkeypatch):
    """The control: only the demand, which is smaller by then, or the part's own bounds stop the second."""
    take_locks_away(monkeypatch, SalesOrder, SalesOrderLine, LinePart)
    (refused,) = [one for one in both() if isinstance(one, Exception)]
    assert not isinstance(refused, Blocked)
