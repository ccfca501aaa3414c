"""Money that goes back: what is left of a credit note, or of a payment that no invoice took up."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from billing.models import Invoice, Payment, Settlement
from billing.services.paying import Receipt, check_receipt
from billing.services.settling import Taking, check_paid, lock_for, save_settlements
from core import bulk
from core.models import User
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic


@atomic
def refund_credit(
    *,
    credit_note_id: int,
    amount: Decimal | None = None,
    method: str = Payment.Method.BANK,
    reference: str = "",
    received_on: date | None = None,
    actor: User,
    at: datetime,
) -> Payment:
    """Pay back what is left of a credit note, or some of it: a payment with a negative amount, settled against it.

    :raises NotAllowed: where the actor may not refund.
    :raises PaymentInvalid: naming the field that is wrong, and where more is to go back than is left.
    :raises Blocked: where nothing is left, or the invoice was paid less than that, less what went back before.
    """
    require(actor, "billing.refund")
    found = Invoice.objects.for_user(actor).filter(pk=credit_note_id, kind=Invoice.Kind.CREDIT_NOTE)
    customer_id = found.values_list("customer_id", flat=True).first()
    if customer_id is None:
        raise Blocked("There is no such credit note.")
    orders, notes = lock_for([credit_note_id], customer_id, actor)
    note = notes[credit_note_id]
    left = note.settled - note.gross
    if left <= 0:
        raise Blocked(f"Nothing is left of credit note {note.number}: it was used or paid back.")
    refund = _refund_of(note, Receipt(0, amount, None, method, reference, received_on), left, actor, at)
    check_paid(note, -refund.amount)
    settlement = Settlement(payment=refund, invoice=note, amount=refund.amount, at=at)
    save_settlements([Taking(refund, [settlement])], orders=orders, actor=actor, at=at)
    return refund


@atomic
def refund_payment(
    *,
    payment_id: int,
    amount: Decimal | None = None,
    method: str = Payment.Method.BANK,
    reference: str = "",
    received_on: date | None = None,
    actor: User,
    at: datetime,
) -> Payment:
    """Pay back what no invoice took up of a payment, or some of it: a payment with a negative amount that names it.

    No document is settled by it, so no order hears of it: its event is the entry of the customer's credit account.

    :raises NotAllowed: where the actor may not refund.
    :raises PaymentInvalid: naming the field that is wrong, and where more is to go back than is unapplied.
    """
    require(actor, "billing.refund")
    mine = Payment.objects.for_user(actor).filter(pk=payment_id, amount__gt=0)
    customer_id = mine.values_list("customer_id", flat=True).first()
    if customer_id is None:
        raise Blocked("There is no such payment.")
    lock_for([], customer_id, actor)
    [payment] = mine.select_related("company").locked()
    left = payment.amount - payment.settled
    if left <= 0:
        raise Blocked(f"Nothing is left of {payment.number}: invoices took it up, or it was paid back.")
    refund = _refund_of(payment, Receipt(0, amount, None, method, reference, received_on), left, actor, at)
    refund.pays_back = payment
    bulk.add(Payment, {payment.pk: {"settled": -refund.amount}})
    save_settlements([Taking(refund, [])], orders=[], actor=actor, at=at)
    return refund


def _refund_of(source: Invoice | Payment, receipt: Receipt, left: Decimal, actor: User, at: datetime) -> Payment:
    """Return the payment that gives back what is left of a locked credit note or payment, or as much as was keyed.

    :raises PaymentInvalid: naming the field that is wrong.
    """
    today = at.astimezone(source.company.zone).date()
    check_receipt(receipt=receipt, still_open=left, today=today, currency=source.currency, goes_back=True)
    return Payment(
        company_id=source.company_id,
        customer_id=source.customer_id,
        currency=source.currency,
        amount=-(left if receipt.amount is None else receipt.amount),
        method=receipt.method,
        reference=receipt.reference.strip(),
        received_on=receipt.received_on or today,
        recorded_by=actor,
    )
