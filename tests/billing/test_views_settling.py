"""The pages of crediting and settling: what was typed is done once, and a mistake stands at its line."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from billing import services
from billing.models import Invoice, Payment, Settlement
from orders.models import CreditAccount, Customer
from tests.factories.billing import Trade
from tests.factories.core import person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade() -> Trade:
    return Trade.start()


@pytest.fixture
def accountant(trade: Trade) -> Client:
    return signed_in(trade.accountant)


def shown(client: Client, name: str, *args: int) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return response.content.decode()


def invoiced(trade: Trade, units: str = "3") -> Invoice:
    return trade.invoice(trade.shipped((trade.product("10"), units)), at=timezone.now())


def today() -> str:
    return timezone.localdate().isoformat()


class TestCreditInvoice:
    def credit(self, client: Client, invoice: Invoice, units: str = "", amount: str = "", **fields: str):
        line = invoice.lines.get().pk
        data = {f"units-{line}": units, f"amount-{line}": amount, "reason": "Broken", "bills_again": "stays", **fields}
        return client.post(reverse("billing:credit_invoice", args=[invoice.pk]), {"idempotency_key": "k", **data})

    def test_posts_the_note_once_and_leads_to_it(self, trade: Trade, accountant: Client) -> None:
        invoice = invoiced(trade)
        for _ in range(2):
            response = self.credit(accountant, invoice, "1")
        note = Invoice.objects.get(kind=Invoice.Kind.CREDIT_NOTE)
        assert response["Location"] == reverse("billing:invoice", args=[note.pk])
        assert note.gross == -12
        text = shown(accountant, "billing:invoice", note.pk)
        assert "Broken" in text
        assert invoice.number in text
        assert note.number in shown(accountant, "billing:invoice", invoice.pk)

    def test_says_at_the_line_what_is_wrong_and_keeps_what_was_typed(self, trade: Trade, accountant: Client) -> None:
        invoice = invoiced(trade)
        response = self.credit(accountant, invoice, "4")
        assert response.status_code == 422
        text = response.content.decode()
        assert "3 are left to credit" in text
        assert 'value="4"' in text
        assert (
            "Only units can be billed again"
            in self.credit(accountant, invoice, amount="5", bills_again="again").content.decode()
        )
        assert "at least one line" in self.credit(accountant, invoice).content.decode()
        assert not Invoice.objects.filter(kind=Invoice.Kind.CREDIT_NOTE).exists()

    def test_lets_the_units_be_billed_again(self, trade: Trade, accountant: Client) -> None:
        self.credit(accountant, invoiced(trade), "2", bills_again="again")
        assert Invoice.objects.get(kind=Invoice.Kind.CREDIT_NOTE).bills_again


class TestReceivePayment:
    def pay(self, client: Client, trade: Trade, amount: str, **fields: str):
        data = {"amount": amount, "received_on": today(), "method": "BANK", "reference": "BACS", **fields}
        url = reverse("billing:receive_payment", args=[trade.customer.pk])
        return client.post(url, {"idempotency_key": "k", **data})

    def test_shows_the_open_invoices_with_what_is_left_after_each(self, trade: Trade, accountant: Client) -> None:
        first, second = invoiced(trade), invoiced(trade, "1")
        text = shown(accountant, "billing:receive_payment", trade.customer.pk)
        assert text.index(first.number) < text.index(second.number)
        assert 'value="48.00"' in text

    def test_settles_the_oldest_and_keeps_the_rest(self, trade: Trade, accountant: Client) -> None:
        invoice = invoiced(trade)
        for _ in range(2):
            response = self.pay(accountant, trade, "50")
        assert response["Location"] == reverse("orders:customer", args=[trade.customer.pk])
        payment = Payment.objects.get()
        assert (payment.amount, payment.settled, payment.reference) == (50, 36, "BACS")
        assert payment.number in shown(accountant, "billing:unapplied")
        assert payment.number in shown(accountant, "billing:invoice", invoice.pk)

    def test_takes_the_amounts_that_were_keyed_and_refuses_too_much_at_its_row(
        self, trade: Trade, accountant: Client
    ) -> None:
        first, second = invoiced(trade), invoiced(trade)
        response = self.pay(accountant, trade, "50", **{f"share-{second.pk}": "36.01"})
        assert response.status_code == 422
        assert f"Only 36.00 GBP is open of {second.number}" in response.content.decode()
        self.pay(accountant, trade, "50", **{f"share-{second.pk}": "20"})
        assert list(Settlement.objects.values_list("invoice", "amount")) == [(second.pk, 20)]
        assert Invoice.objects.get(pk=first.pk).settled == 0


class TestApply:
    def test_applies_a_payment_in_amounts_and_the_rest_stays(self, trade: Trade, accountant: Client) -> None:
        payment = services.receive_payment(
            customer_id=trade.customer.pk,
            currency="GBP",
            amount=Decimal(100),
            actor=trade.accountant,
            at=timezone.now(),
        )
        invoice = invoiced(trade)
        url = reverse("billing:apply_payment", args=[payment.pk])
        assert "100.00" in accountant.get(url).content.decode()
        accountant.post(url, {f"share-{invoice.pk}": "10", "idempotency_key": "k"})
        assert Invoice.objects.get(pk=invoice.pk).settled == 10
        accountant.post(url, {f"share-{invoice.pk}": "", "idempotency_key": "k2"})
        assert Invoice.objects.get(pk=invoice.pk).settled == 36
        assert Payment.objects.get().settled == 36


class TestUndoAndRefund:
    def test_undoes_one_settlement_from_its_document_and_from_no_other(self, trade: Trade, accountant: Client) -> None:
        first, second = invoiced(trade), invoiced(trade)
        services.pay_invoices(invoice_ids=[first.pk, second.pk], actor=trade.accountant, at=timezone.now())
        one = Settlement.objects.get(invoice=first)
        wrong = reverse("billing:undo_settlement", args=[second.pk, one.pk])
        assert accountant.post(wrong).status_code == 404
        accountant.post(reverse("billing:undo_settlement", args=[first.pk, one.pk]), {"idempotency_key": "k"})
        assert [Invoice.objects.get(pk=i.pk).settled for i in (first, second)] == [0, 36]
        assert "undone" in shown(accountant, "billing:invoice", first.pk)

    def test_pays_a_credit_note_back(self, trade: Trade, accountant: Client) -> None:
        invoice = invoiced(trade)
        services.pay_invoices(invoice_ids=[invoice.pk], actor=trade.accountant, at=timezone.now())
        TestCreditInvoice().credit(accountant, invoice, "1")
        note = Invoice.objects.get(kind=Invoice.Kind.CREDIT_NOTE)
        assert reverse("billing:refund", args=[note.pk]) in shown(accountant, "billing:invoice", note.pk)
        response = accountant.post(
            reverse("billing:refund", args=[note.pk]),
            {"amount": "12.00", "received_on": today(), "method": "BANK", "reference": "", "idempotency_key": "k3"},
        )
        assert response.status_code == 302
        assert Payment.objects.get(amount__lt=0).amount == -12
        assert Invoice.objects.get(pk=note.pk).settled == -12


class TestRules:
    def test_of_a_customer_are_keyed_on_their_pages(self, trade: Trade) -> None:
        manager = signed_in(person("SALES_MANAGER", company=trade.company))
        terms = reverse("orders:credit_terms", args=[trade.customer.pk])
        manager.post(terms, {"limit": "500", "idempotency_key": "k"})
        assert CreditAccount.objects.get(pk=trade.customer.pk).credit_limit == 500
        assert "500.00" in shown(manager, "orders:customer", trade.customer.pk)
        assert manager.post(terms, {"limit": "5", "is_prepay": "on", "idempotency_key": "k1"}).status_code == 409
        customer = trade.customer
        response = manager.post(
            reverse("orders:edit_customer", args=[customer.pk]),
            {
                "number": customer.number,
                "name": customer.name,
                "price_list": customer.price_list_id,
                "terms_days": "30",
                "invoice_on": "CONFIRM",
                "ship_policy": "PARTIAL",
                "ship_minimum": "0",
                "joins_invoices": "on",
                "is_active": "on",
                "idempotency_key": "k2",
            },
        )
        assert response.status_code == 302
        kept = Customer.objects.get(pk=customer.pk)
        assert (kept.invoice_on, kept.joins_invoices) == ("CONFIRM", True)

    def test_pays_back_what_waits_of_a_payment_from_its_page(self, trade: Trade, accountant: Client) -> None:
        invoice = invoiced(trade)
        words = {"customer_id": trade.customer.pk, "currency": "GBP", "actor": trade.accountant, "at": timezone.now()}
        payment = services.receive_payment(amount=Decimal(50), **words)
        page = shown(accountant, "billing:payment", payment.pk)
        refund = reverse("billing:refund_payment", args=[payment.pk])
        assert (invoice.number in page, "14.00" in page, refund in page) == (True, True, True)
        data = {"received_on": today(), "method": "BANK", "reference": "Back 1"}
        refused = accountant.post(refund, {**data, "amount": "14.01", "idempotency_key": "k4"})
        assert refused.status_code == 422
        assert "Only 14.00 GBP is left" in refused.content.decode()
        for _ in range(2):
            answer = accountant.post(refund, {**data, "amount": "14.00", "idempotency_key": "k5"})
        assert answer["Location"] == reverse("billing:payment", args=[payment.pk])
        back = Payment.objects.get(amount__lt=0)
        assert (back.amount, back.pays_back) == (-14, payment)
        page = shown(accountant, "billing:payment", payment.pk)
        assert (back.number in page, "Back 1" in page, refund in page) == (True, True, False)
        assert payment.number in shown(accountant, "billing:payment", back.pk)

    def test_undoes_a_settlement_from_the_payments_page_and_comes_back_to_it(
        self, trade: Trade, accountant: Client
    ) -> None:
        invoice = invoiced(trade)
        services.pay_invoices(invoice_ids=[invoice.pk], actor=trade.accountant, at=timezone.now())
        one = Settlement.objects.get()
        here = reverse("billing:payment", args=[one.payment_id])
        undo = reverse("billing:undo_settlement", args=[invoice.pk, one.pk])
        assert undo in accountant.get(here).content.decode()
        answer = accountant.post(undo, {"idempotency_key": "k", "next": here})
        assert answer["Location"] == here
        assert Invoice.objects.get(pk=invoice.pk).settled == 0


class TestPayInvoice:
    def test_names_the_invoice_where_its_page_stands_alone(self, trade: Trade, accountant: Client) -> None:
        invoice = invoiced(trade)
        page = shown(accountant, "billing:pay_invoice", invoice.pk)
        assert (str(invoice.number) in page, escape(trade.customer.name) in page, "36.00" in page) == (True, True, True)
