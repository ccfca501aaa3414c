"""Receiving what comes back: into the returns bin at its original cost, over, short and wrong items as facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core import bulk, transitions
from core.models import User
from core.money import ZERO, cumulative_share
from core.quantities import MAX_QUANTITY, in_steps
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.queries.places import warehouse_ids
from orders import queries as orders_queries
from orders import services as orders_services
from orders.models import OrderEvent
from returns import queries
from returns.models import ReturnLine, ReturnOrder, ReturnReceipt, ReturnReceiptLine
from returns.queries import ShippedLine
from returns.services.losing import note_found
from returns.services.requesting import (
    MoreThanShipped,
    ReturnDraft,
    ReturnInvalid,
    awaited,
    build,
    claimable,
    plain,
    take_units,
    tell,
)
from shipping import services as shipping_services

Fact = ReturnReceiptLine.Fact
MAX_ITEM = 80
_RECEIVABLE = [
    ReturnOrder.Status.AUTHORIZED,
    ReturnOrder.Status.RECEIVED,
    ReturnOrder.Status.INSPECTED,
    ReturnOrder.Status.DECIDED,
]


@dataclass(frozen=True, slots=True)
class WrongItem:
    """Goods in the box that never left with the order, as the dock names them."""

    item: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came: units by part of the order, wrong items, and what was scanned to find the return.

    `is_all`: nothing more will come, so what is missing is short.
    """

    units: Mapping[int, Decimal]
    wrong: Sequence[WrongItem] = ()
    scanned: str = ""
    is_all: bool = False


@dataclass(frozen=True, slots=True)
class _Came:
    """Units of one shipment line that came, on their line of the return."""

    line: ReturnLine
    shipped: ShippedLine
    quantity: Decimal
    fact: ReturnReceiptLine.Fact


@atomic
def receive_return(*, return_id: int, arrival: Arrival, actor: User, at: datetime) -> ReturnReceipt:
    """Take in goods of a return: as authorized first, then over, as far as as many ever left.

    It may come in several parcels, so it is received again until it is settled.

    :raises NotAllowed: where the actor may not receive returns.
    :raises Blocked: where the return may not come, or is settled.
    :raises ReturnInvalid: where nothing came, or not in whole steps.
    :raises MoreThanShipped: where more came than ever left: the rest is a wrong item.
    """
    require(actor, "returns.receive")
    orders = queries.locked_orders_of_returns(actor.company_ids, [return_id])
    lines = queries.lines_of_returns(warehouse_ids(actor), [return_id])
    if not orders or not lines:
        raise Blocked("There is no such return.")
    order, row = orders[0], lines[0].return_order
    if row.status not in _RECEIVABLE:
        raise Blocked(f"{row} is {row.get_status_display().lower()}: nothing can be received for it.")
    if row.is_lost:
        raise Blocked(f"{row} is of what the carrier lost: scan the tracking number of what turned up.")
    _check(arrival)
    came = _match(arrival.units, row, lines, queries.shipped_lines([order.pk]).get(order.pk, []))
    values = _values(came, order.company.currency)
    over = [one.line for one in came if not one.line.pk]
    _count(came, values)
    bulk.insert(list({id(line): line for line in over}.values()))
    short = _missing(lines) if arrival.is_all else {}
    if short and not any(line.received for line in lines):
        raise ReturnInvalid("Nothing of it came at all: cancel the return instead.")
    for line in lines:
        line.short += short.get(line.pk, ZERO)
    bulk.update_later(lines, ["received", "received_value", "short"])
    if came and row.status != ReturnOrder.Status.RECEIVED:
        transitions.apply([row], "receive", at=at)
    return _take_in(row, came, values, short, arrival, actor, at)


