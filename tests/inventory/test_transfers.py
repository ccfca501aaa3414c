"""Transfers: units are kept, travel with their cost and their promises, and arrive, or are lost."""

from decimal import Decimal

import pytest

from core import registry
from core.refusals import Blocked, NotAllowed
from core.roles import Role
from inventory import services
from inventory.models import Allocation, BinStock, Demand, Lot, StockLevel, StockMove, Transfer, WarehouseAccess
from inventory.queries.atp import available
from inventory.services.suggesting import suggestions
from orders import services as orders_services
from orders.models import CancelReason, OrderEvent, SalesOrder
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House
from tests.factories.supply import day, sent
from tests.factories.transfers import brought, drafted, leave, lines_of, reach

pytestmark = pytest.mark.django_db


def drift() -> list[str]:
    return [check.name for check in registry.audit_checks if check.find()[1] and "facet" not in check.name]


def level(product, warehouse) -> tuple[Decimal, ...]:
    row = StockLevel.objects.get(product=product, warehouse=warehouse)
    return row.sellable, row.allocated, row.value


def demand(house: House, order: SalesOrder, line: int = 0) -> Demand:
    return Demand.objects.get(pk=house.demands(order)[line])


def pegs(of: Demand) -> list[tuple[Decimal, int | None]]:
    rows = Allocation.objects.filter(demand=of, status="SOFT").order_by("pk")
    return list(rows.values_list("quantity", "transfer_line"))


class TestTransfer:
    def test_keeps_units_and_takes_their_cost_along_to_the_cent(self):
        house = House.open(warehouses=2)
        here, there = house.warehouses
        product = house.product()
        first, second, _third = house.shelves[there.pk]
        house.receive(product, 2, value="10", shelf=first)
        house.receive(product, 5, value="13.33", shelf=second)
        transfer = drafted(house, (product, 6))
        assert level(product, there) == (7, 6, Decimal("23.33"))
        refused = house.draft((product, 2))
        house.confirm(refused)
        assert demand(house, refused).allocated == 1
        leave(house, transfer)
        (line,) = lines_of(transfer)
        # 23.33 / 7 x 6 = 19.997...
        assert (line.sent, line.value, line.open) == (6, Decimal("20.00"), 6)
        assert level(product, there) == (1, 1, Decimal("3.33"))
        assert not StockLevel.objects.filter(product=product, warehouse=here).exists()
        assert leave(house, transfer).status == "SENT"
        assert drift() == []
        reach(house, transfer, 1)
        assert Transfer.objects.get().status == "PART_RECEIVED"
        reach(house, transfer, 1)
        reach(house, transfer, 3, last=True)
        (line,) = lines_of(transfer)
        assert (line.received, line.lost, line.settled, line.open) == (5, 1, 20, 0)
        moves = StockMove.objects.filter(from_place="TRANSIT").order_by("pk")
        values = [("BIN", "3.33"), ("BIN", "3.34"), ("BIN", "10.00"), ("ADJUSTMENT", "3.33")]
        assert [(move.to_place, move.value) for move in moves] == [(place, Decimal(one)) for place, one in values]
        assert Transfer.objects.get().status == "RECEIVED"
        assert drift() == []

    def test_refuses_with_the_exact_figures_and_changes_nothing(self):
        house = House.open(warehouses=2)
        one, two = house.product([0, 3]), house.product([0, [2, 2]])
        house.order((two, 1))
        with pytest.raises(
            services.NotEnoughFree, match=r"Site 2 has for nobody only 3 of SKU-0001, not 4; 3 of SKU-0002, not 9\."
        ):
            drafted(house, (one, 4), (two, 9))
        transfer = drafted(house, (one, 3), (two, 3))
        with pytest.raises(services.NotEnoughFree, match=r"3 of SKU-0001 are kept for it, not 4\."):
            leave(house, transfer, 4)
        with pytest.raises(Blocked, match="cancel the transfer instead"):
            leave(house, transfer, 0, 0)
        with pytest.raises(Blocked, match="nothing of it is expected"):
            reach(house, transfer, 1, 1)
        leave(house, transfer, 3, 1)
        with pytest.raises(Blocked, match=r"1 of SKU-0002 are still on their way, and not 2"):
            reach(house, transfer, 3, 2)
        assert level(two, house.warehouses[1])[:2] == (3, 1)
        assert [line.open for line in lines_of(transfer)] == [3, 1]
        assert drift() == []

    def test_is_sent_and_received_where_people_work(self):
        house = House.open(warehouses=3)
        product = house.product([0, 9])
        keepers = [person(Role.WAREHOUSE_MANAGER, company=house.company) for _ in range(3)]
        for keeper, warehouse in zip(keepers, house.warehouses, strict=True):
            WarehouseAccess.objects.create(user=keeper, warehouse=warehouse)
        here, there, elsewhere = keepers
        with pytest.raises(Blocked, match="neither"):
            drafted(house, (product, 5), actor=elsewhere)
        transfer = drafted(house, (product, 5), actor=here)
        with pytest.raises(Blocked, match="You do not work in Site 2"):
            leave(house, transfer, actor=here)
        with pytest.raises(Blocked, match="no such transfer"):
            leave(house, transfer, actor=elsewhere)
        leave(house, transfer, actor=there)
        with pytest.raises(Blocked, match="You do not work in Site 1"):
            reach(house, transfer, 5, actor=there)
        reach(house, transfer, 5, actor=here)
        with pytest.raises(NotAllowed):
            drafted(house, (product, 1), actor=person(Role.PICKER, company=house.company))
        assert level(product, house.warehouses[0])[:2] == (5, 0)

    def test_sends_lots_that_last_for_the_shortest_time_first_each_on_a_line_of_its_own(self):
        house = House.open(warehouses=2)
        here, there = house.warehouses
        product = house.product(tracking="LOT")
        for code, units, until in (("B", 4, 40), ("A", 3, 20), ("OLD", 5, -1)):
            house.receive(product, units, shelf=house.shelves[there.pk][0], lot=code, good_until=day(until))
        with pytest.raises(services.NotEnoughFree, match="only 7 of"):
            drafted(house, (product, 8))
        order = house.order((product, 2))
        transfer = drafted(house, (product, 5))
        late = house.order((product, 4))
        services.peg_demands(product_ids=[product.pk], at=AT)
        assert pegs(demand(house, late)) == [(4, lines_of(transfer)[0].pk)]
        leave(house, transfer)
        assert [(line.lot.code, line.quantity, line.sent) for line in lines_of(transfer)] == [("A", 3, 3), ("B", 2, 2)]
        assert pegs(demand(house, late)) == [(3, lines_of(transfer)[0].pk), (1, lines_of(transfer)[1].pk)]
        assert drift() == []
        reach(house, transfer, 3, 2)
        assert demand(house, late).allocated == 4
        assert demand(house, order).allocated == 2
        there_now = BinStock.objects.filter(bin__warehouse=here, quantity__gt=0).values_list("lot__code", "quantity")
        assert sorted(there_now) == [("A", 3), ("B", 2)]
        assert drift() == []
        assert Lot.objects.count() == 3


