"""Inspections under pressure: no unit is found good or bad twice."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core import registry
from core.refusals import ChangedMeanwhile
from inventory import services as inventory_services
from inventory.models import Inspection, SupplierOrder
from tests.factories.house import AT, House
from tests.factories.supply import arrive, sent
from tests.race import race
from tests.soak import count
from tests.unlocked import take_locks_away
from warehouse import services as warehouse_services

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

INSPECTORS = count(short=3, full=8)


def look() -> list[object]:
    """Let several find six of ten units good at once, for an order that waits for all; return what became of each."""
    house = House.open()
    product = house.product(is_inspected=True)
    house.order((product, 10))
    arrive(house, sent(house, (product, 10, 5)), 10)
    inspection, found = Inspection.objects.get(), inventory_services.Found(accepted=Decimal(6))

    def inspect() -> Inspection:
        return warehouse_services.inspect_goods(inspection_id=inspection.pk, found=found, actor=house.boss, at=AT)

    return race(*(inspect for _ in range(INSPECTORS)))


def test_find_each_unit_once():
    outcomes = look()
    assert [type(outcome) for outcome in outcomes if not isinstance(outcome, Inspection)] == [
        ChangedMeanwhile for _ in range(INSPECTORS - 1)
    ]
    row = Inspection.objects.get()
    assert (row.accepted, row.line.received, row.line.inspecting) == (6, 6, 4)
    assert [check.name for check in registry.audit_checks if check.find()[1] and "facet" not in check.name] == []


def test_find_units_twice_without_the_locks(monkeypatch):
    """The control: only the constraints refuse then, and nobody is told that less is left."""
    take_locks_away(monkeypatch, SupplierOrder, Inspection, pause=0.05)
    outcomes = look()
    assert any(isinstance(outcome, Exception) and not isinstance(outcome, ChangedMeanwhile) for outcome in outcomes)