@atomic
def receive_blind(*, draft: ReturnDraft, arrival: Arrival, actor: User, at: datetime) -> ReturnOrder:
    """Take in goods that nobody announced: the return is made by what came, and needs no authorization.

    What the carrier brings back of a shipment was never delivered, even where it was thought lost. Nothing is over.

    :raises NotAllowed: where the actor may not receive returns.
    :raises Blocked: where nothing of the order has left the warehouses in which the actor works.
    :raises ReturnInvalid: where nothing came, or not in whole steps.
    :raises MoreThanShipped: where more came than left and is neither back nor awaited.
    """
    require(actor, "returns.receive")
    _check(arrival)
    orders = orders_queries.locked_orders_with_parties(actor.company_ids, [draft.order_id])
    if not orders:
        raise Blocked("There is no such order.")
    order = orders[0]
    shipped = queries.lines_in_reach([order.pk], actor).get(order.pk)
    failure = draft.kind == ReturnOrder.Kind.DELIVERY_FAILURE
    taken = take_units(arrival.units, _out(draft, shipped or ()) if failure else claimable(draft, shipped))
    row, lines = build(draft, order, taken, authorize=True, actor=actor, at=at)
    row.is_blind = True
    row.receive(at=at)
    came = [
        _Came(line, left, quantity, Fact.AS_AUTHORIZED) for line, (left, quantity) in zip(lines, taken, strict=True)
    ]
    values = _values(came, order.company.currency)
    _count(came, values)
    bulk.insert([row], (lines, "return_order"))
    if failure:
        note_found(units={one.line.shipment_line_id: one.quantity for one in came}, actor=actor, at=at)
    _take_in(row, came, values, {}, arrival, actor, at)
    return row


def _out(draft: ReturnDraft, shipped: Sequence[ShippedLine]) -> list[tuple[ShippedLine, Decimal]]:
    """Return what of a shipment was neither delivered nor came back, less what the customer is said to send."""
    lines = [one for one in shipped if one.shipment_id == draft.shipment_id and one.out > 0]
    if draft.shipment_lines:
        lines = [one for one in lines if one.shipment_line_id in draft.shipment_lines]
    if not lines:
        raise Blocked("Nothing of this shipment is on its way any more: receive its goods as a return.")
    return [(one, max(min(one.out, one.quantity - one.returned - one.awaited), ZERO)) for one in lines]


def _check(arrival: Arrival) -> None:
    if not any(arrival.units.values()) and not arrival.wrong and not arrival.is_all:
        raise ReturnInvalid("Say what came.")
    for wrong in arrival.wrong:
        if not wrong.item.strip() or len(wrong.item) > MAX_ITEM:
            raise ReturnInvalid(f"Name the wrong item, in at most {MAX_ITEM} characters.")
        if not 0 < wrong.quantity <= MAX_QUANTITY:
            raise ReturnInvalid("Say how many of the wrong item came.")


def _match(
    units: Mapping[int, Decimal], row: ReturnOrder, lines: Sequence[ReturnLine], shipped: Sequence[ShippedLine]
) -> list[_Came]:
    """Return on which lines units came: those that are awaited first, then others of the order that left."""
    left = {one.shipment_line_id: one for one in shipped}
    mine = {line.shipment_line_id: line for line in lines}
    came: list[_Came] = []
    for part_id, quantity in units.items():
        if not quantity:
            continue
        of_part = [one for one in shipped if one.part_id == part_id]
        if not of_part:
            raise MoreThanShipped("An item never left with this order: record it as a wrong item.")
        first = of_part[0]
        if quantity < 0 or not in_steps(quantity, first.step):
            raise ReturnInvalid(f"{first.sku} is counted in steps of {plain(first.step)} {first.unit}.")
        rest = quantity
        for line in (line for line in lines if line.part_id == part_id):
            here = min(rest, awaited(line))
            if here > 0:
                came.append(_Came(line, left[line.shipment_line_id], here, Fact.AS_AUTHORIZED))
                rest -= here
        for one in of_part:
            here = min(rest, one.free)
            if here > 0:
                over = mine.get(one.shipment_line_id) or _line_over(row, one)
                came.append(_Came(over, one, here, Fact.OVER))
                rest -= here
        if rest > 0:
            raise MoreThanShipped(
                f"{plain(rest)} of {first.sku} more came than ever left with this order:"
                " receive the others, and record these as a wrong item."
            )
    return came


