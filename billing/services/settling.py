"""Settling: which money or credit covers which invoice, in amounts that people choose, and undoing one such choice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing import events, queries
from billing.models import Invoice, InvoiceOrder, Payment, Settlement
from core import bulk
from core.models import User
from core.money import ZERO, exponent, round_amount
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from orders import queries as orders_queries
from orders import services as orders_services
from orders.models import CreditAccount, CreditEntry, OrderEvent


class SettlementInvalid(Refused):
    """What was chosen cannot be settled; `invoice_id` names the invoice where it is about one."""

    code = "settlement_invalid"

    def __init__(self, sentence: str, *, invoice_id: int | None = None) -> None:
        super().__init__(sentence)
        self.invoice_id = invoice_id


@dataclass(frozen=True, slots=True)
class Taking:
    """A payment to save with what it settles; for the order named, where it was meant for one."""

    payment: Payment
    settlements: Sequence[Settlement]
    order_id: int | None = None


def lock_for(invoice_ids: Collection[int], customer_id: int, actor: User) -> tuple[list[int], dict[int, Invoice]]:
    """Lock a customer's credit account, the orders of documents and the documents; return orders' ids and documents."""
    order_ids = queries.order_ids_of(list(invoice_ids))
    list(CreditAccount.objects.for_user(actor).kept().filter(pk=customer_id).locked())
    orders_queries.locked_orders_to_bill(actor.company_ids, order_ids)
    documents = Invoice.objects.for_user(actor).filter(pk__in=list(invoice_ids), number__isnull=False)
    return order_ids, bulk.by_pk(list(documents.defer("snapshot").select_related("company").locked()))


def check_paid(credit_note: Invoice, amount: Decimal) -> None:
    """Check that an invoice was paid as much as its locked credit note is to take elsewhere or to pay back.

    :raises Blocked: where less of it was paid, less what went back before.
    """
    assert credit_note.corrects_id, "every credit note corrects an invoice"
    kept = queries.kept_of(credit_note.corrects_id)
    if kept < amount:
        shown = f"{kept:,.{exponent(credit_note.currency)}f} {credit_note.currency}"
        raise Blocked(
            f"Only {shown} is left of what was paid of {credit_note.corrects}: apply {credit_note.number} to it."
        )


def check_shares(
    *,
    shares: Mapping[int, Decimal],
    invoices: Mapping[int, Invoice],
    left: Decimal,
    customer_id: int,
    currency: str,
) -> None:
    """Check amounts chosen by invoice against what is open of each, and against what there is to apply.

    :raises SettlementInvalid: naming the invoice, where it is about one.
    """
    for pk, share in shares.items():
        invoice = invoices.get(pk)
        if invoice is None or invoice.kind != Invoice.Kind.INVOICE or invoice.customer_id != customer_id:
            raise SettlementInvalid("There is no such invoice of this customer.", invoice_id=pk)
        if invoice.currency != currency:
            raise SettlementInvalid(f"{invoice.number} is in {invoice.currency}, not in {currency}.", invoice_id=pk)
        if share <= 0 or share != round_amount(share, currency):
            raise SettlementInvalid(f"Key an amount for {invoice.number}, such as 120.50.", invoice_id=pk)
        if share > invoice.gross - invoice.settled:
            shown = f"{invoice.gross - invoice.settled:,.{exponent(currency)}f} {currency}"
            raise SettlementInvalid(f"Only {shown} is open of {invoice.number}.", invoice_id=pk)
    if sum(shares.values(), ZERO) > left:
        raise SettlementInvalid(
            f"The amounts come to {sum(shares.values(), ZERO):,.{exponent(currency)}f} {currency}, and there is only"
            f" {left:,.{exponent(currency)}f} to apply."
        )


def save_settlements(taken: Sequence[Taking], *, orders: Collection[int], actor: User, at: datetime) -> None:
    """Save payments with what they settle; `orders` are locked, and those of the settled invoices are among them."""
    if not taken:
        return
    payments = [taking.payment for taking in taken]
    settled: dict[int, Decimal] = defaultdict(Decimal)
    for taking in taken:
        taking.payment.settled = (
            taking.payment.amount
            if taking.payment.pays_back_id
            else sum((row.amount for row in taking.settlements), ZERO)
        )
        for row in taking.settlements:
            settled[row.invoice_id] += row.amount
    bulk.add(Invoice, {pk: {"settled": amount} for pk, amount in settled.items()})
    bulk.insert(payments, ([row for taking in taken for row in taking.settlements], "payment"))
    note_payment_of(orders)
    orders_of = {row.invoice_id: [row.invoice.order_id] for taking in taken for row in taking.settlements}
    if not {order for first in orders_of.values() for order in first} >= set(orders):
        orders_of = _orders_of(settled)  # one of the invoices bills several orders
    orders_services.record(
        facts=[fact for taking in taken for fact in _facts_of(taking, orders_of)],
        actor=actor,
        at=at,
    )
    orders_services.move_credit(
        changes=[
            orders_services.CreditChange(
                taking.payment.company_id,
                taking.payment.customer_id,
                CreditEntry.Kind.PAID if taking.payment.amount > 0 else CreditEntry.Kind.REFUNDED,
                -taking.payment.amount,
                taking.payment.currency,
                taking.order_id,
                taking.payment.number,
            )
            for taking in taken
        ],
        actor=actor,
        at=at,
    )
    events.payments_recorded.send(
        sender=Payment, event=events.PaymentsRecorded(tuple(payment.pk for payment in payments), at)
    )


def note_payment_of(order_ids: Collection[int]) -> None:
    """Set the payment facet of locked orders from what their documents say now."""
    if order_ids:
        orders_services.note_settled(settled=queries.settled_totals(order_ids))


def _orders_of(invoice_ids: Collection[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for share in InvoiceOrder.objects.filter(invoice__in=list(invoice_ids)).order_by("pk"):
        found[share.invoice_id].append(share.order_id)
    return found


def _facts_of(taking: Taking, orders_of: Mapping[int, Sequence[int]]) -> list[orders_services.Fact]:
    """Return what is told to the orders of a payment; what is unapplied hangs on the credit entry alone."""
    payment = taking.payment
    kind = OrderEvent.Kind.PAID if payment.amount > 0 else OrderEvent.Kind.REFUNDED
    by_order: dict[int, list[Settlement]] = defaultdict(list)
    for row in taking.settlements:
        for order_id in orders_of[row.invoice_id]:
            by_order[order_id].append(row)
    return [
        orders_services.Fact(
            order_id,
            payment.company_id,
            kind,
            "payment",
            payment.pk,
            {
                "amount": str(abs(sum((row.amount for row in rows), ZERO))),
                "currency": payment.currency,
                "invoices": [row.invoice.number for row in rows],
            },
        )
        for order_id, rows in by_order.items()
    ]


@atomic
def apply_credit(
    *,
    shares: Mapping[int, Decimal],
    payment_id: int | None = None,
    credit_note_id: int | None = None,
    actor: User,
    at: datetime,
) -> list[Settlement]:
    """Apply what is left of a payment or of a credit note to a customer's invoices, in amounts chosen by invoice.

    :raises NotAllowed: where the actor may not record payments.
    :raises SettlementInvalid: where more is chosen than is left of it, or open of an invoice (PRODUCT.md case 86).
    :raises Blocked: where a credit note is to settle another invoice though its own was not paid.
    """
    require(actor, "billing.pay")
    chosen = {pk: share for pk, share in shares.items() if share}
    payments = Payment.objects.for_user(actor).filter(pk=payment_id, amount__gt=0)
    notes = Invoice.objects.for_user(actor).filter(pk=credit_note_id, kind=Invoice.Kind.CREDIT_NOTE)
    source: Payment | Invoice | None = payments.first() or notes.defer("snapshot").first()
    if source is None:
        raise Blocked("There is no such payment or credit note.")
    if not chosen:
        raise SettlementInvalid("Key an amount for at least one invoice.")
    of_note = [credit_note_id] if credit_note_id else []
    order_ids, documents = lock_for([*chosen, *of_note], source.customer_id, actor)
    payment = next(iter(payments.locked()), None)
    note = documents.pop(credit_note_id) if credit_note_id else None
    left = payment.amount - payment.settled if payment else note.settled - note.gross if note else ZERO
    check_shares(shares=chosen, invoices=documents, left=left, customer_id=source.customer_id, currency=source.currency)
    total = sum(chosen.values(), ZERO)
    changes = {pk: {"settled": share} for pk, share in chosen.items()}
    if note:
        check_paid(note, total - sum((share for pk, share in chosen.items() if pk == note.corrects_id), ZERO))
        changes[note.pk] = {"settled": -total}
    bulk.add(Invoice, changes)
    if payment:
        bulk.add(Payment, {payment.pk: {"settled": total}})
    rows = [
        Settlement(
            payment=payment,
            credit_note=note,
            invoice=documents[pk],
            amount=share,
            settled_by=actor,
            at=at,
        )
        for pk, share in sorted(chosen.items())
    ]
    bulk.insert(rows)
    note_payment_of(order_ids)
    _tell(rows, OrderEvent.Kind.CREDIT_APPLIED, actor, at)
    return rows


@atomic
def undo_settlement(*, settlement_id: int, actor: User, at: datetime) -> Settlement:
    """Undo one settlement and no other: what it covered is open again, what it used is unapplied again.

    One that was undone already is left as it is, and the row that undid it returned.

    :raises NotAllowed: where the actor may not record payments.
    :raises Blocked: for one that is an undoing itself, or a refund: money that went back does not return so. Also
        where a credit note of the invoice paid back, or took to another invoice, what would no longer be paid of it.
    """
    require(actor, "billing.pay")
    rows = Settlement.objects.select_related("invoice", "payment", "credit_note", "undone_by")
    rows = rows.defer("invoice__snapshot", "credit_note__snapshot")
    row = rows.filter(pk=settlement_id, invoice__company__in=actor.company_ids).first()
    if row is None:
        raise Blocked("There is no such settlement.")
    if row.undoes_id is not None:
        raise Blocked("This undid a settlement: settle it anew instead.")
    if row.amount < 0:
        raise Blocked("Money that went back to the customer does not return by a click: record what comes in.")
    ids = [pk for pk in (row.invoice_id, row.credit_note_id) if pk]
    order_ids, documents = lock_for(ids, row.invoice.customer_id, actor)
    if row.payment_id:
        list(Payment.objects.for_user(actor).filter(pk=row.payment_id).locked())
    standing = Settlement.objects.filter(undoes=row).first()
    if standing is not None:
        return standing
    of_its_own = row.credit_note is not None and row.credit_note.corrects_id == row.invoice_id
    if not of_its_own and queries.kept_of(row.invoice_id) < row.amount:
        raise Blocked(f"A credit note of {row.invoice.number} gave back what this paid: the two would no longer tally.")
    changes = {row.invoice_id: {"settled": -row.amount}}
    if row.credit_note_id:
        changes[row.credit_note_id] = {"settled": row.amount}
    bulk.add(Invoice, changes)
    if row.payment_id:
        bulk.add(Payment, {row.payment_id: {"settled": -row.amount}})
    undone = Settlement(
        payment=row.payment,
        credit_note=row.credit_note,
        invoice=documents[row.invoice_id],
        amount=-row.amount,
        undoes=row,
        settled_by=actor,
        at=at,
    )
    bulk.insert([undone])
    note_payment_of(order_ids)
    _tell([undone], OrderEvent.Kind.UNSETTLED, actor, at)
    return undone


def _tell(rows: Sequence[Settlement], kind: OrderEvent.Kind, actor: User, at: datetime) -> None:
    """Tell the orders of the invoices what covers them now, and what no longer does."""
    orders_of = _orders_of([row.invoice_id for row in rows])
    orders_services.record(
        facts=[
            orders_services.Fact(
                order_id,
                row.invoice.company_id,
                kind,
                "invoice",
                row.invoice_id,
                {
                    "amount": str(abs(row.amount)),
                    "currency": row.invoice.currency,
                    "from": (row.payment or row.credit_note).number,  # type: ignore[union-attr]
                },
            )
            for row in rows
            for order_id in orders_of[row.invoice_id]
        ],
        actor=actor,
        at=at,
    )
