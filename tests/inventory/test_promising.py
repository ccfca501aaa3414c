"""Promising and moving stock: what the levels, bins, demands and the ledger say afterwards."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from core.refusals import Blocked
from inventory import services
from inventory.models import Allocation, BinStock, Demand, StockLevel, StockMove
from tests.factories.house import AT, House

pytestmark = pytest.mark.django_db


def level(product, warehouse=None) -> StockLevel:
    rows = StockLevel.objects.filter(product=product)
    return rows.get(warehouse=warehouse) if warehouse else rows.get()


class TestPlaceDemand:
    def test_allocates_what_is_there_and_backorders_the_rest(self):
        house = House.open()
        product = house.product([10])
        order = house.order((product, 14))
        demand = Demand.objects.get(pk__in=house.demands(order))
        assert (demand.allocated, demand.backordered, demand.promised_on) == (10, 4, None)
        assert (level(product).sellable, level(product).allocated) == (10, 10)
        assert order.allocation == "PART"

    def test_gives_three_of_four_equal_lines_when_three_are_there(self):
        """PRODUCT.md case 14."""
        house = House.open()
        product = house.product([3])
        order = house.order(*[(product, 1)] * 4)
        demands = Demand.objects.filter(pk__in=house.demands(order)).order_by("pk")
        assert [d.allocated for d in demands] == [1, 1, 1, 0]

    def test_says_why_this_warehouse(self):
        house = House.open(warehouses=2)
        product = house.product([1, 5])
        house.order((product, 3))
        assert Allocation.objects.get().reason == "Site 2 can fill the order"

    def test_the_database_refuses_to_promise_more_than_is_there(self):
        house = House.open()
        product = house.product([1])
        with pytest.raises(IntegrityError, match="stocklevel_allocated_within_sellable"), transaction.atomic():
            StockLevel.objects.filter(product=product).update(allocated=2)


class TestAllocateDemands:
    def test_gives_a_receipt_to_the_backorders_that_waited(self):
        house = House.open()
        product = house.product([1])
        first, second = house.order((product, 3)), house.order((product, 2))
        house.receive(product, 3)
        waiting = house.demands(second) + house.demands(first)
        got = services.allocate_demands(demand_ids=waiting, at=AT)
        assert got == {house.demands(first)[0]: 2, house.demands(second)[0]: 1}
        assert level(product).allocated == level(product).sellable == 4

    def test_does_nothing_without_stock(self):
        house = House.open()
        order = house.order((house.product([1]), 3))
        assert services.allocate_demands(demand_ids=house.demands(order), at=AT) == {}


class TestReleaseAllocations:
    def test_prefers_one_bin_that_has_it_all(self):
        house = House.open()
        order = house.order((house.product([[2, 7, 9]]), 5))
        (pick,) = services.release_allocations(demand_ids=house.demands(order), at=AT)
        assert BinStock.objects.get(bin_id=pick.bin_id, product_id=pick.product_id).quantity == 7

    def test_takes_bins_in_walking_order_when_none_has_it_all(self):
        house = House.open()
        product = house.product([[4, 0, 3]])
        order = house.order((product, 6))
        picks = services.release_allocations(demand_ids=house.demands(order), at=AT)
        assert [pick.quantity for pick in picks] == [4, 2]
        assert set(BinStock.objects.filter(product=product, allocated__gt=0).values_list("allocated", flat=True)) == {
            4,
            2,
        }

    def test_never_offers_what_another_task_will_take(self):
        """PRODUCT.md case 53."""
        house = House.open()
        product = house.product([[93, 5]])
        first = house.order((product, 93))
        second = house.order((product, 5))
        picks = services.release_allocations(demand_ids=house.demands(first) + house.demands(second), at=AT)
        assert [pick.quantity for pick in picks] == [93, 5]
        assert len({pick.bin_id for pick in picks}) == 2

    def test_releases_once(self):
        house = House.open()
        order = house.order((house.product([5]), 5))
        services.release_allocations(demand_ids=house.demands(order), at=AT)
        assert services.release_allocations(demand_ids=house.demands(order), at=AT) == []


class TestPickAndIssue:
    def test_moves_stock_out_once_at_its_cost(self):
        house = House.open()
        product = house.product()
        house.receive(product, 3, value="10.00")
        order = house.order((product, 2))
        picks = house.pick(order)
        row = level(product)
        assert (row.sellable, row.allocated, row.staged, row.value) == (1, 0, 2, 10)
        issued = house.issue(picks)
        row = level(product)
        assert (row.sellable, row.staged, row.value) == (1, 0, Decimal("3.33"))
        assert issued.costs == (Decimal("6.67"),)
        assert Allocation.objects.get().status == Allocation.Status.CONSUMED

    def test_the_last_unit_takes_the_last_penny(self):
        """PRODUCT.md rule 12: when quantity hits 0 value hits 0."""
        house = House.open()
        product = house.product()
        house.receive(product, 3, value="10.00")
        for _ in range(3):
            house.issue(house.pick(house.order((product, 1))))
        assert (level(product).sellable, level(product).value) == (0, 0)

    def test_refuses_a_second_issue_of_the_same_units(self):
        """PRODUCT.md case 68."""
        house = House.open()
        picks = house.pick(house.order((house.product([5]), 2)))
        house.issue(picks)
        moves = StockMove.objects.count()
        with pytest.raises((services.StockMoved, IntegrityError)), transaction.atomic():
            house.issue(picks)
        assert StockMove.objects.count() == moves

    def test_refuses_a_second_pick_of_the_same_units(self):
        house = House.open()
        order = house.order((house.product([5]), 2))
        picks = house.pick(order)
        with pytest.raises(services.StockMoved), transaction.atomic():
            services.pick_allocations(company_id=house.company.pk, picks=picks, reference="W", actor=house.boss, at=AT)

    def test_a_promise_to_one_order_never_blocks_another_that_ships(self):
        """PRODUCT.md cases 7 and 13."""
        house = House.open()
        product = house.product([4])
        orders = [house.order((product, 1)) for _ in range(4)]
        house.issue(house.pick(orders[0]))
        row = level(product)
        assert (row.sellable, row.allocated, row.staged) == (3, 3, 0)


class TestReceiveStock:
    def test_refuses_a_warehouse_without_a_tote(self):
        house = House.open()
        house.warehouses[0].bins.filter(kind="TOTE").delete()
        with pytest.raises(services.WarehouseNotReady):
            house.product([1])

    def test_refuses_a_bin_of_another_company(self):
        house, other = House.open(), House.open()
        product = house.product()
        with pytest.raises(services.WarehouseNotReady):
            house.receive(product, 1, shelf=other.shelves[other.warehouses[0].pk][0])
        assert not StockLevel.objects.filter(product=product).exists()

    def test_refuses_a_product_of_another_company(self):
        house, other = House.open(), House.open()
        product = other.product()
        with pytest.raises(Blocked):
            house.receive(product, 1)
        assert not StockLevel.objects.filter(product=product).exists()

    def test_refuses_a_company_that_the_person_does_not_work_for(self):
        house, other = House.open(), House.open()
        product, house.boss = house.product(), other.boss
        with pytest.raises(services.WarehouseNotReady):
            house.receive(product, 1)
        assert not StockLevel.objects.filter(product=product).exists()
