"""Lots: known by their code wherever they lie, the first to expire goes first, and nobody is given what has expired."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from core.refusals import Blocked
from inventory import services as inventory_services
from inventory.audit import CHECKS
from inventory.models import Allocation, BinStock, Demand, Lot, Product, StockMove
from tests.factories.house import AT, TODAY, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return House.open()


def milk(house: House, *lots: tuple[str, int, date | None], shelf: int = 0) -> Product:
    """Return a product with lots on a shelf: code, units, last day."""
    product = house.product(tracking="LOT")
    for code, units, last in lots:
        house.receive(product, units, lot=code, good_until=last, shelf=house.shelves[house.warehouses[0].pk][shelf])
    return product


def in_days(days: int) -> date:
    return TODAY + timedelta(days=days)


def drift() -> dict[str, object]:
    found = {check.name: check.find()[1] for check in CHECKS}
    return {name: rows for name, rows in found.items() if rows}


def picks_of(house: House, order) -> list[tuple[str, Decimal]]:
    picks = inventory_services.release_allocations(demand_ids=house.demands(order), at=AT)
    codes = dict(Lot.objects.values_list("pk", "code"))
    return [(codes[pick.lot_id], pick.quantity) for pick in picks]


class TestChoosing:
    def test_the_first_to_expire_goes_first_wherever_it_lies(self, house):
        """Case 22: of lots that are good until the 29th and the 30th, the first goes first."""
        product = house.product(tracking="LOT")
        first, _second, third = house.shelves[house.warehouses[0].pk]
        house.receive(product, 5, lot="LATER", good_until=in_days(30), shelf=first)
        house.receive(product, 5, lot="SOONER", good_until=in_days(29), shelf=third)
        assert picks_of(house, house.order((product, 4))) == [("SOONER", 4)]
        assert sorted(picks_of(house, house.order((product, 4)))) == [("LATER", 3), ("SOONER", 1)]

    def test_an_order_takes_the_rest_of_a_lot_and_goes_on_with_the_next(self, house):
        """Case 54: of lots of 100 and 100, orders of 10 and 110 get 10, and 90 and 20."""
        product = milk(house, ("A", 100, in_days(10)), ("B", 100, in_days(20)))
        ten, more = house.order((product, 10)), house.order((product, 110))
        assert picks_of(house, ten) == [("A", 10)]
        assert sorted(picks_of(house, more)) == [("A", 90), ("B", 20)]

    def test_a_lot_shared_by_two_orders_ships_for_the_first(self, house):
        """Case 8: of two units of a lot for two orders, the first order's ships."""
        product = milk(house, ("A", 2, in_days(9)))
        first, second = house.order((product, 1)), house.order((product, 1))
        picks = [house.pick(order) for order in (first, second)]
        house.issue(picks[0])
        moved = StockMove.objects.filter(to_place=StockMove.Place.CUSTOMER).get()
        assert (moved.lot.code, moved.quantity) == ("A", 1)
        assert drift() == {}

    def test_units_without_a_last_day_keep_and_go_last(self, house):
        product = milk(house, ("KEEPS", 5, None), ("SPOILS", 5, in_days(3)))
        assert picks_of(house, house.order((product, 5))) == [("SPOILS", 5)]

    def test_a_serial_number_is_one_unit(self, house):
        product = house.product(tracking="SERIAL")
        for serial in ("S-1", "S-2"):
            house.receive(product, 1, lot=serial)
        with pytest.raises(inventory_services.LotUnclear, match="S-1 stands for one unit"), transaction.atomic():
            house.receive(product, 1, lot="S-1")
        with pytest.raises(inventory_services.LotUnclear, match="S-3 stands for one unit"), transaction.atomic():
            house.receive(product, 2, lot="S-3")
        order = house.order((product, 2))
        assert sorted(picks_of(house, order)) == [("S-1", 1), ("S-2", 1)]
        assert drift() == {}


