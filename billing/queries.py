"""Reads of billing that join, aggregate or feed a page, and the blockers of its verbs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import (
    BooleanField,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast
from django.urls import reverse

from billing import sql
from billing.models import Invoice, InvoiceDocument, Payment, Settlement
from core.models import User
from core.money import ZERO, cumulative_share
from core.refusals import Blocker
from core.registry import DocumentLink
from inventory.models import Product
from orders.models import Facet, LinePart, SalesOrder, SalesOrderLine
from shipping.models import Shipment

BILLABLE_STATUSES = (SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED, SalesOrder.Status.COMPLETED)
_STATUS = dict(SalesOrder.Status.choices)
# A sweep looks this far back; an older posting without a document is the audit's to find.
SWEPT = 10_000


@dataclass(frozen=True, slots=True)
class BillableLine:
    """What the next invoice of an order bills of one line; its net is the cumulative share (PRODUCT.md rule 7)."""

    line_id: int
    sku: str
    description: str
    kind: str
    unit: str
    quantity: Decimal
    price: Decimal
    discount_percent: Decimal
    tax_category: str
    tax_rate: Decimal
    tax_note: str
    net: Decimal


@dataclass(frozen=True, slots=True)
class OrderBilling:
    """How far an order can be billed: its blockers, or the lines of its next invoice."""

    order_id: int
    currency: str
    dispatched_at: datetime | None
    blockers: tuple[Blocker, ...] = ()
    billable: tuple[BillableLine, ...] = ()

    @property
    def net(self) -> Decimal:
        """What the next invoice comes to before tax."""
        return sum((line.net for line in self.billable), ZERO)


def billing_facts(order_ids: Collection[int]) -> dict[int, OrderBilling]:
    """Return for each order what its next invoice would bill, or why there is none. One statement.

    Called under the orders' locks to post, and without to show.
    """
    if not order_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql.BILLING_FACTS, [list(order_ids)])
        rows = cursor.fetchall()
    by_order: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        by_order[row[0]].append(row)
    return {order_id: _order_billing(of_order) for order_id, of_order in by_order.items()}


def _order_billing(rows: list[tuple[Any, ...]]) -> OrderBilling:
    order_id, status, currency, dispatched_at = rows[0][:4]
    lines = [_LineFacts(*row[4:]) for row in rows if row[4] is not None]
    stocked = [line for line in lines if line.kind == Product.Kind.STOCK]
    # Charges and services go with the first goods, or by themselves where there are no goods.
    is_due = any(line.due > line.invoiced for line in stocked) if stocked else True
    billable = tuple(line.billable(currency) for line in lines if line.due > line.invoiced) if is_due else ()
    return OrderBilling(order_id, currency, dispatched_at, _invoice_blockers(status, stocked, billable), billable)


@dataclass(frozen=True, slots=True)
class _LineFacts:
    line_id: int
    position: int
    sku: str
    description: str
    kind: str
    unit: str
    ordered: Decimal
    price: Decimal
    discount_percent: Decimal
    tax_category: str
    tax_rate: Decimal
    tax_note: str
    net: Decimal
    invoiced: Decimal
    invoiced_net: Decimal
    due: Decimal

    def billable(self, currency: str) -> BillableLine:
        quantity = self.due - self.invoiced
        return BillableLine(
            line_id=self.line_id,
            sku=self.sku,
            description=self.description,
            kind=self.kind,
            unit=self.unit,
            quantity=quantity,
            price=self.price,
            discount_percent=self.discount_percent,
            tax_category=self.tax_category,
            tax_rate=self.tax_rate,
            tax_note=self.tax_note,
            net=cumulative_share(
                self.net,
                done_before=self.invoiced,
                done_now=quantity,
                of=self.ordered,
                billed_before=self.invoiced_net,
                currency=currency,
            ),
        )


def _invoice_blockers(
    status: str, stocked: list[_LineFacts], billable: tuple[BillableLine, ...]
) -> tuple[Blocker, ...]:
    if status not in BILLABLE_STATUSES:
        return (
            Blocker("not_billable", f"The order is {_STATUS[status].lower()}: only confirmed orders are invoiced."),
        )
    if billable:
        return ()
    if any(line.invoiced for line in stocked):
        return (Blocker("already_invoiced", "All that was shipped is invoiced."),)
    if stocked:
        return (Blocker("nothing_shipped", "Nothing was shipped yet: an invoice bills what has left the house."),)
    return (Blocker("already_invoiced", "The order is invoiced in full."),)


def blockers(order_ids: Collection[int], verb: str) -> dict[int, list[Blocker]]:
    """Return why a verb is off for each order; an order not named has nothing against it. One statement per verb.

    Knows "billing.invoice" and "billing.pay".

    :raises KeyError: for a verb that is not billing's.
    """
    find = {"billing.invoice": _blocked_from_invoice, "billing.pay": _blocked_from_pay}[verb]
    return find(order_ids) if order_ids else {}


def _blocked_from_invoice(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    facts = billing_facts(order_ids)
    return {order_id: list(fact.blockers) for order_id, fact in facts.items() if fact.blockers}


def _blocked_from_pay(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.PAYMENT_FACTS, [list(order_ids)])
        facts: list[tuple[int, int, Decimal]] = cursor.fetchall()
    found = {}
    for order_id, invoices, open_amount in facts:
        if not invoices:
            found[order_id] = [NOT_INVOICED]
        elif open_amount <= 0:
            found[order_id] = [ALL_PAID]
    return found


NOT_INVOICED = Blocker("not_invoiced", "There is no invoice to pay yet.")
ALL_PAID = Blocker("already_paid", "Every invoice of the order is paid.")


def last_invoices(order_ids: Collection[int]) -> dict[int, Invoice]:
    """Return the newest invoice of each order that has one."""
    if not order_ids:
        return {}
    found = Invoice.objects.filter(order__in=order_ids).order_by("order_id", "-pk").distinct("order_id")
    return {invoice.order_id: invoice for invoice in found}


def last_payments(invoice_ids: Collection[int]) -> dict[int, Payment]:
    """Return the newest payment that settled each invoice that has one."""
    if not invoice_ids:
        return {}
    found = Settlement.objects.filter(invoice__in=invoice_ids).select_related("payment")
    found = found.order_by("invoice_id", "-pk").distinct("invoice_id")
    return {settlement.invoice_id: settlement.payment for settlement in found}


def settled_totals(order_ids: Collection[int]) -> dict[int, tuple[Decimal, Decimal]]:
    """Return what is settled of orders' invoices, and what these come to."""
    rows = Invoice.objects.filter(order__in=order_ids).order_by().values("order_id")
    sums = rows.annotate(settled_total=Sum("settled"), gross_total=Sum("gross"))
    return {row["order_id"]: (row["settled_total"], row["gross_total"]) for row in sums}


