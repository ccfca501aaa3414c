"""Cancelling an order, units of lines and the rest: stock, tasks, totals, facets and events afterwards."""

from decimal import Decimal

import pytest

from billing import services as billing_services
from core.refusals import Blocked, ChangedMeanwhile, NotAllowed, Refused
from core.roles import Role
from inventory.models import Allocation, Demand, Product, StockLevel
from orders import services
from orders.models import CancelReason, CreditEntry, LinePart, OrderEvent, SalesOrder, SalesOrderLine
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.proof import drift
from tests.factories.shipping import dispatch, dispatched
from tests.factories.warehouse import Statements, packed, picked, released, snapshot
from warehouse import services as warehouse_services
from warehouse.models import Parcel, PickTask, PutBack

pytestmark = pytest.mark.django_db

REASON = CancelReason.CUSTOMER


@pytest.fixture
def house():
    """A company with one warehouse; whatever a test does to it must be provable afterwards."""
    house = House.open()
    yield house
    assert drift() == []


def cancel(house, order, actor=None, **options):
    return services.cancel_orders(order_ids=[order.pk], reason=REASON, actor=actor or house.boss, at=AT, **options)[
        order.pk
    ]


def cancel_rest(house, order):
    return services.cancel_rest(order_ids=[order.pk], reason=REASON, actor=house.boss, at=AT)[order.pk]


def cancel_lines(house, order, *units, actor=None):
    lines = SalesOrderLine.objects.filter(order=order).order_by("position")
    asked = {line.pk: Decimal(quantity) for line, quantity in zip(lines, units, strict=False)}
    return services.cancel_lines(units=asked, reason=REASON, actor=actor or house.boss, at=AT)[order.pk]


def fresh(order):
    return SalesOrder.objects.get(pk=order.pk)


def part(order):
    return LinePart.objects.filter(order=order).order_by("line__position").first()


def level(product):
    row = StockLevel.objects.get(product=product)
    return (row.sellable, row.allocated, row.staged)


def told(order, kind):
    return OrderEvent.objects.get(order=order, kind=kind).data


