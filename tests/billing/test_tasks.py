"""Papers: printed once from what was frozen, served byte for byte, found where a job was lost."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing import documents, queries, tasks
from billing.models import Invoice, InvoiceDocument
from tests.factories.billing import Trade

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade() -> Trade:
    return Trade.start()


class TestRenderInvoices:
    def test_prints_what_was_frozen_with_the_number(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        tasks.render_invoices([invoice.pk])
        document = InvoiceDocument.objects.get()
        assert document.invoice_id == invoice.pk
        assert bytes(document.content).startswith(b"%PDF-")
        assert document.sha256 == hashlib.sha256(document.content).hexdigest()

    def test_keeps_the_first_paper_when_run_again(self, trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
        invoice = trade.invoiced()
        tasks.render_invoices([invoice.pk])
        first = InvoiceDocument.objects.values().get()
        monkeypatch.setattr(documents, "render_invoice", lambda snapshot: b"%PDF-another")
        tasks.render_invoices([invoice.pk])
        tasks.services.store_documents(documents={invoice.pk: b"%PDF-another"})
        assert InvoiceDocument.objects.values().get() == first

    def test_prints_the_others_where_one_cannot_be_printed(self, trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
        bad, good = trade.invoiced(), trade.invoiced()

        def render(snapshot: dict[str, str]) -> bytes:
            if snapshot["number"] == bad.number:
                raise ValueError("no such font")
            return b"%PDF-1.7"

        monkeypatch.setattr(documents, "render_invoice", render)
        with pytest.raises(ExceptionGroup, match="1 invoices could not be printed"):
            tasks.render_invoices([bad.pk, good.pk])
        assert list(InvoiceDocument.objects.values_list("invoice_id", flat=True)) == [good.pk]

    def test_stays_the_same_whatever_the_customer_becomes(self, trade: Trade, client: Client) -> None:
        """PRODUCT.md case 84."""
        invoice = trade.invoiced()
        tasks.render_invoices([invoice.pk])
        client.force_login(trade.accountant, backend="django.contrib.auth.backends.ModelBackend")
        address = reverse("billing:document", args=[invoice.pk])
        before = client.get(address).content
        trade.customer.addresses.update(street="99 New Road", city="Bradford")
        trade.customer.name = "Somebody Else Ltd"
        trade.customer.save()
        trade.company.address = "Elsewhere"
        trade.company.save()
        tasks.render_invoices([invoice.pk])
        response = client.get(address)
        assert response.content == before
        assert response["ETag"] == f'"{hashlib.sha256(before).hexdigest()}"'
        frozen = Invoice.objects.get(pk=invoice.pk)
        assert documents.render_invoice({**frozen.snapshot, "number": frozen.number}) == before


class TestRenderLostInvoices:
    def test_prints_what_has_waited_for_more_than_a_minute(self, trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(documents, "render_invoice", lambda snapshot: b"%PDF-1.7")
        lost, printed = trade.invoiced(), trade.invoiced()
        tasks.render_invoices([printed.pk])
        now = timezone.now()
        assert queries.ids_to_print(now + timedelta(seconds=55), is_late=True) == []
        assert queries.ids_to_print(now + timedelta(seconds=65)) == []
        tasks.render_lost_invoices(int(now.timestamp()))
        assert InvoiceDocument.objects.count() == 1
        tasks.render_lost_invoices(int(now.timestamp()) + 65)
        assert set(InvoiceDocument.objects.values_list("invoice_id", flat=True)) == {lost.pk, printed.pk}


class TestThePastOfACompany:
    def test_is_printed_when_somebody_asks_and_not_before(
        self, trade: Trade, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(documents, "render_invoice", lambda snapshot: b"%PDF-1.7")
        old = trade.invoiced()
        trade.company.live_on = old.issued_on + timedelta(days=1)
        trade.company.save()
        tasks.render_posted_invoices(int(timezone.now().timestamp()))
        assert not InvoiceDocument.objects.exists()
        client.force_login(trade.accountant, backend="django.contrib.auth.backends.ModelBackend")
        assert reverse("billing:document", args=[old.pk]) in client.get(reverse("billing:paper", args=[old.pk])).text
        asked = [client.get(reverse("billing:document", args=[old.pk])).content for _ in range(2)]
        assert asked == [b"%PDF-1.7"] * 2
        assert InvoiceDocument.objects.get().invoice_id == old.pk

    def test_ends_on_the_day_on_which_it_went_live(self, trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(documents, "render_invoice", lambda snapshot: b"%PDF-1.7")
        first = trade.invoiced()
        trade.company.live_on = first.issued_on
        trade.company.save()
        assert not queries.is_printed_when_asked(first.pk)
        tasks.render_posted_invoices(int(timezone.now().timestamp()))
        assert InvoiceDocument.objects.get().invoice_id == first.pk


class TestRenderPostedInvoices:
    def test_prints_what_was_posted_just_now_and_nothing_twice(
        self, trade: Trade, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(documents, "render_invoice", lambda snapshot: b"%PDF-1.7")
        invoice = trade.invoiced()
        for _tick in range(2):
            tasks.render_posted_invoices(int(timezone.now().timestamp()))
            assert [document.invoice_id for document in InvoiceDocument.objects.all()] == [invoice.pk]
