"""Two people who compose one kit at the same time: it consists of what one of them said."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory import services
from inventory.models import Product
from tests.factories.house import AT, House
from tests.race import race
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
    take_locks_away(monkeypatch, Product, pause=0.05)
    assert composed_by_two() == 2