class TestCancelOrders:
    def test_of_a_draft_ends_it_and_frees_its_po_number(self, house):
        product = house.product([5])
        order = house.draft((product, 2), po_number="PO-7")
        assert cancel(house, order).is_whole
        assert fresh(order).status == SalesOrder.Status.CANCELLED
        assert house.draft((product, 2), po_number="PO-7").pk != order.pk

    def test_gives_the_stock_of_a_confirmed_order_free(self, house):
        product = house.product([5])
        order = house.order((product, 7))
        result = cancel(house, order)
        assert (result.units, result.is_whole, result.undone.freed) == (7, True, 5)
        assert level(product) == (5, 0, 0)
        order = fresh(order)
        assert (order.status, order.net, order.gross, order.allocation) == ("CANCELLED", 0, 0, "NONE")
        cut = {"positions": [1], "units_of": {"1": "7"}}
        assert told(order, "CANCELLED") == {"reason": "CUSTOMER", "units": "7", "freed": "5", **cut}
        assert CreditEntry.objects.get(order=order, kind="CANCELLED").amount == -84

    def test_calls_planned_picks_off(self, house):
        product = house.product([[3, 4]])
        order = released(house, (product, 7))
        assert cancel(house, order).undone.tasks == 2
        assert set(PickTask.objects.values_list("status", flat=True)) == {"CANCELLED"}
        assert level(product) == (7, 0, 0)
        assert warehouse_services.complete_waves(at=AT) == 1

    @pytest.mark.parametrize("reach", [picked, packed])
    def test_has_goods_put_back_that_were_picked_or_packed(self, house, reach):
        """PRODUCT.md case 29."""
        product = house.product([9])
        order = reach(house, (product, 4))
        result = cancel(house, order)
        assert (result.undone.put_back, result.undone.parcels) == (4, 1 if reach is packed else 0)
        assert level(product) == (5, 0, 4)
        assert (part(order).cancelled, part(order).picked, part(order).packed) == (4, 0, 0)
        assert Allocation.objects.get().status == "FREED"
        put_back = PutBack.objects.get()
        assert put_back.bin == PickTask.objects.get().bin
        warehouse_services.put_back_goods(put_back_ids=[put_back.pk], actor=house.boss, at=AT)
        assert level(product) == (9, 0, 0)

    def test_takes_every_stage_of_one_line_back_at_once(self, house):
        """Packed, picked, to be picked and waiting: all of a line of twelve at once."""
        product = house.product([[2, 3, 4]])
        order = released(house, (product, 12))
        first, second, _third = PickTask.objects.order_by("pk")
        warehouse_services.pick_tasks(task_ids=[first.pk], actor=house.boss, at=AT)
        warehouse_services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        warehouse_services.pick_tasks(task_ids=[second.pk], actor=house.boss, at=AT)
        undone = cancel(house, order).undone
        assert (undone.freed, undone.tasks, undone.put_back, undone.parcels) == (4, 1, 5, 1)
        assert level(product) == (4, 0, 5)

    def test_is_refused_where_something_has_left_and_says_what_can_be_done(self, house):
        """PRODUCT.md case 28."""
        order = released(house, (house.product([[2, 3]]), 5))
        task = PickTask.objects.order_by("pk").first()
        warehouse_services.pick_tasks(task_ids=[task.pk], actor=house.boss, at=AT)
        warehouse_services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        dispatch(house, order)
        before = snapshot()
        refusal = cancel(house, order)
        assert isinstance(refusal, Blocked)
        assert refusal.sentence.startswith("2 units have left already: cancel the rest")
        assert refusal.link == f"/orders/{order.pk}/cancel/?scope=REST"
        assert snapshot() == before

    def test_is_refused_where_an_invoice_is_not_credited(self, house):
        order = house.order((house.product(kind=Product.Kind.CHARGE), 1))
        billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        refusal = cancel(house, order)
        assert (refusal.blockers[0].code, fresh(order).status) == ("invoiced", "CONFIRMED")
        assert cancel_lines(house, order, 1).sentence == "All that is left is on an invoice: a credit note comes first."

    def test_sent_again_returns_what_stands_and_writes_nothing(self, house):
        order = house.order((house.product([5]), 2))
        cancel(house, order)
        before = snapshot()
        assert cancel(house, order).is_whole
        assert snapshot() == before

    def test_is_refused_where_the_order_is_not_what_the_person_saw(self, house):
        order = house.draft((house.product([5]), 2))
        house.confirm(order)
        assert isinstance(cancel(house, order, seen="DRAFT"), ChangedMeanwhile)
        assert fresh(order).status == "CONFIRMED"

    def test_of_a_released_order_is_for_managers(self, house):
        order = released(house, (house.product([5]), 2))
        clerk = person(Role.SALES_ADMIN, company=house.company)
        before = snapshot()
        assert isinstance(cancel(house, order, actor=clerk), NotAllowed)
        assert snapshot() == before
        for_them = person(Role.WAREHOUSE_MANAGER, company=house.company)
        assert cancel(house, order, actor=for_them).is_whole

    def test_of_another_company_is_not_found(self, house):
        order = house.order((house.product([5]), 2))
        elsewhere = House.open()
        found = services.cancel_orders(order_ids=[order.pk], reason=REASON, actor=elsewhere.boss, at=AT)
        assert found == {}
        assert fresh(order).status == "CONFIRMED"

    def test_cancels_charges_with_the_goods(self, house):
        order = house.order((house.product([5]), 2), (house.product(kind=Product.Kind.CHARGE), 1))
        cancel(house, order)
        assert fresh(order).gross == 0

    def test_takes_as_many_statements_for_five_as_for_one(self, house):
        counts = []
        for number in (1, 5):
            orders = [packed(house, (house.product([9]), 4), (house.product([[1, 2]]), 4)) for _ in range(number)]
            with Statements(house.boss) as statements:
                services.cancel_orders(order_ids=[order.pk for order in orders], reason=REASON, actor=house.boss, at=AT)
            counts.append(len(statements))
        assert counts[0] == counts[1]

    def test_no_verb_does_anything_to_a_cancelled_order(self, house):
        """PRODUCT.md case 31; the pages answer 409."""
        order = house.order((house.product([5]), 2))
        cancel(house, order)
        before = snapshot()
        ids, terms = [order.pk], services.HoldTerms(kind="OTHER", keep_reservation=False)
        for verb in (
            lambda: services.confirm_orders(order_ids=ids, actor=house.boss, at=AT),
            lambda: services.allocate_orders(order_ids=ids, actor=house.boss, at=AT),
            lambda: services.cancel_rest(order_ids=ids, reason=REASON, actor=house.boss, at=AT),
            lambda: services.hold_orders(order_ids=ids, terms=terms, actor=house.boss, at=AT),
            lambda: warehouse_services.release_orders(order_ids=ids, actor=house.boss, at=AT),
            lambda: warehouse_services.pick_orders(order_ids=ids, actor=house.boss, at=AT),
            lambda: warehouse_services.pack_orders(order_ids=ids, actor=house.boss, at=AT),
            lambda: dispatch(house, order),
        ):
            assert isinstance(verb()[order.pk], Refused)
        assert isinstance(cancel_lines(house, order, 1), Refused)
        assert snapshot() == before


