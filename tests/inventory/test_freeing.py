"""The way back: what levels, bins, demands and allocations say when units lose their promise or their order."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from core.refusals import Blocked
from inventory import services
from inventory.audit import CHECKS
from inventory.models import Allocation, Bin, BinStock, Calendar, Demand, StockLevel, StockMove
from tests.factories.house import AT, TODAY, House
from tests.factories.warehouse import Statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A company with one warehouse; whatever a test does to its stock must be provable afterwards."""
    house = House.open()
    yield house
    for check in CHECKS:
        assert check.find()[1] == [], check.name


def cut(allocation, quantity, bin_id=None):
    return services.Cut(
        allocation.pk, allocation.demand_id, allocation.level_id, allocation.level.product_id, bin_id, Decimal(quantity)
    )


def unpick(allocation, quantity):
    services.unpick(unpicks=[services.Unpick(allocation.pk, allocation.demand_id, Decimal(quantity))], at=AT)


def figures(allocation):
    row = Allocation.objects.get(pk=allocation.pk)
    return (row.status, row.quantity, row.picked, row.consumed)


def demanded():
    demand = Demand.objects.get()
    return (demand.quantity, demand.allocated, demand.backordered, demand.picked)


class TestFreeAllocations:
    def test_makes_all_of_a_promise_sellable_again(self, house):
        house.order((house.product([9]), 4))
        allocation = Allocation.objects.get()
        services.free_allocations(cuts=[cut(allocation, 4)], at=AT)
        assert figures(allocation) == ("FREED", 4, 0, 0)
        assert demanded() == (4, 0, 4, 0)
        assert Demand.objects.get().promised_on is None
        assert StockLevel.objects.get().allocated == 0

    def test_makes_an_allocation_smaller(self, house):
        house.order((house.product([9]), 4))
        allocation = Allocation.objects.get()
        services.free_allocations(cuts=[cut(allocation, 1)], at=AT)
        assert figures(allocation) == ("FIRM", 3, 0, 0)
        assert demanded() == (4, 3, 1, 0)
        assert StockLevel.objects.get().allocated == 3

    def test_gives_back_what_the_picks_had_reserved_in_their_bins(self, house):
        order = house.order((house.product([[4, 3]]), 6))
        picks = services.release_allocations(demand_ids=house.demands(order), at=AT)
        allocation = Allocation.objects.get()
        services.free_allocations(cuts=[cut(allocation, pick.quantity - 1, pick.bin_id) for pick in picks], at=AT)
        assert figures(allocation) == ("RELEASED", 2, 0, 0)
        assert [stock.allocated for stock in BinStock.objects.filter(bin__kind=Bin.Kind.PICK)] == [1, 1]

    def test_leaves_what_was_picked_as_all_there_is(self, house):
        order = house.order((house.product([[4, 3]]), 6))
        first, second = services.release_allocations(demand_ids=house.demands(order), at=AT)
        services.pick_allocations(company_id=house.company.pk, picks=[first], reference="W", actor=house.boss, at=AT)
        allocation = Allocation.objects.get()
        services.free_allocations(cuts=[cut(allocation, second.quantity, second.bin_id)], at=AT)
        assert figures(allocation) == ("PICKED", 4, 4, 0)
        assert demanded() == (6, 0, 2, 4)

    def test_leaves_what_has_left_as_consumed(self, house):
        order = house.order((house.product([[4, 3]]), 6))
        first, second = services.release_allocations(demand_ids=house.demands(order), at=AT)
        services.pick_allocations(company_id=house.company.pk, picks=[first], reference="W", actor=house.boss, at=AT)
        house.issue([first])
        allocation = Allocation.objects.get()
        services.free_allocations(cuts=[cut(allocation, second.quantity, second.bin_id)], at=AT)
        assert figures(allocation) == ("CONSUMED", 4, 4, 4)

    @pytest.mark.parametrize("units", [5, 4])
    def test_refuses_more_than_is_left_to_give(self, house, units):
        order = house.order((house.product([9]), 4))
        if units == 4:
            house.pick(order)
        with pytest.raises(services.StockMoved), transaction.atomic():
            services.free_allocations(cuts=[cut(Allocation.objects.get(), units)], at=AT)
        assert Allocation.objects.get().quantity == 4

    def test_takes_three_statements_however_many_are_cut(self, house):
        orders = [house.order((house.product([9]), 4), (house.product([9]), 2)) for _ in range(3)]
        for order in orders:
            services.release_allocations(demand_ids=house.demands(order), at=AT)
        cuts = [
            cut(allocation, 1, BinStock.objects.get(product=allocation.level.product_id, allocated__gt=0).bin_id)
            for allocation in Allocation.objects.select_related("level")
        ]
        counts = []
        for batch in (cuts[:1], cuts[1:]):
            with Statements(house.boss) as statements:
                services.free_allocations(cuts=batch, at=AT)
            counts.append(len(statements))
        assert counts == [3, 3]


class TestMovePromise:
    def test_leaves_when_the_warehouse_that_has_it_is_open(self):
        house = House.open()
        closed = Calendar.objects.create(company=house.company, name="Mondays off", weekdays=[2, 3, 4, 5])
        house.warehouses[0].calendar = closed
        house.warehouses[0].save()
        product = house.product([2])
        giver, taker = house.order((product, 2)), house.order((product, 2))
        (gives,), (takes,) = house.demands(giver), house.demands(taker)
        services.move_promise(from_demand_id=gives, to_demand_id=takes, quantity=Decimal(2), reason="Asked", at=AT)
        assert Demand.objects.get(pk=takes).promised_on == TODAY + timedelta(days=1)


