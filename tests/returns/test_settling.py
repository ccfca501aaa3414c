"""Settling returns: credited as invoiced, to the cent, refunded as far as it was paid, sent again, or not at all."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import services as billing_services
from billing.models import Invoice, Payment
from core.refusals import Blocked, NotAllowed
from core.roles import Role
from inventory.models import Product
from orders import services as orders_services
from orders.models import OrderEvent, SalesOrder, SalesOrderLine
from returns import services
from returns.models import ReturnCredit, ReturnSettlement
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.returns import again, asked, decided, received
from tests.factories.shipping import dispatched, shipped_later

pytestmark = pytest.mark.django_db

Kind = ReturnSettlement.Kind


@pytest.fixture
def house():
    return House.open()


def bill(house, order):
    return billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]


def pay(house, order, amount=None):
    receipt = billing_services.Receipt(order.pk, amount)
    return billing_services.record_payments(receipts=[receipt], actor=house.boss, at=AT)


def settle(house, made, kind=Kind.CREDIT, **fields):
    return services.settle_return(return_id=made.pk, kind=kind, actor=house.boss, at=AT, **fields)


def audit():
    call_command("audit_ledger", stdout=StringIO())


class TestSettleReturn:
    def test_credits_the_unit_with_its_share_of_the_orders_discount(self, house):
        """PRODUCT.md case 88: 6 + 4 - 1, the 6 comes back: 5.40."""
        six, four = house.product([9], price="6"), house.product([9], price="4")
        order = dispatched(house, (six, 1), (four, 1), discount=Decimal(1))
        bill(house, order)
        made = decided(house, order, {six: 1})
        settle(house, made)
        note = Invoice.objects.get(kind="CREDIT_NOTE")
        assert (note.net, note.tax) == (Decimal("-5.40"), Decimal("-1.08"))
        assert again(made).status == "SETTLED"
        audit()

    def test_takes_it_off_what_is_open_and_refunds_what_was_paid(self, house):
        product = house.product([9], price="10")
        order = dispatched(house, (product, 3))
        bill(house, order)
        pay(house, order, Decimal(30))
        made = decided(house, order, {product: 1})
        settle(house, made, Kind.REFUND)
        # 36 billed, 30 paid, 12 credited: 6 were open, 6 go back
        assert Payment.objects.get(amount__lt=0).amount == Decimal(-6)
        invoice = Invoice.objects.get(kind="INVOICE")
        assert invoice.settled == invoice.gross
        audit()

    def test_refunds_nothing_where_nothing_was_paid(self, house):
        product = house.product([9])
        order = dispatched(house, (product, 3))
        bill(house, order)
        settle(house, decided(house, order, {product: 3}), Kind.REFUND)
        assert not Payment.objects.exists()
        assert ReturnCredit.objects.get().refund is None
        audit()

    def test_credits_the_share_of_the_freight_too(self, house):
        goods, freight = house.product([9], price="10"), house.product(kind=Product.Kind.CHARGE, price="5")
        order = dispatched(house, (goods, 3), (freight, 1))
        bill(house, order)
        for share in ("1.67", "1.66", "1.67"):
            settle(house, decided(house, order, {goods: 1}), with_freight=True)
            note = Invoice.objects.filter(kind="CREDIT_NOTE").first()
            assert note.net == -10 - Decimal(share)
        assert sum(Invoice.objects.values_list("gross", flat=True)) == 0
        audit()

    def test_drops_out_of_what_is_to_be_invoiced(self, house):
        """PRODUCT.md case 30."""
        product = house.product([9])
        order = dispatched(house, (product, 3))
        bill(house, order)
        settle(house, decided(house, order, {product: 3}))
        order = SalesOrder.objects.get(pk=order.pk)
        assert (order.returned, order.billing) == ("FULL", "FULL")
        assert bill(house, order).kind == "INVOICE"
        assert Invoice.objects.filter(kind="INVOICE").count() == 1

    def test_refuses_what_no_invoice_bills(self, house):
        product = house.product([9])
        order = dispatched(house, (product, 3))
        made = decided(house, order, {product: 1})
        with pytest.raises(services.NotInvoiced, match="1 of these units"):
            settle(house, made)
        assert again(made).status == "DECIDED"
        assert not Invoice.objects.exists()

    def test_sends_the_goods_again_free_of_charge(self, house):
        product = house.product([9])
        order = dispatched(house, (product, 3))
        made = decided(house, order, {product: 2})
        settlement = settle(house, made, Kind.EXCHANGE)
        line = SalesOrderLine.objects.get(order=settlement.exchange)
        assert (line.quantity, line.net, settlement.exchange.po_number) == (2, 0, made.number)
        audit()

    def test_settles_by_nothing_once(self, house):
        product = house.product([9])
        order = dispatched(house, (product, 3))
        made = decided(house, order, {product: 2})
        assert settle(house, made, Kind.NONE) == settle(house, made, Kind.CREDIT)
        assert OrderEvent.objects.filter(kind=OrderEvent.Kind.RETURN_SETTLED).count() == 1
        audit()

    def test_waits_until_all_is_put_away(self, house):
        product = house.product([9])
        order = dispatched(house, (product, 3))
        with pytest.raises(Blocked, match="not all put away"):
            settle(house, received(house, order, {product: 2}))

    def test_needs_the_verb(self, house):
        product = house.product([9])
        order = dispatched(house, (product, 3))
        made = decided(house, order, {product: 2})
        clerk = person(Role.RETURNS_CLERK, company=house.company)
        with pytest.raises(NotAllowed):
            services.settle_return(return_id=made.pk, kind=Kind.NONE, actor=clerk, at=AT)
        assert again(made).status == "DECIDED"

    def test_is_previewed_as_it_will_be_and_leaves_nothing(self, house):
        product = house.product([9])
        order = dispatched(house, (product, 3))
        bill(house, order)
        made = decided(house, order, {product: 2})
        words = {"return_id": made.pk, "kind": Kind.REFUND, "actor": house.boss, "at": AT}
        (shown,) = services.preview_settlement(**words)
        assert not ReturnSettlement.objects.exists()
        assert again(made).status == "DECIDED"
        settlement = services.settle_return(**words)
        assert services.settlement_notes(settlement_id=settlement.pk) == (shown,)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_partial_returns_of_a_partly_invoiced_partly_paid_discounted_order_sum_to_the_cent(db, data):
    """Invoices, credit notes, payments and refunds add up to nothing once everything came back (rules 6, 7)."""
    house = House.open()
    ordered, at_once = {}, {}
    for place in range(data.draw(st.integers(1, 3))):
        quantity = data.draw(st.integers(1, 7))
        stock = data.draw(st.integers(0 if place else 1, quantity))
        product = house.product([stock], price=str(data.draw(st.decimals("0.01", "99.99", places=2))))
        ordered[product], at_once[product] = quantity, stock
    discount = data.draw(st.decimals("0", "40", places=2))
    order = dispatched(house, *ordered.items(), discount_percent=discount)

    def bill_and_pay() -> None:
        invoice = bill(house, order)
        paid = Decimal(data.draw(st.integers(0, int(invoice.gross * 100)))) / 100
        if paid:
            pay(house, order, paid)

    def take_back(left: dict[Product, int], *, all_of_it: bool) -> dict[Product, int]:
        while any(left.values()):
            units = {product: data.draw(st.integers(0, rest)) for product, rest in left.items()}
            if not any(units.values()):
                if not all_of_it:
                    break
                units = dict(left)
            units = {product: quantity for product, quantity in units.items() if quantity}
            settle(house, decided(house, order, units), data.draw(st.sampled_from([Kind.CREDIT, Kind.REFUND])))
            left = {product: rest - units.get(product, 0) for product, rest in left.items()}
        return left

    bill_and_pay()
    left = take_back(at_once, all_of_it=False)
    rest = {product: ordered[product] - stock for product, stock in at_once.items() if stock < ordered[product]}
    if rest:
        for product, quantity in rest.items():
            house.receive(product, quantity)
        shipped_later(house, order)
        bill_and_pay()
    take_back({product: left[product] + rest.get(product, 0) for product in ordered}, all_of_it=True)
    invoices = Invoice.objects.filter(company=house.company)
    assert sum(invoices.values_list("gross", flat=True)) == 0
    assert sum(invoices.values_list("net", flat=True)) == 0
    back = -sum(Payment.objects.filter(company=house.company, amount__lt=0).values_list("amount", flat=True))
    came = sum(Payment.objects.filter(company=house.company, amount__gt=0).values_list("amount", flat=True))
    assert 0 <= back <= came
    audit()


class TestClosing:
    def test_waits_for_the_returns_of_an_order(self, house):
        product = house.product([9])
        order = dispatched(house, (product, 3))
        bill(house, order)
        pay(house, order)
        made = asked(house, order, {product: 1})
        orders_services.complete_orders(at=AT)
        assert orders_services.close_orders(at=AT) == 0
        services.cancel_returns(return_ids=[made.pk], reason="They keep it", actor=house.boss, at=AT)
        assert orders_services.close_orders(at=AT) == 1
