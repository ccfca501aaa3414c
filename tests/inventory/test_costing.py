"""What goods cost besides, after they came: what is left of them is worth more, and what has left keeps its cost."""

import threading
from decimal import Decimal

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from core.money import spread
from core.refusals import Blocked
from inventory import services
from inventory.audit import CHECKS
from inventory.models import LateCost, StockLevel, SupplierOrderLine
from inventory.services import costing
from tests.factories.house import AT, House
from tests.factories.supply import arrive, sent
from tests.race import PATIENCE, race
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db


def drift() -> list[str]:
    """Return the proofs of inventory that fail."""
    return [check.name for check in CHECKS if check.find()[1]]


def late_cost(house: House, order, amount) -> LateCost:
    return services.add_late_cost(
        order_id=order.pk, amount=Decimal(amount), reference="Freight", actor=house.boss, at=AT
    )


class TestLateCost:
    def test_is_split_over_what_is_left_and_what_has_left(self):
        """PRODUCT.md case 91 and rule 14: odoo#282371, #22655."""
        house = House.open()
        product = house.product()
        bought = sent(house, (product, 10, 5))
        with pytest.raises(Blocked, match="Nothing of"):
            late_cost(house, bought, 100)
        SupplierOrderLine.objects.update(unit_cost=50)
        arrive(house, bought, 10)
        house.issue(house.pick(house.order((product, 3))))
        level = StockLevel.objects.get(product=product)
        assert (level.value, level.staged + level.sellable) == (350, 7)
        cost = late_cost(house, bought, 100)
        assert [(one.remaining, one.to_stock, one.to_issued) for one in cost.shares.all()] == [(7, 70, 30)]
        assert StockLevel.objects.get(product=product).value == 420
        house.issue(house.pick(house.order((product, 7))))
        assert StockLevel.objects.get(product=product).value == 0, "no penny stays where no unit is"
        last = late_cost(house, bought, "9.99")
        assert [(one.remaining, one.to_stock, one.to_issued) for one in last.shares.all()] == [(0, 0, Decimal("9.99"))]
        for wrong in ("0", "-1", "0.001"):
            with pytest.raises(Blocked, match="is no amount"):
                late_cost(house, bought, wrong)
        assert drift() == []

    def test_goes_by_what_was_bought_and_comes_to_the_whole(self):
        house = House.open()
        products = [house.product() for _ in range(3)]
        bought = sent(house, *((product, 1, 5) for product in products))
        arrive(house, bought, 1, 1, 1)
        cost = late_cost(house, bought, 100)
        assert [share.to_stock for share in cost.shares.order_by("pk")] == [
            Decimal("33.34"),
            Decimal("33.33"),
            Decimal("33.33"),
        ]
        assert drift() == []

    def test_is_added_on_a_page_that_then_tells_of_it(self):
        house = House.open()
        bought = sent(house, (house.product(), 4, 5))
        client = Client()
        client.force_login(house.boss, backend="django.contrib.auth.backends.ModelBackend")
        page, form = (reverse(f"supply:{name}", args=[bought.pk]) for name in ("order", "add_cost"))
        assert "Add a cost" not in client.get(page).content.decode()
        arrive(house, bought, 4)
        assert "Add a cost" in client.get(page).content.decode()
        assert client.get(form).status_code == 200
        assert client.post(form, {"amount": "x", "reference": ""}).status_code == 422
        assert client.post(form, {"amount": "12.00", "reference": "Duty 77"}).status_code == 302
        assert "Duty 77" in client.get(page).content.decode()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestAtTheSameTime:
    def left_over(self, monkeypatch, *, patience: float) -> Decimal:
        """Return what a level is worth without a unit, where its last ones leave while a cost is being shared."""
        house = House.open()
        product = house.product()
        bought = sent(house, (product, 4, 5))
        arrive(house, bought, 4)
        picks = house.pick(house.order((product, 4)))
        assert house.boss.verbs
        has_read, has_left = threading.Event(), threading.Event()

        def share(*figures):
            has_read.set()
            has_left.wait(patience)
            return spread(*figures)

        def leave() -> None:
            has_read.wait(PATIENCE)
            house.issue(picks)
            has_left.set()

        monkeypatch.setattr(costing, "spread", share)
        outcomes = race(lambda: late_cost(house, bought, 10), leave)
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        level = StockLevel.objects.get(product=product)
        assert level.staged + level.sellable == 0
        return level.value

    def test_no_worth_stays_where_no_unit_is(self, monkeypatch):
        assert self.left_over(monkeypatch, patience=0.3) == 0

    def test_some_stays_without_the_lock(self, monkeypatch):
        take_locks_away(monkeypatch, StockLevel, pause=0)
        assert self.left_over(monkeypatch, patience=PATIENCE) == 10


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("inventory_latecostshare", "UPDATE inventory_latecostshare SET to_stock = to_stock + 1"),
        ("inventory_latecostshare", "UPDATE inventory_latecostshare SET to_issued = to_issued + 1"),
        ("inventory_latecost", "UPDATE inventory_latecost SET amount = amount + 1"),
    ],
)
def test_a_cost_that_is_not_what_it_was_spread_to_is_found(table, statement):
    house = House.open()
    bought = sent(house, (house.product(), 4, 5))
    arrive(house, bought, 4)
    late_cost(house, bought, 10)
    assert drift() == []
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
    assert drift() != []
