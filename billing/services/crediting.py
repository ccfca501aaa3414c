"""Posting credit notes: the mirror of what an invoice billed, by line, never more than is left of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing import queries
from billing.models import Invoice, InvoiceLine, Settlement
from billing.services import snapshots
from billing.services.posting import Draft, order_shares, post
from core import bulk
from core.models import User
from core.money import ZERO, TaxGroup, Totals, document_totals, exponent, round_amount
from core.numbering import DateBeforeSeries, ensure_series
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from orders import queries as orders_queries
from orders import services as orders_services
from orders.models import CreditEntry, OrderEvent, SalesOrder, SalesOrderLine

SERIES, PREFIX, SERIES_LABEL = "credit_note", "CRN", "Credit notes"
MAX_REASON = 200


class CreditInvalid(Refused):
    """What was keyed cannot be credited; `line_id` names the line of the invoice, where it is one."""

    code = "credit_invalid"

    def __init__(self, sentence: str, *, line_id: int | None = None, field: str = "") -> None:
        super().__init__(sentence)
        self.line_id, self.field = line_id, field


@dataclass(frozen=True, slots=True)
class CreditedLine:
    """What to credit of one line of an invoice: units, or an amount before tax."""

    line_id: int
    quantity: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class _Credit:
    """What a credit note takes back of one line, in positive figures."""

    line: InvoiceLine
    quantity: Decimal
    net: Decimal
    is_amount: bool


@dataclass(frozen=True, slots=True)
class ToCredit:
    """Invoices that are locked with all their orders, and what is left to credit of the lines of each."""

    orders: Mapping[int, SalesOrder]
    invoices: Mapping[int, Invoice]
    left: Mapping[int, Mapping[int, queries.LeftToCredit]]
    order_ids: Mapping[int, Sequence[int]]


def lock_to_credit(
    *,
    order_ids_of: Mapping[int, Sequence[int]],
    more_orders: Collection[int] = (),
    with_lines: bool = False,
    actor: User,
) -> ToCredit:
    """Lock invoices, given with the orders that each bills, and all these orders first: nobody waits in a circle.

    `with_lines` locks the orders' lines too, for units that are billed again.
    """
    ids = sorted({*more_orders, *(pk for order_ids in order_ids_of.values() for pk in order_ids)})
    orders = bulk.by_pk(orders_queries.locked_orders_to_bill(actor.company_ids, ids))
    if with_lines:
        list(SalesOrderLine.objects.filter(order__in=orders).locked())
    invoices = Invoice.objects.for_user(actor).filter(pk__in=order_ids_of, kind=Invoice.Kind.INVOICE)
    locked = bulk.by_pk(list(invoices.select_related("company").locked())) if order_ids_of else {}
    left = {pk: queries.left_to_credit(invoice) for pk, invoice in locked.items()}
    return ToCredit(orders, locked, left, order_ids_of)


@atomic
def post_credit_note(
    *,
    invoice_id: int,
    lines: Sequence[CreditedLine],
    reason: str,
    bills_again: bool,
    actor: User,
    at: datetime,
    locked: ToCredit | None = None,
) -> Invoice:
    """Post a credit note against an invoice; what is open of that invoice is settled by it at once.

    Units that are billed again go back to what there is to invoice of their order, or can be cancelled there; where
    the price was wrong or out of goodwill, nothing becomes billable (PRODUCT.md case 77). Goods are another matter.
    Who holds the locks already says so by `locked`.

    :raises NotAllowed: where the actor may not credit.
    :raises CreditInvalid: where more is asked than is left of a line, or the form is not complete.
    :raises DateBeforeSeries: where a later date was numbered already.
    """
    require(actor, "billing.credit")
    locked = locked or lock_to_credit(
        order_ids_of={invoice_id: queries.order_ids_of([invoice_id])}, with_lines=bills_again, actor=actor
    )
    if invoice_id not in locked.invoices:
        raise Blocked("There is no such invoice.")
    invoice, orders, order_ids = locked.invoices[invoice_id], locked.orders, locked.order_ids[invoice_id]
    reason = " ".join(reason.split())
    if not reason:
        raise CreditInvalid("Say why it is credited: the customer reads it.", field="reason")
    if len(reason) > MAX_REASON:
        raise CreditInvalid(f"A reason has {MAX_REASON} characters at most.", field="reason")
    taken_back = check_credit(
        left_of=locked.left[invoice_id], asked=lines, currency=invoice.currency, bills_again=bills_again
    )
    issued_on = at.astimezone(invoice.company.zone).date()
    draft = _draft(invoice, taken_back, reason, bills_again, issued_on, actor, at)
    # What there is to bill grows where units are billed again, and nowhere else
    before = orders_queries.unbilled(order_ids) if bills_again else {}
    if bills_again:
        taken: dict[int, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
        for credit in taken_back:
            taken[credit.line.order_line_id][0] += credit.quantity
            taken[credit.line.order_line_id][1] += credit.net
        orders_services.note_credited(credited={pk: (units, net) for pk, (units, net) in taken.items()})
    after = orders_queries.unbilled(order_ids) if bills_again else {}
    bulk.add(Invoice, {invoice.pk: {"credited": -draft.invoice.gross, "settled": -draft.invoice.settled}})
    post(
        [draft],
        kind=OrderEvent.Kind.CREDITED,
        paid=order_ids,
        credit=[
            orders_services.CreditChange(
                invoice.company_id,
                invoice.customer_id,
                CreditEntry.Kind.CREDITED,
                share.gross + after.get(share.order_id, ZERO) - before.get(share.order_id, ZERO),
                invoice.currency,
                share.order_id,
                str(orders[share.order_id].number),
            )
            for share in draft.orders
        ],
        actor=actor,
        at=at,
    )
    return draft.invoice


def check_credit(
    *, left_of: Mapping[int, queries.LeftToCredit], asked: Sequence[CreditedLine], currency: str, bills_again: bool
) -> list[_Credit]:
    """Return what is taken back of each line; the form calls it too, without the lock.

    :raises CreditInvalid: in words, at the line that is wrong.
    """
    left = dict(left_of)
    taken_back = []
    for one in asked:
        if one.quantity is None and one.amount is None:
            continue
        if one.line_id not in left:
            raise CreditInvalid("There is no such line on the invoice.", line_id=one.line_id)
        rest = left.pop(one.line_id)
        if one.quantity is not None and one.amount is not None:
            raise CreditInvalid("Key units or an amount, not both.", line_id=one.line_id)
        if one.quantity is not None:
            if not 0 < one.quantity <= rest.quantity:
                units = f"{rest.quantity.normalize():f} are" if rest.quantity != 1 else "1 is"
                raise CreditInvalid(f"Of this line {units} left to credit.", line_id=one.line_id)
            taken_back.append(_Credit(rest.line, one.quantity, rest.net_of(one.quantity, currency), False))
            continue
        assert one.amount is not None
        if bills_again:
            raise CreditInvalid("Only units can be billed again: key how many.", line_id=one.line_id)
        if one.amount != round_amount(one.amount, currency):
            places = exponent(currency)
            raise CreditInvalid(f"{currency} has {places or 'no'} decimals.", line_id=one.line_id)
        if not 0 < one.amount <= rest.net:
            shown = f"{rest.net:,.{exponent(currency)}f} {currency}"
            raise CreditInvalid(f"Of this line {shown} net is left to credit.", line_id=one.line_id)
        taken_back.append(_Credit(rest.line, Decimal(1), one.amount, True))
    if not taken_back:
        raise CreditInvalid("Key units or an amount for at least one line.")
    return taken_back


def _draft(
    invoice: Invoice,
    taken_back: Sequence[_Credit],
    reason: str,
    bills_again: bool,
    issued_on: date,
    actor: User,
    at: datetime,
) -> Draft:
    series = ensure_series(company_id=invoice.company_id, kind=SERIES, year=issued_on.year, prefix=PREFIX)
    if series.last_on is not None and series.last_on > issued_on:
        raise DateBeforeSeries.after(series.last_on)
    totals = _totals(invoice, taken_back)
    snapshot = snapshots.build_credit(
        invoice,
        lines=[(credit.line.position, credit.quantity, credit.net, credit.is_amount) for credit in taken_back],
        totals=totals,
        issued_on=issued_on,
        reason=reason,
    )
    snapshots.prove(snapshot)
    settles = min(totals.gross, invoice.gross - invoice.settled)
    note = Invoice(
        company_id=invoice.company_id,
        series=series,
        customer_id=invoice.customer_id,
        order_id=invoice.order_id,
        kind=Invoice.Kind.CREDIT_NOTE,
        corrects=invoice,
        reason=reason,
        bills_again=bills_again,
        currency=invoice.currency,
        issued_on=issued_on,
        due_on=issued_on,
        net=-totals.net,
        tax=-totals.tax,
        gross=-totals.gross,
        settled=-settles,
        snapshot=snapshot,
        digest=snapshots.digest(snapshot),
        posted_by=actor,
        posted_at=at,
    )
    lines = [
        InvoiceLine(
            invoice=note,
            corrects=credit.line,
            is_amount=credit.is_amount,
            order_line_id=credit.line.order_line_id,
            position=position,
            quantity=-credit.quantity,
            price=credit.net if credit.is_amount else credit.line.price,
            discount_percent=ZERO if credit.is_amount else credit.line.discount_percent,
            tax_category=credit.line.tax_category,
            tax_rate=credit.line.tax_rate,
            net=-credit.net,
        )
        for position, credit in enumerate(taken_back, 1)
    ]
    weights: dict[int, Decimal] = defaultdict(Decimal)
    for credit in taken_back:
        weights[credit.line.order_line.order_id] += credit.net * (100 + credit.line.tax_rate)
    settlements = (
        [Settlement(credit_note=note, invoice=invoice, amount=settles, settled_by=actor, at=at)] if settles else []
    )
    return Draft(note, lines, order_shares(note, weights), settlements)


def _totals(invoice: Invoice, taken_back: Sequence[_Credit]) -> Totals:
    """Return the totals of a credit note, its tax by what was credited of the invoice before (rule 7 backwards).

    So the credit notes of a whole invoice come to its own tax, whatever was rounded on the way.
    """
    notes = InvoiceLine.objects.filter(invoice__corrects=invoice)
    before = list(notes.values_list("tax_category", "tax_rate", "net")) if invoice.credited else []
    earlier = {
        (group.category, group.rate): group
        for group in document_totals(
            [(category, rate, -net) for category, rate, net in before], invoice.currency
        ).groups
    }
    now = [(credit.line.tax_category, credit.line.tax_rate, credit.net) for credit in taken_back]
    groups = []
    for group in document_totals(now, invoice.currency).groups:
        old = earlier.get((group.category, group.rate), TaxGroup(group.category, group.rate))
        tax = round_amount((old.base + group.base) * group.rate / 100, invoice.currency) - old.tax
        groups.append(TaxGroup(group.category, group.rate, group.base, tax))
    net, tax = sum((group.base for group in groups), ZERO), sum((group.tax for group in groups), ZERO)
    return Totals(net, tax, net + tax, tuple(groups))