def orders_of_invoices(invoice_ids: Collection[int], user: User) -> dict[int, int]:
    """Return the order of each invoice that the person may see."""
    return dict(Invoice.objects.for_user(user).filter(pk__in=invoice_ids).values_list("pk", "order_id"))


def orders_in_billing(user: User) -> QuerySet[SalesOrder]:
    """Return the orders that are or can be invoiced, each with whether an invoice is due and when its goods left last.

    Due is what was shipped and not invoiced, or an order of charges and services alone. The index of orders by billing
    finds those that are open; each is asked about its own few lines.
    """
    shipped = LinePart.objects.filter(line=OuterRef("pk")).order_by().values("line").annotate(total=Sum("shipped"))
    lines = SalesOrderLine.objects.filter(order=OuterRef("pk"))
    due = Exists(lines.filter(invoiced__lt=Subquery(shipped.values("total"))))
    without_goods = ~Exists(lines.filter(product__kind=Product.Kind.STOCK))
    left = Shipment.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(last=Max("dispatched_at"))
    is_due = (~Q(fulfilment=Facet.NONE) & due) | (Q(billing=Facet.NONE, fulfilment=Facet.NONE) & without_goods)
    return (
        SalesOrder.objects.for_user(user)
        .filter(status__in=BILLABLE_STATUSES)
        .select_related("customer")
        .annotate(
            is_due=ExpressionWrapper(is_due, output_field=BooleanField()), shipped_at=Subquery(left.values("last"))
        )
    )