class TestCancelLines:
    def test_takes_what_waits_before_what_is_promised(self, house):
        product = house.product([5])
        order = house.order((product, 8))
        assert cancel_lines(house, order, 4).undone.freed == 1
        demand = Demand.objects.get()
        assert (demand.quantity, demand.allocated, demand.backordered) == (4, 4, 0)
        assert (fresh(order).allocation, fresh(order).status) == ("FULL", "CONFIRMED")

    def test_leaves_the_totals_of_what_remains(self, house):
        order = house.order((house.product([9], price="3.33"), 3), (house.product([9], price="1.10"), 7))
        cancel_lines(house, order, 1, 3)
        order = fresh(order)
        assert (order.net, order.tax, order.gross) == (Decimal("11.06"), Decimal("2.21"), Decimal("13.27"))
        assert told(order, "CUT")["positions"] == [1, 2]

    def test_makes_a_task_shorter_and_keeps_the_rest_of_it(self, house):
        product = house.product([9])
        order = released(house, (product, 6))
        assert cancel_lines(house, order, 2).undone.tasks == 0
        task = PickTask.objects.get()
        assert (task.status, task.quantity) == ("PLANNED", 4)
        warehouse_services.pick_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        assert level(product) == (5, 0, 4)

    def test_opens_a_parcel_for_some_of_it_and_the_rest_is_packed_anew(self, house):
        first, second = house.product([9]), house.product([9])
        order = packed(house, (first, 4), (second, 3))
        assert cancel_lines(house, order, 1).undone.parcels == 1
        assert Parcel.objects.get().status == "UNPACKED"
        assert level(first) == (5, 0, 4)
        warehouse_services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        dispatch(house, order)
        assert fresh(order).fulfilment == "FULL"
        assert level(first) == (5, 0, 1)  # to be put back still

    def test_leaves_a_parcel_that_has_left_alone(self, house):
        product = house.product([[2, 3]])
        order = released(house, (product, 5))
        first, second = PickTask.objects.order_by("pk")
        for task in (first, second):
            warehouse_services.pick_tasks(task_ids=[task.pk], actor=house.boss, at=AT)
            warehouse_services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)
            if task == first:
                dispatch(house, order)
        assert cancel_lines(house, order, 3).undone.put_back == 3
        assert [parcel.status for parcel in Parcel.objects.order_by("pk")] == ["PACKED", "UNPACKED"]
        assert (fresh(order).fulfilment, services.complete_orders(at=AT)) == ("FULL", 1)

    def test_asks_nothing_about_a_cancelled_line_when_the_rest_ships(self, house):
        """PRODUCT.md case 64."""
        order = house.order((house.product([9]), 4), (house.product(), 3))
        cancel_lines(house, order, 0, 3)
        for verb in (warehouse_services.release_orders, warehouse_services.pick_orders, warehouse_services.pack_orders):
            verb(order_ids=[order.pk], actor=house.boss, at=AT)
        dispatch(house, order)
        assert fresh(order).fulfilment == "FULL"
        assert services.complete_orders(at=AT) == 1

    def test_of_all_goods_cancels_the_order_with_its_charges(self, house):
        order = house.order((house.product([9]), 4), (house.product(kind=Product.Kind.CHARGE), 1))
        assert cancel_lines(house, order, 4).is_whole
        assert (fresh(order).status, fresh(order).gross) == ("CANCELLED", 0)

    def test_of_a_charge_leaves_the_goods(self, house):
        order = house.order((house.product([9]), 4), (house.product(kind=Product.Kind.CHARGE), 1))
        assert not cancel_lines(house, order, 0, 1).is_whole
        assert fresh(order).net == 40

    def test_takes_an_order_back_from_the_warehouse_when_none_of_it_is_left_there(self, house):
        scarce = house.product()
        order = released(house, (house.product([9]), 4), (scarce, 3))
        cancel_lines(house, order, 4)
        assert fresh(order).status == "CONFIRMED"
        house.receive(scarce, 3)
        services.allocate_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        warehouse_services.release_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        assert fresh(order).status == "RELEASED"

    @pytest.mark.parametrize("units", ["5", "0.5", "-1"])
    def test_refuses_what_is_no_quantity_of_the_line(self, house, units):
        order = house.order((house.product([9]), 4))
        before = snapshot()
        assert isinstance(cancel_lines(house, order, units), services.TooMuch)
        assert snapshot() == before

    def test_refuses_what_has_left(self, house):
        order = dispatched(house, (house.product([9]), 4), (house.product(), 1))
        refusal = cancel_lines(house, order, 1)
        assert refusal.sentence == "Line 1: 0 of it can be cancelled; the others have left."


