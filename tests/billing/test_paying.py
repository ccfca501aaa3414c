"""Recording payments: what they settle, what is refused and in which words, and who may do it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import events, services
from billing.models import Invoice, Payment, Settlement
from billing.services import Receipt
from core.refusals import NotAllowed, Refused
from core.roles import Role
from orders.models import Facet, OrderEvent, SalesOrder
from tests.factories.billing import AT, Trade
from tests.factories.core import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade() -> Trade:
    return Trade.start()


def record(trade: Trade, *receipts: Receipt) -> list[Any]:
    return services.record_payments(receipts=receipts, actor=trade.accountant, at=AT)


def settled_of(invoice: Invoice) -> Decimal:
    return Invoice.objects.get(pk=invoice.pk).settled


def payment_of(invoice: Invoice) -> str:
    return SalesOrder.objects.get(pk=invoice.order_id).payment


class TestRecordPayments:
    """One receipt, one payment, and the invoices it settles."""

    def test_settles_part_and_then_the_rest(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "3"))
        receipt = Receipt(
            invoice.order_id,
            amount=Decimal("6.00"),
            invoice_id=invoice.pk,
            method="CARD",
            reference=" FPS 1 ",
            received_on=date(2025, 6, 2),
        )
        (first,) = record(trade, receipt)
        assert (first.amount, first.settled, first.method, first.reference) == (6, 6, "CARD", "FPS 1")
        assert (first.received_on, first.customer_id, first.currency) == (date(2025, 6, 2), trade.customer.pk, "GBP")
        assert (settled_of(invoice), payment_of(invoice)) == (6, Facet.PART)
        (second,) = record(trade, Receipt(invoice.order_id, amount=Decimal("30.00")))
        assert second.received_on == AT.date()
        assert (settled_of(invoice), payment_of(invoice)) == (36, Facet.FULL)
        assert sorted(Settlement.objects.values_list("payment_id", "invoice_id", "amount")) == [
            (first.pk, invoice.pk, 6),
            (second.pk, invoice.pk, 30),
        ]

    def test_settles_the_order_s_invoices_oldest_first(self, trade: Trade) -> None:
        order = trade.order((trade.product("10"), "3"))
        invoices = []
        for day in range(3):
            trade.ship(order, {1: "1"})
            invoices.append(trade.invoice(order, at=AT + timedelta(days=day)))
        (payment,) = record(trade, Receipt(order.pk, amount=Decimal("18.00")))
        assert [settled_of(invoice) for invoice in invoices] == [12, 6, 0]
        assert [row.amount for row in payment.settlements.order_by("pk")] == [12, 6]
        assert payment_of(invoices[0]) == Facet.PART

    def test_settles_the_invoice_that_is_named_only(self, trade: Trade) -> None:
        order = trade.order((trade.product("10"), "2"))
        invoices = []
        for _ in range(2):
            trade.ship(order, {1: "1"})
            invoices.append(trade.invoice(order))
        record(trade, Receipt(order.pk, invoice_id=invoices[1].pk))
        assert [settled_of(invoice) for invoice in invoices] == [0, 12]

    def test_takes_several_receipts_for_one_invoice_in_turn(self, trade: Trade) -> None:
        invoice = trade.invoiced((trade.product("10"), "1"))
        half = Receipt(invoice.order_id, amount=Decimal(7))
        first, second = record(trade, half, half)
        assert isinstance(first, Payment)
        assert "Only 5.00 GBP is open" in str(second)
        assert (settled_of(invoice), Payment.objects.count()) == (7, 1)

    @pytest.mark.parametrize(
        ("fields", "field", "words"),
        [
            ({"amount": Decimal("36.01")}, "amount", "Only 36.00 GBP is open"),
            ({"amount": Decimal(0)}, "amount", "more than zero"),
            ({"amount": Decimal("-5")}, "amount", "more than zero"),
            ({"amount": Decimal("1.005")}, "amount", "GBP has 2 decimals"),
            ({"received_on": AT.date() + timedelta(days=1)}, "received_on", "in the future"),
            ({"received_on": AT.date() - timedelta(days=367)}, "received_on", "check the year"),
            ({"method": "BARTER"}, "method", "how it was paid"),
            ({"reference": "x" * 81}, "reference", "80 characters"),
        ],
    )
    def test_refuses_in_words_and_changes_nothing(
        self, trade: Trade, fields: dict[str, Any], field: str, words: str
    ) -> None:
        invoice = trade.invoiced((trade.product("10"), "3"))
        (result,) = record(trade, Receipt(invoice.order_id, **fields))
        assert isinstance(result, services.PaymentInvalid)
        assert result.field == field
        assert words in str(result)
        assert not Payment.objects.exists()
        assert (settled_of(invoice), payment_of(invoice)) == (0, Facet.NONE)
        assert not OrderEvent.objects.filter(kind=OrderEvent.Kind.PAID).exists()

    def test_takes_the_last_day_of_the_company_s_time_zone(self) -> None:
        """At 20:30 in London it is tomorrow in Auckland, and money may have come in there."""
        trade = Trade.start(time_zone="Pacific/Auckland")
        invoice = trade.invoiced()
        at = AT.replace(hour=20, minute=30)
        receipts = [Receipt(invoice.order_id, received_on=AT.date() + timedelta(days=1))]
        (payment,) = services.record_payments(receipts=receipts, actor=trade.accountant, at=at)
        assert isinstance(payment, Payment)

    def test_refuses_an_order_without_an_invoice_and_records_the_others(self, trade: Trade) -> None:
        waiting, invoice = trade.shipped(), trade.invoiced()
        refusal, payment = record(trade, Receipt(waiting.pk), Receipt(invoice.order_id))
        assert isinstance(refusal, Refused)
        assert refusal.blockers[0].code == "not_invoiced"
        assert payment.amount == invoice.gross

    def test_tells_the_order_s_log_and_the_apps_above(self, trade: Trade) -> None:
        told: list[events.PaymentsRecorded] = []

        def listen(event: events.PaymentsRecorded, **_: object) -> None:
            told.append(event)

        invoice = trade.invoiced((trade.product("10"), "3"))
        events.payments_recorded.connect(listen)
        try:
            (payment,) = record(trade, Receipt(invoice.order_id))
        finally:
            events.payments_recorded.disconnect(listen)
        assert told == [events.PaymentsRecorded((payment.pk,), AT)]
        event = OrderEvent.objects.get(kind=OrderEvent.Kind.PAID)
        assert (event.order_id, event.subject_kind, event.subject_id) == (invoice.order_id, "payment", payment.pk)
        assert event.data == {"amount": "36.0000", "currency": "GBP", "invoices": ["INV-2025-000001"]}

    def test_leaves_other_companies_invoices_alone(self, trade: Trade) -> None:
        theirs = Trade.start().invoiced()
        (result,) = record(trade, Receipt(theirs.order_id))
        assert isinstance(result, Refused)
        assert settled_of(theirs) == 0

    def test_settles_no_invoice_of_another_order(self, trade: Trade) -> None:
        one, other = trade.invoiced(), trade.invoiced()
        (result,) = record(trade, Receipt(one.order_id, invoice_id=other.pk))
        assert isinstance(result, Refused)
        assert (settled_of(one), settled_of(other)) == (0, 0)

    @pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ACCOUNTANT, Role.ADMINISTRATOR}])
    def test_refuses_those_whose_roles_do_not_include_it(self, trade: Trade, role: Role) -> None:
        invoice = trade.invoiced()
        actor = person(role, company=trade.company)
        for call in (
            lambda: services.record_payments(receipts=[Receipt(invoice.order_id)], actor=actor, at=AT),
            lambda: services.pay_orders(order_ids=[invoice.order_id], actor=actor, at=AT),
            lambda: services.pay_invoices(invoice_ids=[invoice.pk], actor=actor, at=AT),
        ):
            with pytest.raises(NotAllowed):
                call()
        assert not Payment.objects.exists()
        assert (settled_of(invoice), payment_of(invoice)) == (0, Facet.NONE)

    @settings(max_examples=20)
    @given(cents=st.lists(st.integers(min_value=1, max_value=2000), min_size=1, max_size=5))
    def test_never_settles_more_than_is_open(self, cents: list[int]) -> None:
        trade = Trade.start()
        invoice = trade.invoiced((trade.product("10"), "3"))
        results = record(trade, *(Receipt(invoice.order_id, amount=Decimal(cent) / 100) for cent in cents))
        taken = sum((result.amount for result in results if isinstance(result, Payment)), Decimal(0))
        assert settled_of(invoice) == taken <= invoice.gross
        assert sum(row.amount for row in Settlement.objects.filter(invoice=invoice)) == taken
        for place, result in enumerate(results):
            before = sum((r.amount for r in results[:place] if isinstance(r, Payment)), Decimal(0))
            assert isinstance(result, Payment) == (before + Decimal(cents[place]) / 100 <= invoice.gross)


class TestPayOrders:
    """All that is open, paid at once, on the same path."""

    def test_pays_what_is_open_of_each_order(self, trade: Trade) -> None:
        one, other = trade.invoiced((trade.product("10"), "1")), trade.invoiced((trade.product("20"), "1"))
        record(trade, Receipt(one.order_id, amount=Decimal(2)))
        results = services.pay_orders(
            order_ids=[other.order_id, one.order_id], actor=trade.accountant, at=AT, method="CARD", reference="batch"
        )
        assert {pk: (paid.amount, paid.method, paid.reference) for pk, paid in results.items()} == {
            one.order_id: (10, "CARD", "batch"),
            other.order_id: (24, "CARD", "batch"),
        }
        assert (payment_of(one), payment_of(other)) == (Facet.FULL, Facet.FULL)

    def test_gives_the_same_payment_back_when_sent_again_and_writes_nothing(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        first = services.pay_orders(order_ids=[invoice.order_id], actor=trade.accountant, at=AT)[invoice.order_id]
        logged = OrderEvent.objects.count()
        again = services.pay_orders(order_ids=[invoice.order_id], actor=trade.accountant, at=AT)[invoice.order_id]
        assert (again.pk, Payment.objects.count(), OrderEvent.objects.count()) == (first.pk, 1, logged)

    def test_takes_the_same_statements_for_one_order_and_ten(self, trade: Trade) -> None:
        goods = trade.product("10")
        orders = trade.orders([[(goods, "1")]] * 11)
        for order in orders:
            trade.ship(order)
        ids = [order.pk for order in orders]
        services.invoice_orders(order_ids=ids, actor=trade.accountant, at=AT)
        with CaptureQueriesContext(connection) as one:
            services.pay_orders(order_ids=ids[:1], actor=trade.accountant, at=AT)
        with CaptureQueriesContext(connection) as ten:
            results = services.pay_orders(order_ids=ids[1:], actor=trade.accountant, at=AT)
        assert all(isinstance(result, Payment) for result in results.values())
        assert len(ten) == len(one)
        assert len([query for query in one if "SAVEPOINT" not in query["sql"]]) <= 8


class TestPayInvoices:
    """Invoices selected in their queue."""

    def test_pays_each_by_a_payment_of_its_own(self, trade: Trade) -> None:
        order = trade.order((trade.product("10"), "2"))
        invoices = []
        for _ in range(2):
            trade.ship(order, {1: "1"})
            invoices.append(trade.invoice(order))
        record(trade, Receipt(order.pk, invoice_id=invoices[0].pk, amount=Decimal(5)))
        ids = [invoice.pk for invoice in invoices]
        results = services.pay_invoices(invoice_ids=ids, actor=trade.accountant, at=AT)
        assert [results[pk].amount for pk in ids] == [7, 12]
        assert payment_of(invoices[0]) == Facet.FULL
        again = services.pay_invoices(invoice_ids=ids, actor=trade.accountant, at=AT)
        assert [again[pk].pk for pk in ids] == [results[pk].pk for pk in ids]