class TestCancelDemand:
    def test_lowers_what_waits(self, house):
        house.order((house.product([3]), 4))
        services.cancel_demand(cancelled={Demand.objects.get().pk: Decimal(1)}, at=AT)
        assert demanded() == (3, 3, 0, 0)
        assert Demand.objects.get().promised_on == AT.date()

    def test_of_a_part_of_what_waits_promises_nothing(self, house):
        house.order((house.product([1]), 4))
        services.cancel_demand(cancelled={Demand.objects.get().pk: Decimal(2)}, at=AT)
        assert demanded() == (2, 1, 1, 0)
        assert Demand.objects.get().promised_on is None

    def test_refuses_units_that_are_promised(self, house):
        house.order((house.product([3]), 4))
        with pytest.raises(services.StockMoved), transaction.atomic():
            services.cancel_demand(cancelled={Demand.objects.get().pk: Decimal(2)}, at=AT)
        assert demanded() == (4, 3, 1, 0)


class TestUnpick:
    def test_takes_the_order_from_goods_and_leaves_them_staged(self, house):
        house.pick(house.order((house.product([9]), 4)))
        allocation = Allocation.objects.get()
        unpick(allocation, 4)
        assert figures(allocation) == ("FREED", 4, 0, 0)
        assert demanded() == (0, 0, 0, 0)
        level = StockLevel.objects.get()
        assert (level.sellable, level.allocated, level.staged) == (5, 0, 4)

    def test_of_some_keeps_the_rest_picked(self, house):
        house.pick(house.order((house.product([9]), 4)))
        allocation = Allocation.objects.get()
        unpick(allocation, 1)
        assert figures(allocation) == ("PICKED", 3, 3, 0)
        assert demanded() == (3, 0, 0, 3)

    def test_of_all_that_is_in_the_house_leaves_what_has_left(self, house):
        (pick,) = house.pick(house.order((house.product([9]), 4)))
        house.issue([services.BinPick(**{name: getattr(pick, name) for name in pick.__slots__} | {"quantity": 3})])
        allocation = Allocation.objects.get()
        unpick(allocation, 1)
        assert figures(allocation) == ("CONSUMED", 3, 3, 3)

    def test_refuses_what_has_left(self, house):
        house.issue(house.pick(house.order((house.product([9]), 4))))
        with pytest.raises(services.StockMoved), transaction.atomic():
            unpick(Allocation.objects.get(), 1)
        assert figures(Allocation.objects.get()) == ("CONSUMED", 4, 4, 4)


def put_back(house, pick, bin_id, quantity=None):
    move = services.PutBackMove(pick.level_id, pick.product_id, pick.tote_id, bin_id, quantity or pick.quantity)
    return services.put_back(company_id=house.company.pk, moves=[move], reference="SO-1", actor=house.boss, at=AT)


class TestPutBack:
    @pytest.fixture
    def pick(self, house):
        """Four units in a tote that lost their order."""
        (pick,) = house.pick(house.order((house.product([9]), 4)))
        unpick(Allocation.objects.get(), 4)
        return pick

    def test_makes_the_goods_sellable_where_they_were(self, house, pick):
        posting = put_back(house, pick, pick.bin_id)
        level = StockLevel.objects.get()
        assert (level.sellable, level.staged, level.value) == (9, 0, 45)
        assert BinStock.objects.get(bin_id=pick.bin_id).quantity == 9
        assert BinStock.objects.get(bin_id=pick.tote_id).quantity == 0
        move = StockMove.objects.get(posting=posting)
        assert (move.from_bin_id, move.to_bin_id, move.quantity, move.value) == (pick.tote_id, pick.bin_id, 4, 0)

    def test_may_use_another_shelf_that_never_held_the_product(self, house, pick):
        other = house.shelves[house.warehouses[0].pk][2]
        put_back(house, pick, other.pk, quantity=Decimal(3))
        assert BinStock.objects.get(bin=other).quantity == 3
        assert StockLevel.objects.get().staged == 1

    def test_refuses_a_place_that_is_no_shelf(self, house, pick):
        with pytest.raises(Blocked), transaction.atomic():
            put_back(house, pick, pick.tote_id)

    def test_refuses_a_shelf_of_another_warehouse(self, house, pick):
        other = house.shelves[house.warehouse("Elsewhere").pk][0]
        with pytest.raises(Blocked), transaction.atomic():
            put_back(house, pick, other.pk)

    def test_gives_the_goods_to_who_waits_at_the_next_allocation(self, house, pick):
        waiting = house.order((pick_product(pick), 9))
        put_back(house, pick, pick.bin_id)
        got = services.allocate_demands(demand_ids=house.demands(waiting), at=AT)
        assert list(got.values()) == [4]


def pick_product(pick):
    return StockLevel.objects.get(pk=pick.level_id).product


class TestHoldDemands:
    def test_keeps_stock_away_until_it_is_lifted(self, house):
        product = house.product([1])
        order = house.order((product, 3))
        house.receive(product, 5)
        demands = house.demands(order)
        services.hold_demands(demand_ids=demands, held=True, at=AT)
        assert services.allocate_demands(demand_ids=demands, at=AT) == {}
        services.hold_demands(demand_ids=demands, held=False, at=AT)
        assert services.allocate_demands(demand_ids=demands, at=AT) == {demands[0]: 2}


class TestChecks:
    def test_hear_a_freed_allocation_with_goods_in_a_tote(self):
        house = House.open()
        house.pick(house.order((house.product([9]), 4)))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE inventory_allocation SET status = 'FREED'")
        assert "allocation status = its quantities" in [check.name for check in CHECKS if check.find()[1]]
