"""What customers' rules make of invoices: several orders on one, in full once confirmed, in many parts to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import audit, documents, queries, services
from billing.models import Invoice, InvoiceOrder
from core.refusals import Refused
from orders.models import Customer, Facet, InvoiceOn, OrderEvent, SalesOrder, SalesOrderLine
from tests.factories.billing import AT, Trade
from tests.soak import count

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade() -> Trade:
    return Trade.start()


def rule(trade: Trade, **fields: object) -> None:
    Customer.objects.filter(pk=trade.customer.pk).update(**fields)


def another_customer(trade: Trade) -> Trade:
    """Return the same company with another customer of it."""
    other = Trade.start()
    other.company, other.accountant, other.seller = trade.company, trade.accountant, trade.seller
    other.unit = trade.unit
    other.customer = Customer.objects.create(
        company=trade.company, number="C-2", name="Moss Ltd", price_list=trade.customer.price_list
    )
    other.address()
    return other


def invoice(trade: Trade, *orders: SalesOrder) -> dict[int, Invoice | Refused]:
    return services.invoice_orders(order_ids=[order.pk for order in orders], actor=trade.accountant, at=AT)


def drift() -> list[str]:
    return [f"{check.name}: {found}" for check in audit.CHECKS for found in check.find()[1]]


class TestSeveralOrders:
    def test_of_two_customers_make_two_invoices_in_whatever_order_they_come(self, trade: Trade) -> None:
        rule(trade, joins_invoices=True)
        other = another_customer(trade)
        rule(other, joins_invoices=True)
        a, b, c, d = (t.shipped((trade.product("9.99"), "3")) for t in (trade, other, trade, other))
        results = invoice(trade, a, b, c, d)
        assert results[a.pk] == results[c.pk] != results[b.pk] == results[d.pk]
        assert Invoice.objects.count() == 2
        joint = results[a.pk]
        assert [share.order_id for share in joint.orders.order_by("pk")] == [a.pk, c.pk]
        assert sum(share.gross for share in joint.orders.all()) == joint.gross == Decimal("71.93")
        assert drift() == []

    def test_make_one_each_where_the_customer_does_not_want_them_together(self, trade: Trade) -> None:
        a, b = trade.shipped(), trade.shipped()
        results = invoice(trade, a, b)
        assert results[a.pk] != results[b.pk]

    def test_stay_apart_where_bills_go_elsewhere_or_terms_differ(self, trade: Trade) -> None:
        rule(trade, joins_invoices=True)
        a, b, c = trade.shipped(), trade.shipped(), trade.shipped()
        SalesOrder.objects.filter(pk=b.pk).update(bill_to={**b.bill_to, "street": "1 Other Road"})
        SalesOrder.objects.filter(pk=c.pk).update(terms_days=7)
        assert len({result.pk for result in invoice(trade, a, b, c).values()}) == 3  # type: ignore[union-attr]

    def test_are_named_with_their_lines_and_their_po_numbers_on_the_paper(self, trade: Trade) -> None:
        rule(trade, joins_invoices=True)
        a, b = trade.shipped(), trade.shipped((trade.product(), "1"), (trade.product(), "2"))
        paper = invoice(trade, a, b)[a.pk].snapshot  # type: ignore[union-attr]
        assert [(line["order_number"], line["customer_po"]) for line in paper["lines"]] == [
            (a.number, a.po_number),
            (b.number, b.po_number),
            (b.number, b.po_number),
        ]
        assert paper["order"]["number"] == ""
        assert documents.render_invoice({**paper, "number": "INV-1"}).startswith(b"%PDF")

    def test_are_told_each_and_paid_by_one_payment(self, trade: Trade) -> None:
        rule(trade, joins_invoices=True)
        a, b = trade.shipped(), trade.shipped((trade.product("20"), "1"))
        joint = invoice(trade, a, b)[a.pk]
        assert set(OrderEvent.objects.filter(kind="INVOICED").values_list("order", flat=True)) == {a.pk, b.pk}
        (payment,) = services.pay_orders(order_ids=[b.pk], actor=trade.accountant, at=AT).values()
        assert (payment.amount, Invoice.objects.get(pk=joint.pk).settled) == (60, 60)  # type: ignore[union-attr]
        assert set(SalesOrder.objects.values_list("payment", flat=True)) == {Facet.FULL}
        assert set(OrderEvent.objects.filter(kind="PAID").values_list("order", flat=True)) == {a.pk, b.pk}
        assert services.pay_orders(order_ids=[a.pk, b.pk], actor=trade.accountant, at=AT) == {
            a.pk: payment,
            b.pk: payment,
        }
        assert drift() == []

    def test_are_all_part_paid_by_a_part(self, trade: Trade) -> None:
        rule(trade, joins_invoices=True)
        a, b = trade.shipped(), trade.shipped((trade.product("20"), "1"))
        joint = invoice(trade, a, b)[a.pk]
        receipt = services.Receipt(a.pk, Decimal(1), joint.pk)  # type: ignore[union-attr]
        services.record_payments(receipts=[receipt], actor=trade.accountant, at=AT)
        assert set(SalesOrder.objects.values_list("payment", flat=True)) == {Facet.PART}
        assert drift() == []


class TestInvoiceOnConfirm:
    def test_bills_in_full_before_anything_leaves(self, trade: Trade) -> None:
        rule(trade, invoice_on=InvoiceOn.CONFIRM)
        order = trade.order((trade.product("10"), "4"), (trade.product("5", kind="CHARGE"), "1"))
        assert order.invoice_on == InvoiceOn.CONFIRM
        assert queries.orders_in_billing(trade.accountant).get(pk=order.pk).is_due
        assert trade.invoice(order).net == 45
        assert SalesOrder.objects.get(pk=order.pk).billing == Facet.FULL
        assert not queries.orders_in_billing(trade.accountant).get(pk=order.pk).is_due
        trade.ship(order)
        assert queries.blockers([order.pk], "billing.invoice")[order.pk][0].code == "already_invoiced"
        assert drift() == []

    def test_is_the_rule_on_the_day_of_confirming(self, trade: Trade) -> None:
        order = trade.order((trade.product("10"), "4"))
        rule(trade, invoice_on=InvoiceOn.CONFIRM)
        assert queries.blockers([order.pk], "billing.invoice")[order.pk][0].code == "nothing_shipped"


class TestPartialInvoices:
    """The sum of what is billed in parts is what the whole would have come to, to the cent (rule 7, T21)."""

    @pytest.mark.soak("T21")
    @settings(max_examples=count(short=15, full=300))
    @given(
        price=st.decimals("0.0005", "900", places=4),
        parts=st.lists(st.integers(1, 9), min_size=2, max_size=5),
        currency=st.sampled_from(["GBP", "JPY", "KWD"]),
    )
    def test_sum_to_the_whole_order(self, price: Decimal, parts: list[int], currency: str) -> None:
        trade = Trade.start(currency=currency)
        order = trade.order((trade.product(str(price)), str(sum(parts)), "12.5"), (trade.product("3.33"), "1"))
        for number, units in enumerate(parts):
            trade.ship(order, {1: str(units), 2: "1" if number == 0 else "0"})
            trade.invoice(SalesOrder.objects.get(pk=order.pk))
        billed = Invoice.objects.filter(orders__order=order)
        assert len(billed) == len(parts)
        assert sum(one.net for one in billed) == order.net
        assert sum(line.invoiced_net for line in SalesOrderLine.objects.filter(order=order)) == order.net
        assert SalesOrder.objects.get(pk=order.pk).billing == Facet.FULL
        assert InvoiceOrder.objects.filter(order=order).count() == len(parts)
        assert drift() == []
