"""Cancelling: an order, units of its lines, or all of it that has not left, with a reason, at any stage before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, models

from core import bulk, transitions
from core.models import User
from core.money import cumulative_share, document_totals
from core.quantities import in_steps
from core.refusals import Blocked, ChangedMeanwhile, NotAllowed, Refused
from core.roles import require
from core.transactions import atomic
from inventory.models import Product
from orders import queries, sql
from orders.models import CancelReason, CreditEntry, LinePart, OrderEvent, SalesOrder, SalesOrderLine
from orders.queries import cancelling
from orders.queries.kits import begun_by
from orders.services.crediting import CreditChange, move_credit
from orders.services.cutting import Undone, cancel_units
from orders.services.recording import Fact, record

ZERO = Decimal(0)
Status = SalesOrder.Status


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What was cancelled of an order, whether that was all of it, and what it undid."""

    order_id: int
    units: Decimal = ZERO
    is_whole: bool = False
    undone: Undone = field(default_factory=Undone)


class TooMuch(Blocked):
    """More was to be cancelled of a line than is left of it in the house and not billed."""

    code = "too_much"


@atomic
def cancel_orders(
    *, order_ids: Collection[int], reason: CancelReason, actor: User, at: datetime, seen: str = ""
) -> dict[int, Cancelled | Refused]:
    """Cancel whole orders of which nothing has left and nothing is billed, or refuse each with what stands against it.

    An order that is cancelled already is returned as such. `seen` is the status that the person saw: one that has
    another by now is refused, for something else would happen than was shown.

    :raises NotAllowed: where the actor may not cancel.
    """
    require(actor, "orders.cancel")
    orders = _locked(order_ids, actor)
    blocked = queries.blockers(list(orders), "orders.cancel")
    results: dict[int, Cancelled | Refused] = {}
    clear: list[SalesOrder] = []
    for pk, order in orders.items():
        if order.status == Status.CANCELLED:
            results[pk] = Cancelled(pk, is_whole=True)
        elif seen and order.status != seen:
            label = order.get_status_display().lower()
            results[pk] = ChangedMeanwhile(f"{order} is {label} by now. Look at it again before you cancel it.")
        elif pk in blocked:
            results[pk] = Blocked.because(blocked[pk])
        elif refusal := _refused_by_role(order, actor):
            results[pk] = refusal
        else:
            clear.append(order)
    drafts = [order for order in clear if order.status in cancelling.DRAFTS]
    going = {order.pk: order for order in clear if order.status not in cancelling.DRAFTS}
    transitions.apply(drafts, "cancel", at=at)
    _record([(order, Cancelled(order.pk, is_whole=True)) for order in drafts], {}, reason, actor, at)
    results |= {order.pk: Cancelled(order.pk, is_whole=True) for order in drafts}
    if going:
        lines = _locked_lines(going)
        units = {line.pk: line.quantity - line.cancelled for line in lines}
        results |= _cancel(going, lines, _locked_parts(going), units, reason, actor, at)
    return results


@atomic
def cancel_rest(
    *, order_ids: Collection[int], reason: CancelReason, actor: User, at: datetime
) -> dict[int, Cancelled | Refused]:
    """Cancel all of orders that has not left; an order of which nothing has left is cancelled as a whole.

    Charges and services stay with what has left.

    :raises NotAllowed: where the actor may not cancel.
    """
    require(actor, "orders.cancel")
    orders = _locked(order_ids, actor)
    lines = _locked_lines(orders)
    parts = _locked_parts(orders)
    shipped = _shipped(parts)
    units: dict[int, Decimal] = {}
    for line in lines:
        has_left = any(shipped[other.pk] for other in lines if other.order_id == line.order_id)
        if line.product.kind in Product.GOODS or not has_left:
            units[line.pk] = line.quantity - line.cancelled - shipped[line.pk]
    return _cancel_checked(orders, lines, parts, units, reason, actor, at)


@atomic
def cancel_lines(
    *, units: Mapping[int, Decimal], reason: CancelReason, actor: User, at: datetime
) -> dict[int, Cancelled | Refused]:
    """Cancel units of lines, by line id; by order, all of what was asked for is done or none.

    An order of which no goods are left by that, and none have left, is cancelled as a whole, its charges with it.

    :raises NotAllowed: where the actor may not cancel.
    """
    require(actor, "orders.cancel")
    asked = {pk: quantity for pk, quantity in units.items() if quantity}
    order_ids = set(SalesOrderLine.objects.filter(pk__in=asked).values_list("order_id", flat=True))
    orders = _locked(order_ids, actor)
    lines = _locked_lines(orders)
    return _cancel_checked(orders, lines, _locked_parts(orders), asked, reason, actor, at)


def _locked(order_ids: Collection[int], actor: User) -> dict[int, SalesOrder]:
    # What is cancelled of an order is off its customer's account, and accounts come before orders
    return bulk.by_pk(queries.locked_orders_after_credit(actor.company_ids, order_ids))


