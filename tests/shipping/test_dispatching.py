"""Dispatching: packed parcels leave once, in one shipment per order and warehouse, at their cost."""

from decimal import Decimal

import pytest

from core.refusals import NotAllowed, Refused
from core.roles import Role
from inventory.models import Allocation, BinStock, StockLevel, StockMove, StockPosting
from orders import services as orders_services
from orders.models import Facet, LinePart, OrderEvent, SalesOrder
from shipping import events, services
from shipping.models import Label, Shipment, ShipmentLine
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.shipping import dispatch, dispatched
from tests.factories.warehouse import Statements, packed, picked, released, snapshot
from warehouse import services as warehouse_services
from warehouse.models import Parcel, PickTask

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A company with two warehouses."""
    return House.open(warehouses=2)


class TestDispatchOrders:
    def test_ships_every_packed_parcel_of_orders_per_warehouse(self, house):
        here, there = house.product([9]), house.product([0, 9])
        first, second = packed(house, (here, 2), (there, 3)), packed(house, (here, 4))
        results = dispatch(house, first, second, carrier="Parcel Van", tracking_number="PV 1")
        shipments = list(Shipment.objects.order_by("pk"))
        assert {(s.order_id, s.warehouse_id) for s in shipments} == {
            (first.pk, house.warehouses[0].pk),
            (first.pk, house.warehouses[1].pk),
            (second.pk, house.warehouses[0].pk),
        }
        assert {(s.status, s.carrier, s.tracking_number, s.dispatched_at, s.dispatched_by) for s in shipments} == {
            ("DISPATCHED", "Parcel Van", "PV 1", AT, house.boss)
        }
        assert all(s.ship_to == first.ship_to for s in shipments)
        assert sorted(results[first.pk].shipment_ids) == [s.pk for s in shipments if s.order_id == first.pk]
        assert {line.parcel_id for line in ShipmentLine.objects.all()} == {p.pk for p in Parcel.objects.all()}

    def test_takes_the_goods_out_of_the_stock_at_their_cost(self, house):
        product = house.product([9])
        dispatched(house, (product, 4))
        level = StockLevel.objects.get(product=product)
        assert (level.sellable, level.staged, level.value) == (5, 0, 25)
        assert BinStock.objects.get(product=product, bin__kind="TOTE", bin__warehouse=house.warehouses[0]).quantity == 0
        assert (Allocation.objects.get().status, Allocation.objects.get().consumed) == (Allocation.Status.CONSUMED, 4)
        line = ShipmentLine.objects.get()
        move = StockMove.objects.get(posting=line.shipment.posting)
        assert (move.to_place, move.quantity, move.value, line.cost) == ("CUSTOMER", 4, 20, 20)
        assert move.posting.reference == SalesOrder.objects.get().number

    def test_moves_the_parts_and_the_fulfilment_of_the_order(self, house):
        product = house.product([[2, 3]])
        order = released(house, (product, 5))
        seen = []
        for task in PickTask.objects.order_by("pk"):
            warehouse_services.pick_tasks(task_ids=[task.pk], actor=house.boss, at=AT)
            warehouse_services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)
            dispatch(house, order)
            seen.append((LinePart.objects.get().shipped, SalesOrder.objects.get().fulfilment))
        assert seen == [(2, Facet.PART), (5, Facet.FULL)]
        assert orders_services.complete_orders(at=AT) == 1

    def test_has_the_same_effect_when_sent_twice(self, house):
        """PRODUCT.md case 68: one stock row, whatever carrier the second click named."""
        order = dispatched(house, (house.product([9]), 4))
        before = snapshot()
        result = dispatch(house, order, carrier="Somebody Else")[order.pk]
        assert result.shipment_ids == (Shipment.objects.get().pk,)
        assert snapshot() == before
        assert StockMove.objects.filter(posting__kind=StockPosting.Kind.ISSUE).count() == 1

    def test_refuses_what_is_not_packed_and_dispatches_the_others(self, house):
        product = house.product([9])
        early, ready = picked(house, (product, 1)), packed(house, (product, 1))
        results = dispatch(house, early, ready)
        assert isinstance(results[early.pk], Refused)
        assert results[early.pk].sentence == "Nothing is packed yet."
        assert results[ready.pk].shipment_ids == (Shipment.objects.get().pk,)

    def test_leaves_an_order_that_was_packed_in_part_with_the_rest(self, house):
        order = dispatched(house, (house.product([2]), 5))
        assert (order.status, order.fulfilment) == (SalesOrder.Status.RELEASED, Facet.PART)
        assert LinePart.objects.get().shipped == 2

    def test_does_not_see_another_companys_order(self, house):
        other = House.open()
        order = packed(other, (other.product([9]), 1))
        assert dispatch(house, order) == {}
        assert not Shipment.objects.exists()

    def test_refuses_who_may_not(self, house):
        order = packed(house, (house.product([9]), 1))
        before = snapshot()
        with pytest.raises(NotAllowed):
            services.dispatch_orders(
                order_ids=[order.pk],
                carrier="Van",
                tracking_number="",
                actor=person(Role.PICKER, company=house.company),
                at=AT,
            )
        assert snapshot() == before

    def test_writes_an_event_per_shipment_and_tells_the_floors_above_in_the_transaction(self, house):
        order = packed(house, (house.product([9]), 1))
        before = snapshot()

        def fail(sender, event, **_):
            shipment = Shipment.objects.get()
            assert event == events.ShipmentsDispatched((shipment.pk,), (order.pk,), AT)
            raise RuntimeError("a receiver that fails")

        events.shipments_dispatched.connect(fail)
        try:
            with pytest.raises(RuntimeError, match="a receiver"):
                dispatch(house, order)
        finally:
            events.shipments_dispatched.disconnect(fail)
        assert snapshot() == before
        dispatch(house, order)
        shipment, fact = Shipment.objects.get(), OrderEvent.objects.get(kind=OrderEvent.Kind.DISPATCHED)
        assert (fact.subject_kind, fact.subject_id) == ("shipment", shipment.pk)
        assert fact.data == {
            "shipment": shipment.number,
            "parcels": [Parcel.objects.get().number],
            "carrier": "Parcel Van",
            "tracking_number": "PV1",
        }

    def test_shares_the_cost_of_a_product_among_orders_to_the_penny(self, house):
        """Three units of 10.00 over three orders: 3.33, 3.34, 3.33 in some order, 10.00 in all."""
        product = house.product()
        house.receive(product, 3, value=10)
        orders = [packed(house, (product, 1)) for _ in range(3)]
        dispatch(house, *orders)
        costs = [line.cost for line in ShipmentLine.objects.all()]
        assert sum(costs) == 10
        assert set(costs) == {Decimal("3.33"), Decimal("3.34")}
        assert StockLevel.objects.get(product=product).value == 0

    def test_takes_as_many_statements_for_ten_orders_as_for_one(self, house):
        products = [house.product([50]) for _ in range(3)]
        one, *ten = [packed(house, *((product, 1) for product in products)) for _ in range(11)]
        with Statements(house.boss) as alone:
            dispatch(house, one)
        with Statements(house.boss) as together:
            dispatch(house, *ten)
        assert len(alone) == len(together) <= 11


def send(house, *parcels, actor=None, **consignment):
    return services.dispatch_parcels(
        parcel_ids=[parcel.pk for parcel in parcels],
        consignment=services.Consignment("Parcel Van", **consignment),
        actor=actor or house.boss,
        at=AT,
    )


def boxes(house, order, *units):
    """Pack an order of one line into parcels of so many units each."""
    part = LinePart.objects.get(order=order)
    warehouse_services.pack_parcels(
        boxes=[warehouse_services.Box(order.pk, house.warehouses[0].pk, {part.pk: Decimal(n)}) for n in units],
        actor=house.boss,
        at=AT,
    )
    return list(Parcel.objects.filter(order=order).order_by("pk"))


class TestDispatchParcels:
    def test_sends_the_chosen_and_leaves_the_others_for_a_second_shipment(self, house):
        """PRODUCT.md cases 9 and 69: 4 of 10 leave, 6 stay reserved to the line and can follow."""
        order = picked(house, (house.product([10]), 10))
        first, second = boxes(house, order, 4, 6)
        send(house, first)
        assert (LinePart.objects.get().shipped, SalesOrder.objects.get().fulfilment) == (4, Facet.PART)
        allocation = Allocation.objects.get()
        assert (allocation.status, allocation.picked, allocation.consumed) == (Allocation.Status.PICKED, 10, 4)
        send(house, second)
        assert (LinePart.objects.get().shipped, SalesOrder.objects.get().fulfilment) == (10, Facet.FULL)
        assert [line.quantity for line in ShipmentLine.objects.order_by("pk")] == [4, 6]
        assert orders_services.complete_orders(at=AT) == 1

    def test_lets_the_backordered_rest_follow(self, house):
        """PRODUCT.md case 69: what had no stock is received, allocated, released, picked, packed and shipped."""
        product = house.product([4])
        order = dispatched(house, (product, 10))
        house.receive(product, 6)
        now = {"actor": house.boss, "at": AT}
        orders_services.allocate_orders(order_ids=[order.pk], **now)
        for verb in (
            warehouse_services.release_orders,
            warehouse_services.pick_orders,
            warehouse_services.pack_orders,
        ):
            assert not isinstance(verb(order_ids=[order.pk], **now)[order.pk], Refused)
        send(house, Parcel.objects.order_by("-pk")[0])
        assert (LinePart.objects.get().shipped, SalesOrder.objects.get().fulfilment) == (10, Facet.FULL)

    def test_gives_a_parcel_its_own_number_and_the_shipment_one(self, house):
        order = picked(house, (house.product([9]), 9))
        first, second, third = boxes(house, order, 1, 2, 3)
        send(house, first, second, parcels={first.pk: "A1", second.pk: "A2"})
        send(house, third, tracking_number="A3")
        early, late = Shipment.objects.order_by("pk")
        assert (early.tracking_number, late.tracking_number) == ("A1", "A3")
        assert set(Label.objects.values_list("parcel_id", "tracking_number")) == {(first.pk, "A1"), (second.pk, "A2")}

    def test_has_the_same_effect_when_sent_twice(self, house):
        order = picked(house, (house.product([9]), 9))
        first, _second = boxes(house, order, 4, 5)
        send(house, first)
        before = snapshot()
        assert send(house, first)[order.pk].shipment_ids == (Shipment.objects.get().pk,)
        assert snapshot() == before

    def test_refuses_an_order_one_of_whose_parcels_was_opened_again(self, house):
        product = house.product([99])
        opened, other = picked(house, (product, 9)), picked(house, (product, 9))
        first, second = boxes(house, opened, 4, 5)
        (third,) = boxes(house, other, 9)
        warehouse_services.unpack_parcels(parcel_ids=[first.pk], actor=house.boss, at=AT)
        results = send(house, first, second, third)
        assert results[opened.pk].sentence == f"{first.number} was opened again: it is not at the dock any more."
        assert results[other.pk].shipment_ids == (Shipment.objects.get().pk,)

    def test_does_not_see_another_companys_parcel(self, house):
        other = House.open()
        packed(other, (other.product([9]), 1))
        assert send(house, Parcel.objects.get()) == {}
        assert not Shipment.objects.exists()

    def test_refuses_who_may_not(self, house):
        packed(house, (house.product([9]), 1))
        before = snapshot()
        with pytest.raises(NotAllowed):
            send(house, Parcel.objects.get(), actor=person(Role.PICKER, company=house.company))
        assert snapshot() == before

    def test_takes_as_many_statements_for_ten_orders_as_for_one(self, house):
        product = house.product([99])
        one, *ten = [packed(house, (product, 1)) for _ in range(11)]
        parcels = {parcel.order_id: parcel for parcel in Parcel.objects.all()}
        with Statements(house.boss) as alone:
            send(house, parcels[one.pk])
        with Statements(house.boss) as together:
            send(house, *(parcels[order.pk] for order in ten))
        assert len(alone) == len(together)
