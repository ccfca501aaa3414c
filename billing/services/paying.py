"""Recording money: what came in settles invoices, oldest first or as chosen, and the rest waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import F, QuerySet

from billing import queries
from billing.models import Invoice, InvoiceOrder, Payment, Settlement
from billing.services.settling import Taking, check_shares, lock_for, save_settlements
from core import bulk
from core.models import User
from core.money import ZERO, exponent, round_amount
from core.reading import Among, Given, compiled
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from orders.models import Customer, SalesOrder

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
    """A payment is more than what is open, and nobody said that the rest is kept."""

    code = "more_than_open"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in for an order, or for the invoice named; all that is open where no amount is.

    What is more than that is refused as a slip, unless the rest is to be kept as the customer's credit.
    """

    order_id: int
    amount: Decimal | None = None
    invoice_id: int | None = None
    method: str = Payment.Method.BANK
    reference: str = ""
    received_on: date | None = None
    keeps_rest: bool = False


@atomic
def record_payments(*, receipts: Sequence[Receipt], actor: User, at: datetime) -> list[Payment | Refused]:
    """Record payments and settle what they pay, or refuse each in words; the answers are in the order of the receipts.

    A receipt without an amount pays all that is open; where nothing is open any more, the payment that settled it is
    the answer. A receipt without a day came in on the day of `at`.

    :raises NotAllowed: where the actor may not record payments.
    """
    require(actor, "billing.pay")
    order_ids = {receipt.order_id for receipt in receipts}
    orders = bulk.by_pk(queries.locked_orders_sharing_invoices(actor.company_ids, order_ids))
    invoices = _by_order(_locked_invoices(orders), orders, order_ids)
    results: list[Payment | Refused] = []
    taken: list[Taking] = []
    standing = _standing(receipts, invoices)
    for receipt in receipts:
        order = orders.get(receipt.order_id)
        if order is None:
            results.append(Blocked.because([queries.NOT_INVOICED]))
            continue
        if receipt in standing:
            results.append(standing[receipt])
            continue
        try:
            taking = _settle(receipt, order, invoices[order.pk], actor, at)
        except Refused as refusal:
            results.append(refusal)
            continue
        taken.append(taking)
        results.append(taking.payment)
    save_settlements(taken, orders=list(orders), actor=actor, at=at)
    return results


@compiled
def _locked_invoices(order_ids: Given) -> QuerySet[Invoice]:
    of_orders = InvoiceOrder.objects.filter(Among(F("order_id"), order_ids)).values("invoice")
    return Invoice.objects.filter(kind=Invoice.Kind.INVOICE, pk__in=of_orders).defer("snapshot").locked()


def _by_order(invoices: Sequence[Invoice], locked: Collection[int], asked: Collection[int]) -> dict[int, list[Invoice]]:
    """Return the invoices of each order; whose they are is asked where one of them may bill several."""
    found: dict[int, list[Invoice]] = defaultdict(list)
    if {invoice.order_id for invoice in invoices} == set(locked) <= set(asked):
        for invoice in invoices:
            found[invoice.order_id].append(invoice)
        return found
    by_pk = bulk.by_pk(invoices)
    for share in InvoiceOrder.objects.filter(invoice__in=by_pk).order_by("invoice"):
        found[share.order_id].append(by_pk[share.invoice_id])
    return found


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


@atomic
def receive_payment(
    *,
    customer_id: int,
    currency: str,
    amount: Decimal,
    shares: Mapping[int, Decimal] | None = None,
    method: str = Payment.Method.BANK,
    reference: str = "",
    received_on: date | None = None,
    actor: User,
    at: datetime,
) -> Payment:
    """Record money that came in from a customer; it settles the amounts chosen by invoice, or the oldest invoices.

    What no invoice takes up is the customer's unapplied credit.

    :raises NotAllowed: where the actor may not record payments.
    :raises PaymentInvalid: naming the field that is wrong.
    :raises SettlementInvalid: where more is to be settled than is open, or than came in.
    """
    require(actor, "billing.pay")
    customer: Customer = Customer.objects.for_user(actor).select_related("company").get(pk=customer_id)
    items = queries.open_items(actor, customer_id, currency)
    chosen = {pk: share for pk, share in (shares or {}).items() if share}
    orders, invoices = lock_for(
        list(chosen) if shares is not None else items.values_list("pk", flat=True), customer_id, actor
    )
    today = at.astimezone(customer.company.zone).date()
    receipt = Receipt(0, amount, None, method, reference, received_on, keeps_rest=True)
    check_receipt(receipt=receipt, still_open=ZERO, today=today, currency=currency)
    if shares is None:
        left = amount
        for invoice in sorted(invoices.values(), key=lambda invoice: (invoice.due_on, invoice.pk)):
            share = min(left, invoice.gross - invoice.settled)
            if share > 0:
                chosen[invoice.pk] = share
                left -= share
    check_shares(shares=chosen, invoices=invoices, left=amount, customer_id=customer_id, currency=currency)
    payment = Payment(
        company_id=customer.company_id,
        customer_id=customer_id,
        currency=currency,
        amount=amount,
        method=method,
        reference=reference.strip(),
        received_on=received_on or today,
        recorded_by=actor,
    )
    settlements = [
        Settlement(payment=payment, invoice=invoices[pk], amount=share, at=at) for pk, share in sorted(chosen.items())
    ]
    save_settlements([Taking(payment, settlements)], orders=orders, actor=actor, at=at)
    return payment


def _settle(receipt: Receipt, order: SalesOrder, invoices: Sequence[Invoice], actor: User, at: datetime) -> Taking:
    """Return a payment with what it settles, and raise the locked invoices in memory.

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
    return Taking(payment, settlements, order.pk)


def check_receipt(
    *, receipt: Receipt, still_open: Decimal, today: date, currency: str, goes_back: bool = False
) -> None:
    """Check what was keyed against what is open, or left to go back; the form calls it too, without the lock.

    :raises PaymentInvalid: naming the field that is wrong.
    """
    amount = still_open if receipt.amount is None else receipt.amount
    received_on = receipt.received_on or today
    places = exponent(currency)
    if amount <= 0:
        raise PaymentInvalid("amount", "A payment is more than zero.")
    if amount != round_amount(amount, currency):
        raise PaymentInvalid("amount", f"{currency} has {places or 'no'} decimals.")
    if amount > still_open and not receipt.keeps_rest:
        shown = f"{still_open:,.{places}f} {currency}"
        if goes_back:
            raise MoreThanOpen("amount", f"Only {shown} is left: pay back no more than that. Nothing was recorded.")
        raise MoreThanOpen(
            "amount",
            f"Only {shown} is open: record no more than that, or keep the rest as the customer's credit."
            " Nothing was recorded.",
        )
    if received_on > today:
        moved = "gone out" if goes_back else "come in"
        raise PaymentInvalid("received_on", f"The day is in the future: record a payment once it has {moved}.")
    if received_on < today - OLDEST:
        raise PaymentInvalid("received_on", "The day is more than a year ago: check the year.")
    if receipt.method not in Payment.Method.values:
        raise PaymentInvalid("method", "Choose how it was paid.")
    if len(receipt.reference) > MAX_REFERENCE:
        raise PaymentInvalid("reference", f"A reference has {MAX_REFERENCE} characters at most.")
