"""What the carrier lost: a return for its settlement, that shrinks by what turns up, and nothing made good twice."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from billing import services as billing_services
from billing.models import Invoice, Payment
from core.refusals import Blocked
from inventory.models import StockLevel
from orders.models import LinePart, OrderEvent, SalesOrderLine
from returns import queries, services
from returns.models import ReturnLine, ReturnOrder, ReturnSettlement
from shipping import services as shipping_services
from shipping.models import Shipment
from tests.factories.house import AT, House
from tests.factories.returns import again, asked, parts_of, receive
from tests.factories.shipping import dispatched

pytestmark = pytest.mark.django_db

Kind, Status = ReturnSettlement.Kind, ReturnOrder.Status


@pytest.fixture
def house():
    return House.open()


@pytest.fixture
def product(house):
    return house.product([20], price="10")


@pytest.fixture
def order(house, product):
    """Five units that have left, at 10 each."""
    return dispatched(house, (product, 5))


def lose(house, order):
    ids = list(Shipment.objects.filter(order=order).values_list("pk", flat=True))
    by = {"actor": house.boss, "at": AT}
    return shipping_services.lose_shipments(shipment_ids=ids, claim="CL-7", note="", **by)


def turn_up(house, order, units):
    """Bring units to the dock that were thought lost; return their return."""
    draft = services.ReturnDraft(
        order.pk, {}, kind=ReturnOrder.Kind.DELIVERY_FAILURE, shipment_id=Shipment.objects.get(order=order).pk
    )
    arrival = services.Arrival(parts_of(order, units))
    made = services.receive_blind(draft=draft, arrival=arrival, actor=house.boss, at=AT)
    graded = [
        services.Graded(part_id, "A", quantity, disposition="RESTOCK")
        for part_id, quantity in parts_of(order, units).items()
    ]
    services.inspect_return(return_id=made.pk, graded=graded, actor=house.boss, at=AT)
    return again(made)


def settle(house, made, kind, **fields):
    return services.settle_return(return_id=made.pk, kind=kind, actor=house.boss, at=AT, **fields)


def bill_and_pay(house, order):
    billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)
    receipt = billing_services.Receipt(order.pk)
    billing_services.record_payments(receipts=[receipt], actor=house.boss, at=AT)


def audit():
    call_command("audit_ledger", stdout=StringIO())


class TestOpenLostReturns:
    def test_has_what_was_lost_wait_for_its_settlement_and_no_goods(self, house, order):
        lose(house, order)
        made = ReturnOrder.objects.get()
        assert (made.kind, made.reason, made.status) == ("DELIVERY_FAILURE", "LOST", Status.DECIDED)
        line = ReturnLine.objects.get()
        assert (line.lost, line.authorized, line.received) == (5, 0, 0)
        event = OrderEvent.objects.get(kind=OrderEvent.Kind.RETURN_LOST)
        assert event.data == {"return": made.number, "units": "5"}
        audit()

    def test_makes_one_return_however_often_it_is_said(self, house, order):
        lose(house, order)
        lose(house, order)
        assert ReturnOrder.objects.count() == 1

    def test_is_credited_and_refunded_and_never_restocked(self, house, order):
        bill_and_pay(house, order)
        lose(house, order)
        before = StockLevel.objects.values_list("sellable", "blocked", "value").get()
        settle(house, ReturnOrder.objects.get(), Kind.REFUND)
        assert Payment.objects.get(amount__lt=0).amount == Decimal(-60)
        assert StockLevel.objects.values_list("sellable", "blocked", "value").get() == before
        assert LinePart.objects.get(order=order).returned == 0
        audit()

    def test_takes_no_goods(self, house, order, product):
        lose(house, order)
        made = ReturnOrder.objects.get()
        with pytest.raises(Blocked, match="scan the tracking number"):
            receive(house, made, order, {product: 1})
        assert queries.find(house.boss, made.number).refusal
        assert not queries.find(house.boss, order.number).returns

    def test_is_sent_again(self, house, order):
        lose(house, order)
        settlement = settle(house, ReturnOrder.objects.get(), Kind.EXCHANGE)
        line = SalesOrderLine.objects.get(order=settlement.exchange)
        assert (line.quantity, line.net) == (5, 0)
        audit()

    def test_awaits_lost_units_no_more(self, house, order, product):
        made = asked(house, order, {product: 2})
        lose(house, order)
        assert (again(made).status, again(made).closed_reason) == (Status.CANCELLED, "Lost on the way")
        audit()

    def test_refuses_to_lose_what_the_customer_sent_back(self, house, order, product):
        receive(house, asked(house, order, {product: 2}), order, {product: 1})
        (answer,) = lose(house, order).values()
        assert answer.blockers[0].code == "sent_back"
        assert Shipment.objects.get().status == "DISPATCHED"
        audit()

    def test_counts_what_comes_back_beside_what_is_lost(self, house, order, product):
        """A second product of the same shipment that is refused first is not lost."""
        turn_up(house, order, {product: 2})
        lose(house, order)
        lost = ReturnOrder.objects.get(reason="LOST")
        assert ReturnLine.objects.get(return_order=lost).lost == 3
        audit()


class TestNoteFound:
    def test_takes_what_turns_up_off_what_is_to_be_settled(self, house, order, product):
        lose(house, order)
        lost = ReturnOrder.objects.get()
        turn_up(house, order, {product: 2})
        assert (again(lost).status, ReturnLine.objects.get(return_order=lost).lost) == (Status.DECIDED, 3)
        audit()
        turn_up(house, order, {product: 3})
        assert (again(lost).status, again(lost).closed_reason) == (Status.CANCELLED, "Turned up again")
        audit()

    def test_is_credited_once_in_two_returns(self, house, order, product):
        bill_and_pay(house, order)
        lose(house, order)
        found = turn_up(house, order, {product: 2})
        settle(house, found, Kind.REFUND)
        settle(house, ReturnOrder.objects.get(reason="LOST"), Kind.REFUND)
        assert sum(Invoice.objects.values_list("gross", flat=True)) == 0
        assert sum(Payment.objects.values_list("amount", flat=True)) == 0
        audit()

    @pytest.mark.parametrize("kind", [Kind.REFUND, Kind.EXCHANGE])
    def test_is_not_made_good_again_once_it_was(self, house, order, product, kind):
        bill_and_pay(house, order)
        lose(house, order)
        settle(house, ReturnOrder.objects.get(), kind)
        found = turn_up(house, order, {product: 2})
        for again_by in (Kind.CREDIT, Kind.EXCHANGE):
            with pytest.raises(services.MadeGood, match="before they turned up"):
                settle(house, found, again_by)
        settle(house, found, Kind.NONE)
        audit()

    def test_may_be_made_good_where_the_loss_was_settled_by_nothing(self, house, order, product):
        bill_and_pay(house, order)
        lose(house, order)
        settle(house, ReturnOrder.objects.get(), Kind.NONE)
        settle(house, turn_up(house, order, {product: 2}), Kind.REFUND)
        assert Payment.objects.get(amount__lt=0).amount == Decimal(-24)
        audit()

    def test_leaves_a_refused_parcel_that_was_never_lost_alone(self, house, order, product):
        bill_and_pay(house, order)
        first = turn_up(house, order, {product: 2})
        settle(house, first, Kind.EXCHANGE)
        settle(house, turn_up(house, order, {product: 3}), Kind.CREDIT)
        audit()