def _line_over(row: ReturnOrder, one: ShippedLine) -> ReturnLine:
    return ReturnLine(
        return_order=row,
        shipment_line_id=one.shipment_line_id,
        part_id=one.part_id,
        product_id=one.product_id,
        authorized=ZERO,
    )


def _values(came: Sequence[_Came], currency: str) -> list[Decimal]:
    """Return what units cost when they left: their share of the shipment line's cost, all of it with the last unit."""
    done = {one.shipped.shipment_line_id: (one.shipped.returned, one.shipped.returned_value) for one in came}
    values = []
    for one in came:
        key = one.shipped.shipment_line_id
        quantity, value = done[key]
        share = cumulative_share(
            one.shipped.cost,
            done_before=quantity,
            done_now=one.quantity,
            of=one.shipped.quantity,
            billed_before=value,
            currency=currency,
        )
        # What was sent back to the customer may have taken a cent more than its share
        share = max(share, ZERO)
        done[key] = (quantity + one.quantity, value + share)
        values.append(share)
    return values


def _count(came: Sequence[_Came], values: Sequence[Decimal]) -> None:
    for one, value in zip(came, values, strict=True):
        one.line.received += one.quantity
        one.line.received_value += value


def _missing(lines: Sequence[ReturnLine]) -> dict[int, Decimal]:
    return {line.pk: awaited(line) for line in lines if awaited(line)}


def _take_in(
    row: ReturnOrder,
    came: Sequence[_Came],
    values: Sequence[Decimal],
    short: Mapping[int, Decimal],
    arrival: Arrival,
    actor: User,
    at: datetime,
) -> ReturnReceipt:
    """Post the goods, write the receipt, and tell the order."""
    receipt = ReturnReceipt(return_order=row, scanned=arrival.scanned[:80], received_by=actor, at=at)
    if came:
        returned: dict[int, Decimal] = defaultdict(Decimal)
        for one in came:
            returned[one.line.part_id] += one.quantity
        orders_services.note_returned(returned=returned)
        if row.kind == ReturnOrder.Kind.DELIVERY_FAILURE:
            back: dict[int, Decimal] = defaultdict(Decimal)
            for one in came:
                back[one.line.shipment_line_id] += one.quantity
            shipping_services.note_come_back(units=back, at=at)
        receipt.posting_id = inventory_services.receive_returns(
            company_id=row.company_id,
            warehouse_id=row.warehouse_id,
            units=[
                inventory_services.ReturnedUnits(one.line.product_id, one.quantity, value, one.shipped.lot_id)
                for one, value in zip(came, values, strict=True)
            ],
            reference=row.number,
            actor=actor,
            at=at,
        )
    facts = [
        *(
            ReturnReceiptLine(receipt=receipt, line=one.line, fact=one.fact, quantity=one.quantity, value=value)
            for one, value in zip(came, values, strict=True)
        ),
        *(
            ReturnReceiptLine(receipt=receipt, line_id=line_id, fact=Fact.SHORT, quantity=quantity)
            for line_id, quantity in short.items()
        ),
        *(
            ReturnReceiptLine(receipt=receipt, fact=Fact.WRONG_ITEM, item=wrong.item.strip(), quantity=wrong.quantity)
            for wrong in arrival.wrong
        ),
    ]
    totals = {
        "units": sum((one.quantity for one in came), ZERO),
        "over": sum((one.quantity for one in came if one.fact == Fact.OVER), ZERO),
        "short": sum(short.values(), ZERO),
        "wrong": sum((wrong.quantity for wrong in arrival.wrong), ZERO),
    }
    said = {name: plain(total) for name, total in totals.items() if total or name == "units"}
    tell([row], OrderEvent.Kind.RETURN_RECEIVED, actor, at, {row.pk: said})
    bulk.insert([receipt], (facts, "receipt"))
    return receipt