class TestRemainingLife:
    def test_a_customer_gets_what_lasts_as_long_as_they_want(self, house):
        house.customer.good_for_days = 20
        house.customer.save()
        product = milk(house, ("SHORT", 6, in_days(19)), ("LONG", 4, in_days(20)))
        demand = Demand.objects.get(pk=house.demands(house.order((product, 10)))[0])
        assert (demand.good_until, demand.allocated, demand.backordered) == (in_days(20), 4, 6)

    def test_what_others_need_is_not_promised_to_who_could_do_with_less(self, house):
        """Who needs goods for long takes of what serves everybody: each release finds what was promised."""
        product = milk(house, ("SHORT", 6, in_days(19)), ("LONG", 4, in_days(40)))
        house.customer.good_for_days = 30
        house.customer.save()
        picky = house.order((product, 3))
        house.customer.good_for_days = 0
        house.customer.save()
        easy = house.order((product, 9))
        assert Demand.objects.get(pk=house.demands(easy)[0]).allocated == 7
        assert drift() == {}
        # Whichever is released first
        assert sorted(picks_of(house, easy)) == [("LONG", 1), ("SHORT", 6)]
        assert picks_of(house, picky) == [("LONG", 3)]
        assert drift() == {}

    def test_goods_wanted_later_last_until_then(self, house):
        product = milk(house, ("A", 5, in_days(5)))
        order = house.order((product, 5), requested_on=in_days(6))
        assert Demand.objects.get(pk=house.demands(order)[0]).backordered == 5

    def test_of_several_warehouses_one_is_asked_that_has_what_lasts(self):
        house = House.open(warehouses=2)
        near, far = house.warehouses
        product = house.product(tracking="LOT")
        house.receive(product, 9, lot="OLD", good_until=in_days(2), shelf=house.shelves[near.pk][0])
        house.receive(product, 9, lot="NEW", good_until=in_days(90), shelf=house.shelves[far.pk][0])
        house.customer.good_for_days = 30
        house.customer.save()
        order = house.order((product, 5))
        assert Allocation.objects.get(demand__in=house.demands(order)).level.warehouse == far

    def test_a_promise_moves_only_to_whom_the_goods_last_for(self, house):
        product = milk(house, ("SHORT", 5, in_days(9)))
        giver = house.order((product, 5))
        house.customer.good_for_days = 30
        house.customer.save()
        taker = house.order((product, 2))
        move = {"from_demand_id": house.demands(giver)[0], "to_demand_id": house.demands(taker)[0], "reason": "x"}
        with pytest.raises(Blocked, match="not good until"), transaction.atomic():
            inventory_services.move_promise(**move, quantity=Decimal(1), at=AT)
        house.receive(product, 2, lot="LONG", good_until=in_days(60))
        inventory_services.move_promise(**move, quantity=Decimal(2), at=AT)
        assert picks_of(house, taker) == [("LONG", 2)]
        assert drift() == {}


class TestNaming:
    def test_what_is_tracked_comes_in_by_lot_and_nothing_else_does(self, house):
        with pytest.raises(inventory_services.LotUnclear, match="Say which lot of SKU-"), transaction.atomic():
            house.receive(house.product(tracking="LOT"), 1)
        with pytest.raises(inventory_services.LotUnclear, match="has no lots"), transaction.atomic():
            house.receive(house.product(), 1, lot="A")

    def test_a_lot_is_known_again_by_its_code(self, house):
        product = milk(house, ("A", 5, in_days(9)))
        house.receive(product, 2, lot="A")
        assert Lot.objects.get(product=product).expires_on == in_days(9)
        with pytest.raises(inventory_services.LotUnclear, match="is known, and keeps until"), transaction.atomic():
            house.receive(product, 2, lot="A", good_until=in_days(8))

    @pytest.mark.parametrize("tracking", ["LOT", "NONE"])
    def test_the_database_refuses_stock_that_is_not_as_its_product_is_tracked(self, house, tracking):
        product, other = milk(house, ("A", 5, None)), house.product(tracking=tracking)
        lot = Lot.objects.get(product=product)
        with pytest.raises(ProgrammingError, match="is not how that is tracked"), transaction.atomic():
            BinStock.objects.create(product=other, bin=house.shelves[house.warehouses[0].pk][0], lot=lot)
        with pytest.raises(ProgrammingError, match="is not how that is tracked"), transaction.atomic():
            BinStock.objects.create(product=product, bin=house.shelves[house.warehouses[0].pk][1])

    def test_how_a_product_is_tracked_stays_once_it_has_stock(self, house):
        product = milk(house, ("A", 5, None))
        product.tracking = Product.Tracking.NONE
        with pytest.raises(ProgrammingError, match="its tracking and costing stay"), transaction.atomic():
            product.save()
        charge = house.product(kind=Product.Kind.CHARGE)
        charge.tracking = Product.Tracking.LOT
        with pytest.raises(IntegrityError, match="product_tracked_where_it_is_stock"), transaction.atomic():
            charge.save()
