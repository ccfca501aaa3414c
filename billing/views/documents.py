"""Billing's pages: what waits for an invoice, the invoices, one of them with its paper, and taking a payment."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import DetailView, FormView, View

from billing import documents, queries, services
from billing.filters import BillingQueueFilter, InvoiceQueueFilter
from billing.forms import PaymentForm
from billing.models import Invoice
from billing.queries import State
from billing.tables import BillingQueueTable, InvoiceQueueTable
from core import notes
from core.money import ZERO
from core.pages import FormPageMixin, VerbRequiredMixin, moment, person, today_of
from core.queues import Alert, BulkAction, QueueActionView, QueueView, Tab, Work
from core.refusals import Blocked, Refused
from orders.models import SalesOrder


class BillingQueueView(QueueView):
    """Orders of which something was shipped and not invoiced; and those whose goods are still in the house."""

    verb = "billing.invoice"
    model = SalesOrder
    table_class = BillingQueueTable
    filterset_class = BillingQueueFilter
    row_template = "billing/_order_row.html"
    empty_template = "billing/_order_queue_empty.html"
    title = "To invoice"
    noun = "order"
    default_sort = "shipped_at"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("due", "Ready", queries.NOT_INVOICED_IN_FULL & Q(is_due=True)),
        Tab("waiting", "Waiting for goods", queries.NOT_INVOICED_IN_FULL & Q(is_due=False)),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("due", "billing.invoice"),)
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction("billing:invoice_orders", "billing.invoice", "Invoice", key="i"),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the orders with whether an invoice is due and since when."""
        return queries.orders_in_billing(person(self.request))

    @classmethod
    def together(cls, ids: Collection[int]) -> Mapping[int, Hashable]:
        """Keep the orders of a customer who takes several on one invoice in one slice."""
        return queries.joining_customers(ids)

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each order what its next invoice comes to, or why there is none, and its last invoice."""
        facts = queries.billing_facts([row.pk for row in rows])
        last = queries.last_invoices([row.pk for row in rows if row.billing != "NONE"])
        company, today = person(self.request).company, today_of(self.request)
        for row in rows:
            row.facts, row.last_invoice = facts[row.pk], last.get(row.pk)
            row.joins = row.customer.joins_invoices
            row.waits = max(0, (today - company.local(row.shipped_at).date()).days) if row.shipped_at else 0
        return rows


class InvoiceOrdersView(QueueActionView):
    """Posts the invoices of orders."""

    verb = "billing.invoice"
    queue, queue_url = BillingQueueView, "billing:to_invoice"
    service, ids_name = services.invoice_orders, "order_ids"
    done, done_many = "Invoice posted.", "{n} invoices posted."


class PayOrdersView(QueueActionView):
    """Records that all that is open of orders' invoices was paid."""

    verb = "billing.pay"
    queue, queue_url = BillingQueueView, "billing:invoices"
    service, ids_name = services.pay_orders, "order_ids"
    done, done_many = "Payment recorded.", "{n} payments recorded."


class InvoiceQueueView(QueueView):
    """Invoices, those that wait for money first."""

    verb = "billing.view"
    model = Invoice
    table_class = InvoiceQueueTable
    filterset_class = InvoiceQueueFilter
    row_template = "billing/_invoice_row.html"
    empty_template = "billing/_invoice_queue_empty.html"
    title = "Invoices"
    noun = "invoice"
    default_sort = "due_on"
    archive_sorts: ClassVar[tuple[str, ...]] = ("number", "due_on")
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("unpaid", "Unpaid", State.UNPAID),
        Tab("overdue", "Overdue", State.OVERDUE),
        Tab("paid", "Paid", State.PAID, is_archive=True),
        Tab("credit", "Credit notes", State.CREDIT, is_archive=True),
        Tab("all", "All", Q(), is_archive=True),
    )
    alerts: ClassVar[tuple[Alert, ...]] = (
        Alert(
            "Invoices overdue",
            State.OVERDUE,
            *("due_on", "billing.pay", "tab=overdue"),
            escalates_after=timedelta(days=14),
            party="customer__name",
        ),
    )
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction(
            "billing:pay_invoices",
            "billing.pay",
            "Record as paid",
            key="p",
            phrase="Record {} as paid",
            confirm="Record that all that is open of the selected invoices came in today, by bank transfer?",
        ),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the invoices with what is open of each."""
        return queries.invoices(person(self.request), moment(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each invoice its state and how late it is."""
        return [queries.shown(row) for row in rows]


class PayInvoicesView(QueueActionView):
    """Records that all that is open of invoices was paid."""

    verb = "billing.pay"
    queue, queue_url = InvoiceQueueView, "billing:invoices"
    service, ids_name = services.pay_invoices, "invoice_ids"
    done, done_many = "Payment recorded.", "{n} payments recorded."


