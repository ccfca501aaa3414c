"""What settled what, what is open of customers' documents, and what of their money waits to be applied."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from billing import sql
from billing.models import Invoice, InvoiceLine, InvoiceOrder, Payment, Settlement
from core import bulk
from core.models import User
from core.money import ZERO, cumulative_share, round_amount
from core.reading import Among, Given, compiled
from orders.models import SalesOrder


def last_payments(invoice_ids: Collection[int]) -> dict[int, Payment]:
    """Return the newest payment that settled each invoice that has one."""
    if not invoice_ids:
        return {}
    found = Settlement.objects.filter(invoice__in=invoice_ids, payment__isnull=False).select_related("payment")
    found = found.order_by("invoice_id", "-pk").distinct("invoice_id")
    return {settlement.invoice_id: settlement.payment for settlement in found if settlement.payment}


def settled_totals(order_ids: Collection[int]) -> dict[int, tuple[Decimal, Decimal]]:
    """Return what is settled of orders' invoices less what was credited, and what these come to. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SETTLED_TOTALS, [bulk.array(order_ids)])
        return {order_id: (settled, gross) for order_id, settled, gross in cursor.fetchall()}


def kept_of(invoice_id: int) -> Decimal:
    """Return what an invoice was settled with that its own credit notes did not take elsewhere or pay back.

    Never below zero: no more goes back of an invoice than was paid of it. One statement.
    """
    of_it = Invoice.objects.filter(Q(pk=invoice_id) | Q(corrects=invoice_id))
    return of_it.aggregate(kept=Sum("settled", default=ZERO))["kept"]


def orders_of_invoices(invoice_ids: Collection[int], user: User) -> dict[int, int]:
    """Return the first order of each invoice that the person may see."""
    return dict(Invoice.objects.for_user(user).filter(pk__in=invoice_ids).values_list("pk", "order_id"))


def order_ids_of(invoice_ids: Collection[int]) -> list[int]:
    """Return every order that one of the documents is about."""
    found = InvoiceOrder.objects.filter(invoice__in=invoice_ids).order_by("order_id")
    return list(found.values_list("order_id", flat=True).distinct())


def orders_of_invoices_of(order_ids: QuerySet[Any, int]) -> dict[int, list[int]]:
    """Return the invoices that bill selected orders, each with every order that it bills, the newest first.

    The newest is the likeliest to be open.
    """
    mine = InvoiceOrder.objects.filter(order__in=order_ids, invoice__kind=Invoice.Kind.INVOICE).values("invoice")
    pairs = InvoiceOrder.objects.filter(invoice__in=mine).order_by("-invoice_id", "order_id")
    found: dict[int, list[int]] = {}
    for invoice_id, other in pairs.values_list("invoice_id", "order_id"):
        found.setdefault(invoice_id, []).append(other)
    return found


@dataclass(frozen=True, slots=True)
class LeftToCredit:
    """What no credit note took back yet of a line of an invoice."""

    line: InvoiceLine
    quantity: Decimal
    net: Decimal
    had_amounts: bool

    def net_of(self, quantity: Decimal, currency: str) -> Decimal:
        """Return the net of units: the mirror of how they were billed; the last ones take what is left (rule 7).

        Once an amount was credited, each unit left carries its share of what is left.
        """
        total, whole = (self.net, self.quantity) if self.had_amounts else (self.line.net, self.line.quantity)
        share = cumulative_share(
            total,
            done_before=self.quantity,
            done_now=-quantity,
            of=whole,
            billed_before=self.net,
            currency=currency,
        )
        return round_amount(-share, currency)


def left_to_credit(invoice: Invoice) -> dict[int, LeftToCredit]:
    """Return what is left to credit of each line of an invoice, by its id, in the order of the paper."""
    none = Value(ZERO, output_field=DecimalField())
    lines = InvoiceLine.objects.filter(invoice=invoice).select_related("order_line").order_by("position")
    lines = lines.annotate(
        units=Coalesce(Sum("credits__quantity", filter=Q(credits__is_amount=False)), none),
        taken=Coalesce(Sum("credits__net"), none),
        amounts=Count("credits", filter=Q(credits__is_amount=True)),
    )
    return {
        line.pk: LeftToCredit(line, line.quantity + line.units, line.net + line.taken, bool(line.amounts))
        for line in lines
    }


@dataclass(frozen=True, slots=True)
class Settled:
    """What one payment or credit note settled of an invoice, or one document used of a credit note or a payment.

    `source` is the other side of it, as the page of the one side tells it.
    """

    settlement_id: int
    invoice_id: int
    amount: Decimal
    source: Any
    is_document: bool
    on: Any
    is_undone: bool
    undoes: bool
    settled_by: str

    @property
    def can_be_undone(self) -> bool:
        """Whether it stands, and is no money that went back."""
        return not (self.is_undone or self.undoes) and self.amount > 0


