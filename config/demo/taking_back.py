"""What the file takes back: orders cancelled before they left, returns with their credit, and corrections of stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from billing import services as billing_services
from billing.models import Invoice, InvoiceLine
from config.demo.documents import Document, Refusal, Row, Taken
from config.demo.reference import Shelf
from core.money import exponent
from core.refusals import Blocked, Refused
from inventory import services as inventory_services
from inventory.models import Product
from orders import services as orders_services
from orders.models import CancelReason, LinePart, SalesOrderLine
from returns import services as returns_services
from returns.models import Grade, ReturnOrder, ReturnSettlement

if TYPE_CHECKING:
    from config.demo.history import History

# Most of what comes back can be sold again
GRADES = [Grade.A, Grade.A, Grade.A, Grade.B, Grade.A, Grade.C]
REASONS = [
    ReturnOrder.Reason.NOT_WANTED,
    ReturnOrder.Reason.DAMAGED,
    ReturnOrder.Reason.WRONG_ITEM,
    ReturnOrder.Reason.DEFECTIVE,
]


def split(
    history: History, documents: Sequence[Document], of_today: Collection[str]
) -> tuple[list[Taken], list[Taken]]:
    """Part what credits take back into what is done in the morning, and what waits for today's orders."""
    taken = [*history.put_off, *(one for document in documents for one in history.plan.taken[document.number])]
    history.put_off = []
    return [one for one in taken if one.order not in of_today], [one for one in taken if one.order in of_today]


def correct(history: History, documents: Sequence[Document], day: date) -> None:
    """Post the day's write-offs and finds as adjustments, or refuse them."""
    rows = [row for document in documents for row in document.rows]
    known = [row for row in rows if history.world.shelves.get(row.sku)]
    history.played.refused += [Refusal(row, f"There is no product {row.sku}.") for row in rows if row not in known]
    if not known:
        return
    at, reference = history.at(day, 6, 30), f"Stock check {documents[0].number}"
    answers = _adjust(history, [(row, history.world.shelves[row.sku][0]) for row in known], reference, at)
    # What the first shelf has not is written off the last one
    again = [(row, history.world.shelves[row.sku][-1]) for row, answer in answers if isinstance(answer, Refused)]
    answers = [one for one in answers if not isinstance(one[1], Refused)] + _adjust(history, again, reference, at)
    for row, answer in answers:
        if isinstance(answer, Refused):
            history.played.refused.append(Refusal(row, str(answer)))
        else:
            history.played.done.add(row.line_number)


def _adjust(
    history: History, rows: Sequence[tuple[Row, Shelf]], reference: str, at: datetime
) -> list[tuple[Row, object]]:
    company = history.world.company
    results = inventory_services.adjust_stock(
        company_id=company.pk,
        adjustments=[
            inventory_services.Adjustment(shelf.bin_id, history.world.products[row.sku], row.quantity)
            for row, shelf in rows
        ],
        places=exponent(company.currency),
        reference=reference,
        **history.by(at),
    )
    return [(row, result) for (row, _shelf), result in zip(rows, results, strict=True)]


def take_back(history: History, taken: Sequence[Taken], at: datetime) -> None:
    """Cancel what has not left of orders, and credit what has, goods by way of a return."""
    of_order: dict[str, list[Taken]] = defaultdict(list)
    for one in taken:
        if one.order in history.played.order_ids and one.position in history.positions[one.order]:
            of_order[one.order].append(one)
        else:
            history.played.refused.append(Refusal(one.row, f"Its order {one.order} was not taken in."))
    if not of_order:
        return
    lines = _lines(history, of_order)
    here = {document.number for document in history.waiting}
    fresh = {pk for ids in history.played.fresh.values() for pk in ids}
    unshipped = {number for number in of_order if number in here or history.played.order_ids[number] in fresh}
    for number in unshipped:
        _cancel(history, of_order[number], lines[number], at)
    shipped = {number: members for number, members in of_order.items() if number not in unshipped}
    if shipped:
        _return(history, shipped, lines, at)


def _lines(history: History, of_order: dict[str, list[Taken]]) -> dict[str, dict[int, SalesOrderLine]]:
    """Return the lines of orders by their numbers, and by the place of their rows in the documents."""
    ids = {history.played.order_ids[number]: number for number in of_order}
    found: dict[str, dict[int, SalesOrderLine]] = {number: {} for number in of_order}
    places = {number: {position: place for place, position in history.positions[number].items()} for number in of_order}
    for line in SalesOrderLine.objects.filter(order__in=ids).select_related("product"):
        number = ids[line.order_id]
        found[number][places[number][line.position]] = line
    return found


def _cancel(history: History, taken: Sequence[Taken], lines: dict[int, SalesOrderLine], at: datetime) -> None:
    """Cancel units before they leave; an amount off a line waits until the order is invoiced."""
    history.put_off += [one for one in taken if one.quantity is None]
    whole = [one for one in taken if one.quantity is not None]
    units: dict[int, Decimal] = defaultdict(Decimal)
    for one in whole:
        units[lines[one.position].pk] += one.quantity or Decimal(0)
    if not units:
        return
    if _leaves_charges_alone(units, lines.values()):
        # Charges would be cancelled with the last of the goods, which the file does not say
        history.put_off += whole
        return
    results = orders_services.cancel_lines(units=units, reason=CancelReason.CUSTOMER, **history.by(at))
    history.note(whole, next(iter(results.values())), at)