class InvoiceView(VerbRequiredMixin, DetailView):
    """An invoice: what its paper says, what was paid of it, its paper, and the form that takes a payment."""

    verb = "billing.view"
    template_name = "billing/invoice.html"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the invoices of the person's companies, with what was printed on them."""
        return queries.invoices(person(self.request), moment(self.request)).defer(None)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add its paper's content, its payments and, for those who may take one, the form."""
        invoice: Any = queries.shown(self.object)
        user = person(self.request)
        takes_payment = invoice.open > 0 and user.can("billing.pay")
        is_unused = invoice.open < 0
        is_creditable = invoice.kind == Invoice.Kind.INVOICE and invoice.credited < invoice.gross
        document_name = "Open item" if "brings_forward" in invoice.snapshot else invoice.get_kind_display()
        bill_to, ship_to = invoice.snapshot["buyer"], invoice.snapshot["ship_to"]
        goes_elsewhere = ship_to and (bill_to["name"], bill_to["address"]) != (ship_to["name"], ship_to["address"])
        return super().get_context_data(
            title=f"{document_name} {invoice.number}",
            document_name=document_name,
            orders=list(invoice.orders.select_related("order").order_by("pk")),
            credit_notes=list(invoice.credit_notes.defer("snapshot").order_by("pk")) if invoice.credited else [],
            credit_url=reverse("billing:credit_invoice", args=[invoice.pk])
            if is_creditable and user.can("billing.credit")
            else "",
            apply_url=reverse("billing:apply_credit_note", args=[invoice.pk])
            if is_unused and user.can("billing.pay")
            else "",
            refund_url=reverse("billing:refund", args=[invoice.pk]) if is_unused and user.can("billing.refund") else "",
            can_settle=user.can("billing.pay"),
            paper=invoice.snapshot,
            ship_to=ship_to if goes_elsewhere else None,
            lines=with_figures(invoice.snapshot["lines"], "quantity", "price", "net"),
            taxes=with_figures(invoice.snapshot["taxes"], "base", "tax"),
            settlements=queries.settlements_of(invoice),
            has_document=queries.has_document(invoice.pk),
            form=payment_form(invoice) if takes_payment else None,
            payment_url=reverse("billing:pay_invoice", args=[invoice.pk]),
            noted=notes.desk_of("invoice", invoice.pk, user),
            **kwargs,
        )


def with_figures(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Return rows of a paper with their figures as numbers, so that the page can write them its own way."""
    return [{**row, **{name: Decimal(row[name]) for name in names}} for row in rows]


def payment_form(invoice: Any, **kwargs: Any) -> PaymentForm:
    """Return the form for a payment of an invoice, a row of `queries.invoices()`."""
    today: date = invoice.today
    return PaymentForm(currency=invoice.currency, still_open=max(invoice.open, ZERO), today=today, **kwargs)


class PayInvoiceView(FormPageMixin, FormView):
    """Takes a payment for one invoice; a page of its own where there is no script."""

    verb = "billing.pay"
    template_name = "billing/pay.html"
    fragment_name = "billing/_payment_form.html"
    title = "Record a payment"
    submit_label = "Record payment"
    done = "Payment recorded."
    object = None

    @property
    def invoice(self) -> Any:
        """The invoice in the address.

        :raises Http404: where there is none that the person may see.
        """
        if not hasattr(self, "_invoice"):
            mine = queries.invoices(person(self.request), moment(self.request))
            self._invoice = get_object_or_404(mine, pk=self.kwargs["pk"])
        return self._invoice

    def get_form(self, form_class: Any = None) -> PaymentForm:
        """Return the form, with what was typed where something was."""
        return payment_form(self.invoice, data=self.request.POST if self.request.method == "POST" else None)

    def save(self, form: PaymentForm) -> int:
        """Record the payment and return its key.

        :raises Refused: where somebody else's payment came in between.
        """
        receipt = form.receipt(self.invoice.order_id, self.invoice.pk)
        result = services.record_payments(receipts=[receipt], actor=person(self.request), at=moment(self.request))[0]
        if isinstance(result, Refused):
            raise result
        return int(result.pk)

    def url_of(self, reference: Any) -> str:
        """Return the invoice's page."""
        return reverse("billing:invoice", args=[self.kwargs["pk"]])

    def cancel_url(self) -> str:
        """Return the invoice's page."""
        return self.url_of(None)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the address that the form goes to."""
        return super().get_context_data(payment_url=self.request.path, invoice=self.invoice, **kwargs)


class InvoicePaperView(VerbRequiredMixin, View):
    """Says whether the paper of an invoice is ready; the invoice's page asks until it is."""

    verb = "billing.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the links to the paper, or the sentence that it is being prepared."""
        invoice = get_object_or_404(Invoice.objects.for_user(person(request)).defer("snapshot"), pk=pk)
        context = {"invoice": invoice, "has_document": queries.has_document(pk)}
        return render(request, "billing/_paper.html", context)


class InvoiceDocumentView(VerbRequiredMixin, View):
    """Serves the stored PDF of an invoice, byte for byte."""

    verb = "billing.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Return the file.

        :raises Blocked: while it is being prepared.
        :raises Http404: where there is no such invoice for this person.
        """
        mine = Invoice.objects.for_user(person(request))
        number = mine.filter(pk=pk).values_list("number", flat=True).first()
        if number is None:
            raise Http404("No such invoice.")
        document = queries.document_of(pk)
        if document is None and queries.is_printed_when_asked(pk):
            snapshot = mine.values_list("snapshot", flat=True).get(pk=pk)
            services.store_documents(documents={pk: documents.render_invoice({**snapshot, "number": number})})
            document = queries.document_of(pk)
        if document is None:
            raise Blocked(f"The PDF of {number} is being prepared: it is here in a moment. Try again then.")
        response = HttpResponse(bytes(document.content), content_type="application/pdf")
        kind = "attachment" if "download" in request.GET else "inline"
        response["Content-Disposition"] = f'{kind}; filename="{number}.pdf"'
        response["ETag"] = f'"{document.sha256}"'
        response["Cache-Control"] = "private, no-cache"
        return response