class TestWhatComes:
    """A transfer's line is supply with a date, as a supplier's is."""

    def test_is_promised_counted_and_served_and_moves_the_promise_with_its_day(self):
        house = House.open(warehouses=2)
        product = house.product([0, 6])
        transfer = drafted(house, (product, 6), days=3)
        order = house.order((product, 4))
        services.peg_demands(product_ids=[product.pk], at=AT)
        waits = demand(house, order)
        assert (waits.backordered, waits.promised_on, waits.first_promised_on) == (4, day(3), day(3))
        found = available([product.pk], TODAY)[product.pk]
        assert (found.now, [(one.on, one.more) for one in found.arrivals]) == (0, [(day(3), 2)])
        assert [one.number for one in found.inbound] == [transfer.number]
        assert suggestions(company_ids=[house.company.pk], today=TODAY) == []
        services.date_transfer(transfer_id=transfer.pk, expected_on=day(5), actor=house.boss, at=AT)
        assert demand(house, order).promised_on == day(5)
        assert services.note_late(at=AT.replace(day=29)) == 1
        late = demand(house, order)
        assert (late.promised_on, late.first_promised_on) == (None, day(3))
        told = (
            OrderEvent.objects.filter(order=order, kind="PROMISED").order_by("pk").values_list("data__cause", flat=True)
        )
        assert list(told) == ["pegged", "transfer_moved", "transfer_late"]
        services.date_transfer(transfer_id=transfer.pk, expected_on=day(2), actor=house.boss, at=AT)
        leave(house, transfer)
        reach(house, transfer, 6)
        assert (demand(house, order).allocated, demand(house, order).backordered) == (4, 0)
        assert OrderEvent.objects.filter(order=order, kind="ALLOCATED").get().data["supplier_order"] == transfer.number
        assert level(product, house.warehouses[0])[:2] == (6, 4)
        assert drift() == []

    def test_is_lost_or_not_sent_or_called_off_and_who_waits_gets_other_stock_or_another_date(self):
        house = House.open(warehouses=2)
        product = house.product([0, 9])
        transfer, other = drafted(house, (product, 5), days=2), drafted(house, (product, 4), days=3)
        order = house.order((product, 7))
        services.peg_demands(product_ids=[product.pk], at=AT)
        assert demand(house, order).promised_on == day(3)
        leave(house, transfer, 3)
        # The two that were not sent are free where they lie, and given to it at once
        assert (demand(house, order).allocated, demand(house, order).backordered) == (2, 5)
        assert [units for units, _line in pegs(demand(house, order))] == [3, 2]
        reach(house, transfer, 1, last=True)
        services.peg_demands(product_ids=[product.pk], at=AT)
        assert demand(house, order).allocated == 3
        assert [units for units, _line in pegs(demand(house, order))] == [2, 2]
        services.cancel_transfers(transfer_ids=[other.pk], actor=house.boss, at=AT)
        assert (demand(house, order).allocated, pegs(demand(house, order))) == (7, [])
        assert Transfer.objects.get(pk=other.pk).status == "CANCELLED"
        assert drift() == []
        (refused,) = services.cancel_transfers(transfer_ids=[transfer.pk], actor=house.boss, at=AT).values()
        assert "is received" in str(refused)

    def test_is_for_others_once_its_order_is_cancelled_and_a_supplier_is_not_asked_about_it(self):
        house = House.open(warehouses=2)
        product = house.product([0, 5])
        transfer = drafted(house, (product, 5))
        order, other = house.order((product, 5)), house.order((product, 3))
        services.peg_demands(product_ids=[product.pk], at=AT)
        orders_services.cancel_orders(order_ids=[order.pk], reason=CancelReason.LATE, actor=house.boss, at=AT)
        services.peg_demands(product_ids=[product.pk], at=AT)
        assert pegs(demand(house, other)) == [(3, lines_of(transfer)[0].pk)]
        supplier_order = sent(house, (product, 9, 1))
        services.cancel_supplier_orders(order_ids=[supplier_order.pk], actor=house.boss, at=AT)
        assert demand(house, other).promised_on == day(2)
        assert drift() == []


