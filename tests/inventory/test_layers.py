"""First in, first out: what leaves costs what the units that came first did, to the last penny."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from inventory import services
from inventory.audit import CHECKS
from inventory.models import CostLayer, Product, StockLevel, StockMove, SupplierOrderLine
from inventory.services import layering
from inventory.services.layering import take
from returns.models import ReturnDisposition
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.returns import decided
from tests.factories.shipping import dispatched
from tests.factories.supply import arrive, sent
from tests.race import PATIENCE, race
from tests.unlocked import take_locks_away

cents = st.integers(0, 10_000).map(lambda n: Decimal(n).scaleb(-2))
units = st.integers(1, 50).map(Decimal)


def drift() -> list[str]:
    return [check.name for check in CHECKS if check.find()[1]]


def in_turn(house: House, **fields: Any) -> Product:
    return house.product(costing="FIRST_IN", **fields)


def adjusted(house: House, product: Product, quantity: Any) -> Decimal:
    """Write units off, or on, and return what they were worth."""
    shelf = house.shelves[house.warehouses[0].pk][0]
    one = services.Adjustment(shelf.pk, product.pk, Decimal(quantity))
    company = house.company.pk
    services.adjust_stock(company_id=company, adjustments=[one], places=2, reference="A", actor=house.boss, at=AT)
    return StockMove.objects.filter(product=product).latest("pk").value


def worth(product: Product) -> list[tuple[Decimal, Decimal]]:
    layers = CostLayer.objects.filter(level__product=product).order_by("pk")
    return [(layer.remaining, layer.remaining_value) for layer in layers]


@given(st.lists(st.tuples(units, cents), min_size=1, max_size=6), st.lists(units, max_size=12))
def test_layers_give_all_they_are_worth_and_in_their_order(came, leave):
    layers = [CostLayer(remaining=quantity, remaining_value=value) for quantity, value in came]
    total = sum(value for _quantity, value in came)
    left = sum(quantity for quantity, _value in came)
    for part in leave:
        asked = min(part, left)
        first = next((layer for layer in layers if layer.remaining), None)
        within = first is not None and asked < first.remaining
        share = first.remaining_value * asked / first.remaining if within else None
        cost = take(layers, asked, 2)
        assert cost >= 0
        assert share is None or abs(cost - share) <= Decimal("0.005")
        total, left = total - cost, left - asked
        assert sum(layer.remaining for layer in layers) == left
        assert sum(layer.remaining_value for layer in layers) == total
        assert all(layer.remaining or not layer.remaining_value for layer in layers)
        emptied = [not layer.remaining for layer in layers]
        assert emptied == sorted(emptied, reverse=True)
    assert take(layers, left, 2) == total, "the last unit takes the last penny"


@pytest.mark.django_db
class TestLayers:
    def test_are_what_goods_cost_on_all_their_ways(self):
        """PRODUCT.md rule 12: receipt, issue, write-off, find, return and what comes late."""
        house = House.open()
        product, other = in_turn(house), house.product()
        for thing in (product, other):
            house.receive(thing, 10, value="10")
            house.receive(thing, 3, value="10")
        house.issue(house.pick(house.order((product, 11), (other, 11))))
        sold = {move.product_id: move.value for move in StockMove.objects.filter(to_place="CUSTOMER")}
        assert sold == {product.pk: Decimal("13.33"), other.pk: Decimal("16.92")}
        assert worth(product) == [(0, 0), (2, Decimal("6.67"))]
        assert not CostLayer.objects.filter(level__product=other).exists()
        assert adjusted(house, product, 1) == Decimal("3.34"), "what is found is worth what the others are"
        assert adjusted(house, product, -2) == Decimal("6.67")
        assert worth(product)[2:] == [(1, Decimal("3.34"))]
        bought = sent(house, (product, 4, 5))
        SupplierOrderLine.objects.update(unit_cost=2)
        arrive(house, bought, 4)
        house.issue(house.pick(house.order((product, 2))))
        cost = services.add_late_cost(
            order_id=bought.pk, amount=Decimal(8), reference="Freight", actor=house.boss, at=AT
        )
        assert [(share.remaining, share.to_stock, share.to_issued) for share in cost.shares.all()] == [(3, 6, 2)]
        assert worth(product)[3:] == [(3, 12)]
        assert drift() == []

    def test_take_back_what_is_returned_at_the_cost_at_which_it_left(self):
        house = House.open()
        product = in_turn(house)
        house.receive(product, 2, value="3")
        house.receive(product, 2, value="8")
        decided(house, dispatched(house, (product, 2)), {product: 1}, disposition=ReturnDisposition.Kind.RESTOCK)
        assert worth(product) == [(0, 0), (2, 8), (1, Decimal("1.50"))]
        assert drift() == []

    def test_follow_a_count(self):
        house = House.open()
        product = in_turn(house)
        shelf = house.shelves[house.warehouses[0].pk][0]
        house.receive(product, 2, value="3")
        house.receive(product, 2, value="8")
        for counted, left in ((1, [(0, 0), (1, 4)]), (3, [(0, 0), (1, 4), (2, 8)]), (0, [(0, 0)] * 3)):
            services.count_bin(
                company_id=house.company.pk,
                bin_id=shelf.pk,
                product_id=product.pk,
                counted=Decimal(counted),
                places=2,
                reference="C",
                actor=house.boss,
                at=AT,
            )
            assert worth(product) == left
        assert drift() == []

    def test_are_chosen_on_the_form_seen_on_the_page_and_kept_once_there_is_stock(self):
        house = House.open()
        client = Client()
        client.force_login(house.boss, backend="django.contrib.auth.backends.ModelBackend")
        form = {"sku": "F-1", "name": "Lamp", "kind": "STOCK", "unit": house.unit.pk, "costing": "FIRST_IN"}
        assert client.post(reverse("inventory:create_product"), form).status_code == 302
        product = Product.objects.get(sku="F-1")
        house.receive(product, 3, value="12.34")
        page = reverse("inventory:product", args=[product.pk])
        assert "12.34" in client.get(page).content.decode()
        client.force_login(person("PICKER", company=house.company), backend="django.contrib.auth.backends.ModelBackend")
        assert "12.34" not in client.get(page).content.decode()
        with pytest.raises(DatabaseError, match="its tracking and costing stay"):
            Product.objects.filter(pk=product.pk).update(costing="AVERAGE")

    @pytest.mark.parametrize(
        ("constraint", "change"),
        [
            ("costlayer_remaining_within_quantity", "inventory_costlayer SET remaining = quantity + 1"),
            ("costlayer_empty_is_worthless", "inventory_costlayer SET remaining = 0"),
            ("costlayer_empty_is_worthless", "inventory_costlayer SET remaining_value = -1"),
            ("product_costing_is_known", "inventory_product SET costing = 'LAST_IN' WHERE sku = 'SKU-0002'"),
        ],
    )
    def test_are_kept_in_bounds_by_the_database(self, constraint, change):
        house = House.open()
        house.receive(in_turn(house), 3, value="3")
        assert house.product().sku == "SKU-0002"
        with pytest.raises(IntegrityError, match=constraint), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {change}")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestAtTheSameTime:
    def write_off_while_goods_leave(self, monkeypatch, *, patience: float) -> list[str]:
        """Return the proofs that fail where units are written off while the last ones that were promised leave."""
        house = House.open()
        product = in_turn(house)
        house.receive(product, 4, value="4")
        house.receive(product, 4, value="8")
        picks = house.pick(house.order((product, 3)))
        assert house.boss.verbs
        has_read, has_left = threading.Event(), threading.Event()

        def slowly(layers, asked, places):
            layers = list(layers)
            if threading.current_thread() is writer[0]:
                has_read.set()
                has_left.wait(patience)
            return take(layers, asked, places)

        def leave() -> None:
            has_read.wait(PATIENCE)
            house.issue(picks)
            has_left.set()

        def write_off() -> None:
            writer.append(threading.current_thread())
            adjusted(house, product, -2)

        writer: list[threading.Thread] = []
        monkeypatch.setattr(layering, "take", slowly)
        outcomes = race(write_off, leave)
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        return drift()

    def test_no_layer_is_taken_twice(self, monkeypatch):
        assert self.write_off_while_goods_leave(monkeypatch, patience=0.3) == []

    def test_one_is_without_the_lock(self, monkeypatch):
        take_locks_away(monkeypatch, StockLevel, pause=0)
        assert any("layers" in name for name in self.write_off_while_goods_leave(monkeypatch, patience=PATIENCE))


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_layers_that_do_not_come_to_their_level_are_found():
    house = House.open()
    product, other = in_turn(house), house.product([3])
    house.receive(product, 3, value="3")
    assert drift() == []
    with connection.cursor() as cursor:
        for column in ("remaining", "remaining_value"):
            for change in "-+":
                cursor.execute(f"UPDATE inventory_costlayer SET quantity = 9, {column} = {column} {change} 1")
                assert len(drift()) == bool(change == "-"), column
        other_level = StockLevel.objects.get(product=other)
        cursor.execute("UPDATE inventory_costlayer SET level_id = %s", [other_level.pk])
        assert len(drift()) == 1
