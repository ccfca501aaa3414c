"""Recording payments: money that came in settles an order's invoices, oldest first, never more than is open of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import F, QuerySet

from billing import events, queries
from billing.models import Invoice, Payment, Settlement
from core import bulk
from core.models import User
from core.money import ZERO, exponent, round_amount
from core.reading import Among, Given, compiled
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from orders import queries as orders_queries
from orders import services as orders_services
from orders.models import CreditEntry, OrderEvent, SalesOrder

# A day further back is a slip of the keyboard.
OLDEST = timedelta(days=366)
MAX_REFERENCE = 80


class PaymentInvalid(Refused):
    """What was keyed is no payment; `field` names what is wrong with it."""

    code = "payment_invalid"

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class MoreThanOpen(PaymentInvalid):
    """A payment is more than what is open."""

    code = "more_than_open"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in for an order, or for the invoice named; all that is open where no amount is."""

    order_id: int
    amount: Decimal | None = None
    invoice_id: int | None = None
    method: str = Payment.Method.BANK
    reference: str = ""
    received_on: date | None = None


@atomic
def record_payments(*, receipts: Sequence[Receipt], actor: User, at: datetime) -> list[Payment | Refused]:
    """Record payments and settle what they pay, or refuse each in words; the answers are in the order of the receipts.

    A receipt without an amount pays all that is open; where nothing is open any more, the payment that settled it is
    the answer. A receipt without a day came in on the day of `at`.

    :raises NotAllowed: where the actor may not record payments.
    """
    require(actor, "billing.pay")
    order_ids = {receipt.order_id for receipt in receipts}
    orders = bulk.by_pk(orders_queries.locked_orders_to_bill(actor.company_ids, order_ids))
    invoices: dict[int, list[Invoice]] = defaultdict(list)
    for invoice in _locked_invoices(orders):
        invoices[invoice.order_id].append(invoice)
    results: list[Payment | Refused] = []
    settled: dict[int, Decimal] = defaultdict(Decimal)
    made: list[tuple[Payment, SalesOrder, list[Settlement]]] = []
    standing = _standing(receipts, invoices)
    for receipt in receipts:
        order = orders.get(receipt.order_id)
        if order is None:
            results.append(Blocked("There is no such order."))
            continue
        if receipt in standing:
            results.append(standing[receipt])
            continue
        try:
            payment, settlements = _settle(receipt, order, invoices[order.pk], actor, at)
        except Refused as refusal:
            results.append(refusal)
            continue
        for settlement in settlements:
            settled[settlement.invoice_id] += settlement.amount
        made.append((payment, order, settlements))
        results.append(payment)
    if made:
        _save(made, settled, invoices, actor, at)
    return results


@compiled
def _locked_invoices(order_ids: Given) -> QuerySet[Invoice]:
    return Invoice.objects.filter(Among(F("order_id"), order_ids)).defer("snapshot").locked()


def pay_orders(
    *,
    order_ids: Collection[int],
    actor: User,
    at: datetime,
    method: str = Payment.Method.BANK,
    reference: str = "",
    received_on: date | None = None,
) -> dict[int, Payment | Refused]:
    """Record that all that is open of orders' invoices was paid, one payment per order.

    :raises NotAllowed: where the actor may not record payments.
    """
    ids = sorted(set(order_ids))
    receipts = [Receipt(pk, method=method, reference=reference, received_on=received_on) for pk in ids]
    return dict(zip(ids, record_payments(receipts=receipts, actor=actor, at=at), strict=True))


def pay_invoices(
    *,
    invoice_ids: Collection[int],
    actor: User,
    at: datetime,
    method: str = Payment.Method.BANK,
    reference: str = "",
    received_on: date | None = None,
) -> dict[int, Payment | Refused]:
    """Record that all that is open of invoices was paid, one payment per invoice.

    :raises NotAllowed: where the actor may not record payments.
    """
    orders = queries.orders_of_invoices(invoice_ids, actor)
    receipts = [
        Receipt(order_id, invoice_id=pk, method=method, reference=reference, received_on=received_on)
        for pk, order_id in sorted(orders.items())
    ]
    return dict(zip(sorted(orders), record_payments(receipts=receipts, actor=actor, at=at), strict=True))


def _meant(invoices: Sequence[Invoice], receipt: Receipt) -> list[Invoice]:
    """Return the invoices that a receipt pays, in the order in which it does."""
    meant = [invoice for invoice in invoices if receipt.invoice_id in {None, invoice.pk}]
    return sorted(meant, key=lambda invoice: (invoice.due_on, invoice.pk))


def _open(invoices: Sequence[Invoice], receipt: Receipt) -> Decimal:
    return sum((invoice.gross - invoice.settled for invoice in _meant(invoices, receipt)), ZERO)