def settlements_of(invoice: Invoice) -> list[Settled]:
    """Return what settled an invoice, or used a credit note, oldest first."""
    is_credit = invoice.kind == Invoice.Kind.CREDIT_NOTE
    rows = Settlement.objects.filter(Q(invoice=invoice) | Q(credit_note=invoice) if is_credit else Q(invoice=invoice))
    return [
        _settled(row, row.invoice if row.credit_note_id == invoice.pk else row.payment or row.credit_note)
        for row in _told(rows)
    ]


def settlements_by(payment: Payment) -> list[Settled]:
    """Return what a payment settled, or what a refund paid back, oldest first."""
    return [_settled(row, row.invoice) for row in _told(Settlement.objects.filter(payment=payment))]


def _told(rows: QuerySet[Settlement]) -> QuerySet[Settlement]:
    rows = rows.select_related("payment__recorded_by", "credit_note", "invoice", "settled_by", "undone_by")
    return rows.defer("credit_note__snapshot", "invoice__snapshot").order_by("pk")


def _settled(row: Settlement, source: Any) -> Settled:
    return Settled(
        row.pk,
        row.invoice_id,
        row.amount,
        source,
        isinstance(source, Invoice),
        row.payment.received_on if row.payment and row.undoes_id is None and source is row.payment else row.at,
        hasattr(row, "undone_by"),
        row.undoes_id is not None,
        str(row.settled_by or (row.payment and row.payment.recorded_by)),
    )


def open_items(user: User, customer_id: int, currency: str) -> QuerySet[Invoice]:
    """Return a customer's invoices that wait for money, oldest due first, with what is open of each."""
    mine = Invoice.objects.for_user(user).filter(customer=customer_id, currency=currency, number__isnull=False)
    return (
        mine.filter(settled__lt=F("gross"))
        .annotate(open=F("gross") - F("settled"))
        .defer("snapshot")
        .order_by("due_on", "pk")
    )


@dataclass(frozen=True, slots=True)
class Unapplied:
    """Money or credit of a customer that no invoice took up yet: a payment's rest, or a credit note's."""

    kind: str
    pk: int
    number: str
    left: Decimal
    currency: str
    on: Any


def unapplied_of(user: User, customer_id: int, currency: str) -> Sequence[Unapplied]:
    """Return what waits to be applied of a customer in a currency, payments before credit notes, oldest first."""
    payments = Payment.objects.for_user(user).filter(
        customer=customer_id, currency=currency, amount__gt=0, settled__lt=F("amount")
    )
    notes = Invoice.objects.for_user(user).filter(
        customer=customer_id, currency=currency, number__isnull=False, settled__gt=F("gross")
    )
    return [
        *(
            Unapplied("payment", row.pk, row.number, row.amount - row.settled, currency, row.received_on)
            for row in payments.order_by("received_on", "pk")
        ),
        *(
            Unapplied("credit_note", row.pk, str(row.number), row.settled - row.gross, currency, row.issued_on)
            for row in notes.defer("snapshot").order_by("issued_on", "pk")
        ),
    ]


def payments(user: User) -> QuerySet[Payment]:
    """Return the payments with what of each was paid back, and what waits to be applied."""
    back = Payment.objects.filter(pays_back=OuterRef("pk")).order_by().values("pays_back")
    paid_back = Subquery(back.annotate(total=-Sum("amount")).values("total"))
    none = Value(ZERO, output_field=DecimalField())
    rows = Payment.objects.for_user(user).select_related("customer", "company", "recorded_by", "pays_back")
    return rows.annotate(left=F("amount") - F("settled"), paid_back=Coalesce(paid_back, none))


def unapplied_payments(user: User) -> QuerySet[Payment]:
    """Return the payments of which something waits to be applied."""
    waiting = Payment.objects.for_user(user).filter(amount__gt=0, settled__lt=F("amount"))
    return waiting.select_related("customer").annotate(left=F("amount") - F("settled"))


def shares_oldest_first(
    items: Sequence[Any], amount: Decimal, chosen: dict[int, Decimal] | None = None
) -> list[tuple[Any, Decimal, Decimal]]:
    """Return each open item with what an amount settles of it, and what of the amount is left after it.

    Where somebody chose amounts, these are taken as they are.
    """
    rows = []
    for item in items:
        share = max(ZERO, min(amount, item.open)) if chosen is None else chosen.get(item.pk, ZERO)
        amount -= share
        rows.append((item, share, amount))
    return rows


@compiled
def locked_orders_sharing_invoices(company_ids: Given, order_ids: Given) -> QuerySet[SalesOrder]:
    """Lock those of the orders that have an invoice and those that share it, after their customers' kept accounts."""
    invoices = InvoiceOrder.objects.filter(Among(F("order_id"), order_ids)).values("invoice")
    sharing = InvoiceOrder.objects.filter(invoice__in=invoices).values("order")
    orders = SalesOrder.objects.filter(Among(F("company_id"), company_ids), pk__in=sharing)
    return orders.select_related("company", "customer").locked_after_credit()
