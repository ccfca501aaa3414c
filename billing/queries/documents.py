"""Posted invoices and credit notes: lists of them, their states, their papers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from billing.models import Invoice, InvoiceDocument, InvoiceOrder
from core.models import User
from core.reading import day_at
from core.registry import DocumentLink

# A sweep looks this far back; an older posting without a document is the audit's to find.
SWEPT = 10_000
# What is dated before the company went live was taken over: thousands of papers that are printed when somebody asks
IS_PAST = Q(company__live_on__isnull=False, issued_on__lt=F("company__live_on"))


def last_invoices(order_ids: Collection[int]) -> dict[int, Invoice]:
    """Return the newest invoice of each order that has one."""
    if not order_ids:
        return {}
    found = InvoiceOrder.objects.filter(order__in=order_ids, invoice__kind=Invoice.Kind.INVOICE)
    found = found.select_related("invoice").order_by("order_id", "-invoice").distinct("order_id")
    return {share.order_id: share.invoice for share in found}


def invoices(user: User, at: datetime) -> QuerySet[Invoice]:
    """Return the posted invoices without their snapshots, with what is open, and the day it is at their company."""
    today = day_at(at)
    return (
        Invoice.objects.for_user(user)
        .filter(number__isnull=False)
        .defer("snapshot")
        .select_related("customer", "order")
        .annotate(open=F("gross") - F("settled"), today=today)
    )


class State:
    """The states of an invoice as conditions over `invoices()`, each with its word."""

    UNPAID = Q(settled__lt=F("gross"))
    OVERDUE = Q(settled__lt=F("gross"), due_on__lt=F("today"))
    PAID = Q(settled__gte=F("gross"), kind=Invoice.Kind.INVOICE)
    CREDIT = Q(kind=Invoice.Kind.CREDIT_NOTE)
    UNUSED = Q(settled__gt=F("gross"))

    @staticmethod
    def of(invoice: Any) -> tuple[str, str]:
        """Return the code and the word of the state of a row of `invoices()`."""
        if invoice.kind == Invoice.Kind.CREDIT_NOTE:
            if invoice.settled <= invoice.gross:
                return "USED", "Used"
            return ("PARTLY_USED", "Partly used") if invoice.settled else ("UNUSED", "Unused")
        if invoice.settled >= invoice.gross:
            if invoice.credited >= invoice.gross > 0:
                return "PAID", "Credited"
            return "PAID", "Paid"
        if invoice.due_on < invoice.today:
            return "OVERDUE", "Overdue"
        return ("PARTLY_PAID", "Partly paid") if invoice.settled else ("UNPAID", "Unpaid")


def document_of(invoice_id: int) -> InvoiceDocument | None:
    """Return the stored document of an invoice, or nothing while it is being prepared."""
    return InvoiceDocument.objects.filter(invoice_id=invoice_id).first()


def has_document(invoice_id: int) -> bool:
    """Say whether the document of an invoice is stored, without reading it, or made as soon as somebody asks."""
    return Invoice.objects.filter(IS_PAST | Q(document__isnull=False), pk=invoice_id).exists()


def is_printed_when_asked(invoice_id: int) -> bool:
    """Say whether an invoice is of the time before the company went live, and is printed when somebody asks for it."""
    return Invoice.objects.filter(IS_PAST, pk=invoice_id).exists()


def invoices_without_document(invoice_ids: Collection[int]) -> Iterable[Invoice]:
    """Return those of the posted invoices that are not printed yet."""
    return Invoice.objects.filter(pk__in=invoice_ids, number__isnull=False, document__isnull=True).order_by("pk")


def ids_to_print(at: datetime, *, is_late: bool = False, limit: int = 100) -> list[int]:
    """Return invoices without a document, posted within the last minute or before; a failed one holds up no new one.

    Those of the time before the company went live are printed when they are asked for.
    """
    minute_ago = at - timedelta(minutes=1)
    when = Q(recorded_at__lt=minute_ago) if is_late else Q(recorded_at__gte=minute_ago)
    newest = Invoice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    missing = Invoice.objects.filter(when, ~IS_PAST, pk__gt=newest - SWEPT, number__isnull=False, document__isnull=True)
    return list(missing.order_by("pk").values_list("pk", flat=True)[:limit])


def shown(invoice: Any) -> Any:
    """Return a row of `queries.invoices()` with its state's code and word, and the days that it is late."""
    invoice.state, invoice.state_word = State.of(invoice)
    invoice.late_days = (invoice.today - invoice.due_on).days if invoice.state == "OVERDUE" else 0
    return invoice


def invoices_panel(order_id: int, user: User, at: datetime) -> dict[str, Any]:
    """Return what the order's page shows of its invoices."""
    rows = invoices(user, at).filter(orders__order=order_id).order_by(F("pk").desc())
    found = [shown(row) for row in rows]
    documents = [
        DocumentLink(
            "Credit notes" if row.kind == Invoice.Kind.CREDIT_NOTE else "Invoices",
            str(row.number),
            reverse("billing:invoice", args=[row.pk]),
            row.state_word.lower(),
        )
        for row in reversed(found)
    ]
    return {"invoices": found, "documents": documents}