def _standing(receipts: Sequence[Receipt], invoices: dict[int, list[Invoice]]) -> dict[Receipt, Payment]:
    """Return the payments that did already what receipts without an amount ask for; read only where there are such."""
    done = {
        receipt: [invoice.pk for invoice in _meant(invoices[receipt.order_id], receipt)]
        for receipt in receipts
        if receipt.amount is None and not _open(invoices[receipt.order_id], receipt)
    }
    found = queries.last_payments([pk for ids in done.values() for pk in ids])
    payments = {receipt: [found[pk] for pk in ids if pk in found] for receipt, ids in done.items()}
    return {receipt: max(paid, key=lambda payment: payment.pk) for receipt, paid in payments.items() if paid}


def _settle(
    receipt: Receipt, order: SalesOrder, invoices: Sequence[Invoice], actor: User, at: datetime
) -> tuple[Payment, list[Settlement]]:
    """Return a payment with its settlements, and raise the locked invoices in memory.

    :raises Refused: in words, where it cannot be.
    """
    meant = _meant(invoices, receipt)
    if not meant:
        raise Blocked.because([queries.NOT_INVOICED])
    still_open = _open(invoices, receipt)
    if still_open <= 0:
        raise Blocked.because([queries.ALL_PAID])
    amount = still_open if receipt.amount is None else receipt.amount
    today = at.astimezone(order.company.zone).date()
    check_receipt(receipt=receipt, still_open=still_open, today=today, currency=order.currency)
    payment = Payment(
        company_id=order.company_id,
        customer_id=order.customer_id,
        currency=order.currency,
        amount=amount,
        settled=amount,
        method=receipt.method,
        reference=receipt.reference.strip(),
        received_on=receipt.received_on or today,
        recorded_by=actor,
    )
    settlements = []
    for invoice in meant:
        share = min(amount, invoice.gross - invoice.settled)
        if share > 0:
            settlements.append(Settlement(payment=payment, invoice=invoice, amount=share, at=at))
            invoice.settled += share
            amount -= share
    return payment, settlements


def check_receipt(*, receipt: Receipt, still_open: Decimal, today: date, currency: str) -> None:
    """Check what was keyed against what is open; the form calls it too, without the lock.

    :raises PaymentInvalid: naming the field that is wrong.
    """
    amount = still_open if receipt.amount is None else receipt.amount
    received_on = receipt.received_on or today
    places = exponent(currency)
    if amount <= 0:
        raise PaymentInvalid("amount", "A payment is more than zero.")
    if amount != round_amount(amount, currency):
        raise PaymentInvalid("amount", f"{currency} has {places or 'no'} decimals.")
    if amount > still_open:
        shown = f"{still_open:,.{places}f} {currency}"
        raise MoreThanOpen("amount", f"Only {shown} is open: record no more than that. Nothing was recorded.")
    if received_on > today:
        raise PaymentInvalid("received_on", "The day is in the future: record a payment once it has come in.")
    if received_on < today - OLDEST:
        raise PaymentInvalid("received_on", "The day is more than a year ago: check the year.")
    if receipt.method not in Payment.Method.values:
        raise PaymentInvalid("method", "Choose how it was paid.")
    if len(receipt.reference) > MAX_REFERENCE:
        raise PaymentInvalid("reference", f"A reference has {MAX_REFERENCE} characters at most.")


def _save(
    made: Sequence[tuple[Payment, SalesOrder, list[Settlement]]],
    settled: dict[int, Decimal],
    invoices: dict[int, list[Invoice]],
    actor: User,
    at: datetime,
) -> None:
    payments = [payment for payment, _order, _settlements in made]
    bulk.add(Invoice, {pk: {"settled": amount} for pk, amount in settled.items()})
    bulk.insert(payments, ([row for _payment, _order, rows in made for row in rows], "payment"))
    orders_services.note_settled(
        settled={
            order.pk: (
                sum((invoice.settled for invoice in invoices[order.pk]), ZERO),
                sum((invoice.gross for invoice in invoices[order.pk]), ZERO),
            )
            for _payment, order, _settlements in made
        }
    )
    orders_services.record(
        facts=[
            orders_services.Fact(
                order.pk,
                order.company_id,
                OrderEvent.Kind.PAID,
                "payment",
                payment.pk,
                {
                    "amount": str(payment.amount),
                    "currency": payment.currency,
                    "invoices": [row.invoice.number for row in settlements],
                },
            )
            for payment, order, settlements in made
        ],
        actor=actor,
        at=at,
    )
    orders_services.move_credit(
        changes=[
            orders_services.CreditChange(
                payment.company_id,
                payment.customer_id,
                CreditEntry.Kind.PAID,
                -payment.amount,
                payment.currency,
                order.pk,
                payment.number,
            )
            for payment, order, _settlements in made
        ],
        actor=actor,
        at=at,
    )
    events.payments_recorded.send(
        sender=Payment, event=events.PaymentsRecorded(tuple(payment.pk for payment in payments), at)
    )