def _locked_lines(order_ids: Collection[int]) -> list[SalesOrderLine]:
    return list(SalesOrderLine.objects.filter(order__in=order_ids).select_related("product__unit").locked())


def _locked_parts(order_ids: Collection[int]) -> list[LinePart]:
    return list(LinePart.objects.filter(order__in=order_ids).locked())


def _shipped(parts: Iterable[LinePart]) -> dict[int, Decimal]:
    """Return how many units of each line have left, a kit with the first of its components; as sql.UNITS_BEGUN."""
    totals: dict[int, Decimal] = defaultdict(Decimal)
    for part in parts:
        if part.ratio is None:
            totals[part.line_id] += part.shipped
        else:
            totals[part.line_id] = max(totals[part.line_id], begun_by(part.shipped, part.ratio))
    return totals


def _refused_by_role(order: SalesOrder, actor: User) -> Refused | None:
    if order.status == Status.RELEASED and not actor.can("orders.cancel_released"):
        return NotAllowed(
            f"{order} is with the warehouse: a sales manager or a warehouse manager can cancel of it from here on."
        )
    return None


def _cancel_checked(
    orders: Mapping[int, SalesOrder],
    lines: Sequence[SalesOrderLine],
    parts: Sequence[LinePart],
    units: dict[int, Decimal],
    reason: CancelReason,
    actor: User,
    at: datetime,
) -> dict[int, Cancelled | Refused]:
    """Cancel units of the lines of each order where that can be, and refuse the others."""
    results: dict[int, Cancelled | Refused] = {}
    shipped = _shipped(parts)
    of_order: dict[int, list[SalesOrderLine]] = defaultdict(list)
    for line in lines:
        of_order[line.order_id].append(line)
    blocked = queries.blockers(list(orders), "orders.cut")
    for pk, order in orders.items():
        if pk in blocked:
            results[pk] = Blocked.because(blocked[pk])
        elif refusal := _refused_by_role(order, actor) or _too_much(of_order[pk], units, shipped):
            results[pk] = refusal
        elif not any(units.get(line.pk) for line in of_order[pk]):
            results[pk] = Blocked("Nothing is left to cancel of it.")
        elif charges := _left_alone(of_order[pk], units, shipped):
            # Nothing is left that freight or a service could go with
            units |= {line.pk: line.quantity - line.cancelled for line in charges}
            if too_much := _too_much(charges, units, shipped):
                results[pk] = too_much
    clear = {pk: order for pk, order in orders.items() if pk not in results}
    if not clear:
        return results
    mine = [line for line in lines if line.order_id in clear]
    return results | _cancel(clear, mine, [p for p in parts if p.order_id in clear], units, reason, actor, at)


def _too_much(
    lines: Iterable[SalesOrderLine], units: Mapping[int, Decimal], shipped: Mapping[int, Decimal]
) -> Refused | None:
    for line in lines:
        asked, billed = units.get(line.pk, ZERO), line.invoiced - line.credited
        open_units = line.quantity - line.cancelled
        if asked < 0 or not in_steps(asked, line.product.unit.step):
            return TooMuch(f"Line {line.position}: {asked.normalize():f} is no quantity of {line.product.unit.name}.")
        if asked > open_units - shipped[line.pk]:
            left = open_units - shipped[line.pk]
            said = f"Line {line.position}: {left.normalize():,f} of it can be cancelled; the others have left."
            is_kit = line.product.kind == Product.Kind.KIT
            return TooMuch(f"{said} Sell this kit by component to cancel what has not." if is_kit else said)
        if asked > open_units - billed:
            return TooMuch(
                f"Line {line.position}: {billed.normalize():,f} of it on an invoice: a credit note comes first."
            )
    return None


def _left_alone(
    lines: Sequence[SalesOrderLine], units: Mapping[int, Decimal], shipped: Mapping[int, Decimal]
) -> list[SalesOrderLine]:
    """Return the charges and services of an order whose goods are all cancelled by this, none having left."""
    goods = [line for line in lines if line.product.kind in Product.GOODS]
    if not goods or any(
        line.quantity - line.cancelled - units.get(line.pk, ZERO) or shipped[line.pk] for line in goods
    ):
        return []
    return [line for line in lines if line.product.kind not in Product.GOODS and line.quantity > line.cancelled]