def _leaves_charges_alone(units: Mapping[int, Decimal], lines: Iterable[SalesOrderLine]) -> bool:
    """Say whether an order would have no goods left by a cancellation, and charges that it does not name."""
    rest = [line for line in lines if line.quantity - line.cancelled > units.get(line.pk, Decimal(0))]
    return bool(rest) and all(line.product.kind != Product.Kind.STOCK for line in rest)


def _return(
    history: History,
    of_order: dict[str, list[Taken]],
    lines: dict[str, dict[int, SalesOrderLine]],
    at: datetime,
) -> None:
    """Take goods back and credit them, and credit the rest alone: charges, and amounts off a price."""
    goods = {
        number: [
            one
            for one in members
            if one.quantity is not None and lines[number][one.position].product.kind == Product.Kind.STOCK
        ]
        for number, members in of_order.items()
    }
    drafts = [(members, _draft(history, members, lines[number])) for number, members in goods.items() if members]
    made = returns_services.create_returns(
        drafts=[draft for _members, draft in drafts], authorize=True, **history.by(at)
    )
    for (members, draft), row in zip(drafts, made, strict=True):
        history.note(members, row if isinstance(row, Refused) else _finish(history, row, draft, at), at)
    # An amount off a line comes after the units of it: theirs is the whole price
    for number, members in of_order.items():
        rest = [one for one in members if one not in goods[number]]
        if rest:
            history.note(rest, _credit(history, rest, lines[number], at), at)


def _draft(history: History, taken: Sequence[Taken], lines: dict[int, SalesOrderLine]) -> returns_services.ReturnDraft:
    part_of = dict(LinePart.objects.filter(line__in=[line.pk for line in lines.values()]).values_list("line_id", "pk"))
    units: dict[int, Decimal] = defaultdict(Decimal)
    for one in taken:
        units[part_of[lines[one.position].pk]] += one.quantity or Decimal(0)
    first = taken[0]
    return returns_services.ReturnDraft(
        order_id=history.played.order_ids[first.order],
        units=units,
        reason=REASONS[first.row.line_number % len(REASONS)],
        wish=ReturnOrder.Wish.REFUND,
    )


def _finish(history: History, row: ReturnOrder, draft: returns_services.ReturnDraft, at: datetime) -> Refused | None:
    """Receive a return, look at its goods, put them where they belong, and settle it; say what stood against it."""
    by = history.by(at)
    grade = GRADES[row.pk % len(GRADES)]
    try:
        returns_services.receive_return(
            return_id=row.pk, arrival=returns_services.Arrival(units=draft.units, is_all=True), **by
        )
        returns_services.inspect_return(
            return_id=row.pk,
            graded=[
                returns_services.Graded(part_id, grade, units, disposition=returns_services.PRESET[grade])
                for part_id, units in draft.units.items()
            ],
            **by,
        )
        returns_services.settle_return(
            return_id=row.pk,
            kind=ReturnSettlement.Kind.REFUND if history.is_past(at) else ReturnSettlement.Kind.CREDIT,
            **by,
        )
    except Refused as refusal:
        return refusal
    return None


def _credit(history: History, taken: Sequence[Taken], lines: dict[int, SalesOrderLine], at: datetime) -> Refused | None:
    """Credit units of charges and amounts off a price, and pay back what was paid of it."""
    units: dict[int, Decimal] = defaultdict(Decimal)
    for one in taken:
        if one.quantity is not None:
            units[lines[one.position].pk] += one.quantity
    reason = f"Credit {taken[0].row.number}: {taken[0].row.description.lower() or 'as agreed'}"
    try:
        if units:
            _post(history, units, None, reason, at)
        for one in taken:
            if one.amount is not None:
                _post(history, {lines[one.position].pk: Decimal(1)}, one.amount, reason, at)
    except Refused as refusal:
        return refusal
    return None


def _post(history: History, units: Mapping[int, Decimal], amount: Decimal | None, reason: str, at: datetime) -> None:
    """Post credit notes of units by order line, or of an amount off one line, to the invoices that bill them.

    :raises Refused: where an invoice does not bill as much, or not any more.
    """
    left = dict(units)
    of_invoice: dict[int, list[billing_services.CreditedLine]] = defaultdict(list)
    billed = InvoiceLine.objects.filter(order_line__in=units, invoice__kind=Invoice.Kind.INVOICE)
    for line in billed.order_by("pk"):
        part = min(left[line.order_line_id], line.quantity)
        if part > 0:
            left[line.order_line_id] -= part
            quantity = part if amount is None else None
            of_invoice[line.invoice_id].append(billing_services.CreditedLine(line.pk, quantity, amount))
    if any(left.values()):
        raise Blocked("Its order has not been invoiced as far as this takes back.")
    for invoice_id, asked in of_invoice.items():
        note = billing_services.post_credit_note(
            invoice_id=invoice_id, lines=asked, reason=reason, bills_again=False, **history.by(at)
        )
        if note.settled > note.gross and history.is_past(at):
            billing_services.refund_credit(credit_note_id=note.pk, reference=str(note), **history.by(at))