class TestCancelRest:
    def test_leaves_what_has_left_and_the_order_is_done(self, house):
        order = dispatched(house, (house.product([3]), 5), (house.product(kind=Product.Kind.CHARGE), 1))
        result = cancel_rest(house, order)
        assert (result.units, result.is_whole) == (2, False)
        assert (fresh(order).fulfilment, fresh(order).net) == ("FULL", 40)
        assert services.complete_orders(at=AT) == 1

    def test_of_an_order_of_which_nothing_has_left_is_the_whole(self, house):
        order = house.order((house.product([3]), 5), (house.product(kind=Product.Kind.CHARGE), 1))
        assert cancel_rest(house, order).is_whole

    def test_is_refused_where_all_has_left(self, house):
        order = dispatched(house, (house.product([5]), 5))
        assert cancel_rest(house, order).blockers[0].code == "already_left"


class TestCloseOrders:
    def done(self, order, **facets):
        """Set what billing will have noted: an invoice is another floor's business."""
        SalesOrder.objects.filter(pk=order.pk).update(**facets)

    def test_closes_what_is_shipped_billed_and_paid_once(self):
        house = House.open()
        order = dispatched(house, (house.product([5]), 5))
        services.complete_orders(at=AT)
        self.done(order, billing="FULL", payment="PART")
        assert services.close_orders(at=AT) == 0
        self.done(order, payment="FULL")
        assert services.close_orders(at=AT) == 1
        assert services.close_orders(at=AT) == 0
        assert fresh(order).status == "CLOSED"
        assert OrderEvent.objects.filter(order=order, kind="CLOSED").count() == 1

    def test_closes_charges_alone_without_a_shipment(self):
        house = House.open()
        order = house.order((house.product(kind=Product.Kind.CHARGE), 1))
        self.done(order, billing="FULL", payment="FULL")
        assert services.close_orders(at=AT) == 1

    def test_leaves_goods_alone_that_are_paid_and_have_not_left(self):
        house = House.open()
        order = house.order((house.product([5]), 5))
        self.done(order, billing="FULL", payment="FULL")
        assert services.close_orders(at=AT) == 0