def _cancel(
    orders: Mapping[int, SalesOrder],
    lines: Sequence[SalesOrderLine],
    parts: Sequence[LinePart],
    units: Mapping[int, Decimal],
    reason: CancelReason,
    actor: User,
    at: datetime,
) -> dict[int, Cancelled | Refused]:
    """Cancel units of lines of orders, which are locked with all lines and parts, where nothing is against it."""
    unbilled_before = queries.unbilled(list(orders))
    part_units = _of_parts(parts, units)
    undone = cancel_units(parts=parts, units=part_units, at=at)
    results: dict[int, Cancelled | Refused] = {}
    done: list[tuple[SalesOrder, Cancelled]] = []
    positions: dict[int, dict[int, Decimal]] = {}
    of_order: dict[int, list[SalesOrderLine]] = defaultdict(list)
    for line in lines:
        of_order[line.order_id].append(line)
    for pk, order in orders.items():
        cut = [line for line in of_order[pk] if units.get(line.pk)]
        for line in cut:
            line.cancelled += units[line.pk]
            line.cancelled_net = line.net - net_of_rest(line, order.currency)
        totals = document_totals(
            [(line.tax_category, line.tax_rate, line.remaining_net) for line in of_order[pk]], order.currency
        )
        order.net, order.tax, order.gross = totals.net, totals.tax, totals.gross
        cancelled = Cancelled(
            pk,
            sum((units[line.pk] for line in cut if line.product.kind in Product.GOODS), ZERO),
            all(line.cancelled == line.quantity for line in of_order[pk]),
            undone.get(pk, Undone()),
        )
        results[pk] = cancelled
        positions[pk] = {line.position: units[line.pk] for line in cut}
        done.append((order, cancelled))
    bulk.update([line for line in lines if units.get(line.pk)], ["cancelled", "cancelled_net"])
    bulk.update(list(orders.values()), ["net", "tax", "gross"])
    with connection.cursor() as cursor:
        cursor.execute(sql.SET_FACETS, [sorted(orders)])
    transitions.apply([order for order, cancelled in done if cancelled.is_whole], "cancel", at=at)
    pull_back([order for order, cancelled in done if not cancelled.is_whole], at=at)
    _record(done, positions, reason, actor, at)
    unbilled = queries.unbilled(list(orders))
    credit = [_credit_change(order, unbilled[pk] - unbilled_before[pk]) for pk, order in orders.items()]
    move_credit(changes=credit, actor=actor, at=at)
    return results


def _credit_change(order: SalesOrder, amount: Decimal) -> CreditChange:
    return CreditChange(
        order.company_id,
        order.customer_id,
        CreditEntry.Kind.CANCELLED,
        amount,
        order.currency,
        order.pk,
        str(order.number),
    )


def net_of_rest(line: SalesOrderLine, currency: str) -> Decimal:
    """Return the net of a line's units that were not cancelled: what all its invoices come to in the end (rule 7)."""
    return cumulative_share(
        line.net,
        done_before=ZERO,
        done_now=line.quantity - line.cancelled,
        of=line.quantity,
        billed_before=ZERO,
        currency=currency,
    )


def _of_parts(parts: Sequence[LinePart], units: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """Spread lines' units over their parts, the last part first; a kit takes its ratio of each component."""
    left = dict(units)
    of_parts: dict[int, Decimal] = {}
    for part in sorted(parts, key=lambda part: -part.pk):
        if part.ratio is not None:
            if units.get(part.line_id):
                of_parts[part.pk] = units[part.line_id] * part.ratio
            continue
        taken = min(left.get(part.line_id, ZERO), part.ordered - part.cancelled - part.shipped)
        if taken > 0:
            of_parts[part.pk] = taken
            left[part.line_id] -= taken
    return of_parts


def pull_back(orders: Sequence[SalesOrder], *, at: datetime) -> None:
    """Take released orders back to confirmed of which no unit is with a warehouse any more, and none has left."""
    released = [order for order in orders if order.status == Status.RELEASED]
    if not released:
        return
    with_warehouse = set(
        LinePart.objects.filter(order__in=released)
        .filter(models.Q(picked__gt=0) | models.Q(demand__allocations__status="RELEASED"))
        .values_list("order_id", flat=True)
    )
    transitions.apply([order for order in released if order.pk not in with_warehouse], "pull_back", at=at)


def _record(
    done: Sequence[tuple[SalesOrder, Cancelled]],
    positions: Mapping[int, Mapping[int, Decimal]],
    reason: CancelReason,
    actor: User,
    at: datetime,
) -> None:
    record(
        facts=[
            Fact(
                order.pk,
                order.company_id,
                OrderEvent.Kind.CANCELLED if cancelled.is_whole else OrderEvent.Kind.CUT,
                "order",
                order.pk,
                {
                    "reason": str(reason),
                    "units": f"{cancelled.units.normalize():f}",
                    **(_of_lines(positions[order.pk]) if order.pk in positions else {}),
                    **said(cancelled.undone),
                },
            )
            for order, cancelled in done
        ],
        actor=actor,
        at=at,
    )


def _of_lines(units: Mapping[int, Decimal]) -> dict[str, Any]:
    """Return which lines were cut and by how many units each, as the event log keeps it."""
    return {
        "positions": list(units),
        "units_of": {str(position): f"{Decimal(cut).normalize():f}" for position, cut in units.items()},
    }


def said(undone: Undone) -> dict[str, str | int]:
    """Return what a cut undid as the event log keeps it; nothing of what it did not undo."""
    figures: dict[str, str | int] = {
        "freed": f"{undone.freed.normalize():f}" if undone.freed else "",
        "called_off": undone.tasks,
        "to_put_back": f"{undone.put_back.normalize():f}" if undone.put_back else "",
        "parcels_opened": undone.parcels,
    }
    return {name: figure for name, figure in figures.items() if figure}
