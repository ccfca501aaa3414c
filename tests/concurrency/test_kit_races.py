"""Two people who compose one kit at the same time, or break one up: it consists of what one of them said, once."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from inventory import services
from inventory.models import Product
from inventory.services import kits
from orders import services as orders_services
from orders.models import LinePart, SalesOrder, SalesOrderLine
from tests.factories.house import AT, House
from tests.factories.shipping import dispatched
from tests.race import PATIENCE, race
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def composed_by_two() -> int:
    """Have two people compose a kit, each of another product, and return of how many it consists then."""
    house = House.open()
    kit, *products = house.product(kind=Product.Kind.KIT), house.product(), house.product()
    assert house.boss.verbs

    def compose(product: Product) -> None:
        services.keep_components(kit_id=kit.pk, units={product.pk: Decimal(1)}, actor=house.boss, at=AT)

    outcomes = race(*(lambda product=product: compose(product) for product in products))
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    return int(kit.components.count())


def test_it_consists_of_what_one_of_them_said():
    assert composed_by_two() == 1


def test_it_consists_of_both_without_the_lock(monkeypatch):
    take_locks_away(monkeypatch, Product, pause=0)
    read, both_read = kits.components_of, threading.Barrier(2)

    def read_and_meet(rows):
        had = read(rows)
        both_read.wait(PATIENCE)
        return had

    monkeypatch.setattr(kits, "components_of", read_and_meet)
    assert composed_by_two() == 2


def broken_up_by_two() -> list[str]:
    """Have two people break up one kit, and return what kind of answer each got."""
    house = House.open()
    products = house.product([1]), house.product()
    kit = house.product(kind=Product.Kind.KIT)
    units = {product.pk: Decimal(1) for product in products}
    services.keep_components(kit_id=kit.pk, units=units, actor=house.boss, at=AT)
    order = dispatched(house, (kit, 1))
    line_id = order.lines.get().pk
    outcomes = race(*[lambda: orders_services.break_up_kit(line_id=line_id, actor=house.boss, at=AT)] * 2)
    assert order.lines.count() == 3
    return sorted(type(outcome).__name__ for outcome in outcomes)


def test_it_is_broken_up_once_and_the_second_is_told_so():
    assert broken_up_by_two() == ["Blocked", "BrokenUp"]


def test_the_second_meets_a_fault_without_the_locks(monkeypatch):
    take_locks_away(monkeypatch, SalesOrder, SalesOrderLine, LinePart, pause=0.05)
    assert broken_up_by_two() == ["BrokenUp", "IntegrityError"]