# The rows of `orders_in_billing()` that somebody has to do something with, in words of the index.
NOT_INVOICED_IN_FULL = Q(billing__in=[Facet.NONE, Facet.PART])


def invoices(user: User, at: datetime) -> QuerySet[Invoice]:
    """Return the posted invoices without their snapshots, with what is open, and the day it is at their company."""
    today = Cast(Func(F("company__time_zone"), Value(at), function="timezone"), DateField())
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
    PAID = Q(settled__gte=F("gross"))

    @staticmethod
    def of(invoice: Any) -> tuple[str, str]:
        """Return the code and the word of the state of a row of `invoices()`."""
        if invoice.settled >= invoice.gross:
            return "PAID", "Paid"
        if invoice.due_on < invoice.today:
            return "OVERDUE", "Overdue"
        return ("PARTLY_PAID", "Partly paid") if invoice.settled else ("UNPAID", "Unpaid")


@dataclass(frozen=True, slots=True)
class Paid:
    """What one payment settled of an invoice."""

    payment: Payment
    amount: Decimal
    recorded_by: str = field(default="")


def payments_of(invoice: Invoice) -> list[Paid]:
    """Return what settled an invoice, oldest first."""
    rows = Settlement.objects.filter(invoice=invoice).select_related("payment__recorded_by").order_by("pk")
    return [Paid(row.payment, row.amount, str(row.payment.recorded_by)) for row in rows]


def document_of(invoice_id: int) -> InvoiceDocument | None:
    """Return the stored document of an invoice, or nothing while it is being prepared."""
    return InvoiceDocument.objects.filter(invoice_id=invoice_id).first()


def has_document(invoice_id: int) -> bool:
    """Say whether the document of an invoice is stored, without reading it."""
    return InvoiceDocument.objects.filter(invoice_id=invoice_id).exists()


def invoices_without_document(invoice_ids: Collection[int]) -> Iterable[Invoice]:
    """Return those of the posted invoices that are not printed yet."""
    return Invoice.objects.filter(pk__in=invoice_ids, number__isnull=False, document__isnull=True).order_by("pk")


def ids_to_print(at: datetime, *, limit: int = 100) -> list[int]:
    """Return invoices posted more than a minute ago without a document still: their job was lost or failed."""
    newest = Invoice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    missing = Invoice.objects.filter(
        pk__gt=newest - SWEPT, number__isnull=False, document__isnull=True, recorded_at__lt=at - timedelta(minutes=1)
    )
    return list(missing.order_by("pk").values_list("pk", flat=True)[:limit])


def shown(invoice: Any) -> Any:
    """Return a row of `queries.invoices()` with its state's code and word, and the days that it is late."""
    invoice.state, invoice.state_word = State.of(invoice)
    invoice.late_days = (invoice.today - invoice.due_on).days if invoice.state == "OVERDUE" else 0
    return invoice


def invoices_panel(order_id: int, user: User, at: datetime) -> dict[str, Any]:
    """Return what the order's page shows of its invoices."""
    rows = invoices(user, at).filter(order=order_id).order_by(F("pk").desc())
    found = [shown(row) for row in rows]
    documents = [
        DocumentLink("Invoices", str(row.number), reverse("billing:invoice", args=[row.pk]), row.state_word.lower())
        for row in reversed(found)
    ]
    return {"invoices": found, "documents": documents}