class TestBringTogether:
    def split(self) -> tuple[House, SalesOrder]:
        """Return an order of which the one line is promised here, the other elsewhere."""
        house = House.open(warehouses=3)
        return house, house.order((house.product([5]), 2), (house.product([0, 4]), 4))

    def test_sends_exactly_what_lies_elsewhere_for_nobody_else(self):
        house, order = self.split()
        here, there, third = house.warehouses
        product = demand(house, order, 1).product
        transfer = brought(house, order)
        waits = demand(house, order, 1)
        assert (waits.allocated, waits.backordered, waits.promised_on) == (0, 4, day(1))
        assert level(product, there)[:2] == (4, 4)
        assert SalesOrder.objects.get(pk=order.pk).allocation == "PART"
        event = OrderEvent.objects.get(order=order, kind="BROUGHT")
        assert (event.data["units"], event.subject_id) == ("4", transfer.pk)
        # Nobody else gets them, and it takes no other stock: all of it is to leave from here
        house.receive(product, 9, shelf=house.shelves[third.pk][0])
        services.allocate_demands(demand_ids=[waits.pk], at=AT)
        assert (demand(house, order, 1).allocated, pegs(waits)) == (0, [(4, lines_of(transfer)[0].pk)])
        leave(house, transfer)
        other = house.order((product, 12))
        services.peg_demands(product_ids=[product.pk], at=AT)
        assert demand(house, other).allocated == 9
        reach(house, transfer, 3)
        assert (demand(house, order, 1).allocated, demand(house, order, 1).backordered) == (3, 1)
        reach(house, transfer, 1)
        firm = Allocation.objects.filter(demand=waits, status="FIRM").values_list("level__warehouse", flat=True)
        assert set(firm) == {here.pk}
        assert demand(house, order, 1).backordered == 0
        assert drift() == []
        with pytest.raises(Blocked, match="Nothing of it can be brought to Site 1"):
            brought(house, order)

    def test_survives_the_order_s_end_while_the_goods_travel(self):
        house, order = self.split()
        product = demand(house, order, 1).product
        transfer = brought(house, order)
        leave(house, transfer)
        other = house.order((product, 3))
        orders_services.cancel_orders(order_ids=[order.pk], reason=CancelReason.LATE, actor=house.boss, at=AT)
        services.peg_demands(product_ids=[product.pk], at=AT)
        assert pegs(demand(house, other)) == [(3, lines_of(transfer)[0].pk)]
        reach(house, transfer, 4)
        assert (demand(house, other).allocated, level(product, house.warehouses[0])[:2]) == (3, (4, 3))
        assert drift() == []

    def test_gives_back_what_was_promised_when_it_is_called_off(self):
        house, order = self.split()
        transfer = brought(house, order)
        services.cancel_transfers(transfer_ids=[transfer.pk], actor=house.boss, at=AT)
        now = demand(house, order, 1)
        assert (now.allocated, now.backordered, now.promised_on) == (4, 0, TODAY)
        assert drift() == []

    def test_is_for_those_who_move_stock_and_not_for_what_is_on_hold_or_over(self):
        house, order = self.split()
        clerk = person(Role.SALES_ADMIN, company=house.company)
        ask = {"order_id": order.pk, "warehouse_id": house.warehouses[0].pk, "at": AT}
        with pytest.raises(NotAllowed):
            orders_services.bring_together(**ask, actor=clerk)
        terms = orders_services.HoldTerms("OTHER", keep_reservation=False, reason="Asked to wait")
        orders_services.hold_orders(order_ids=[order.pk], terms=terms, actor=house.boss, at=AT)
        with pytest.raises(Blocked, match="on hold"):
            orders_services.bring_together(**ask, actor=house.boss)
        assert not Transfer.objects.exists()
