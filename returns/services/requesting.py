"""Asking for returns and answering: never more may come back than left, less what is back or claimed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from core import bulk, transitions
from core.models import User
from core.money import ZERO
from core.quantities import in_steps
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory.queries.places import ELSEWHERE
from orders import queries as orders_queries
from orders import services as orders_services
from orders.models import OrderEvent, SalesOrder
from returns import queries
from returns.models import ReturnLine, ReturnOrder
from returns.queries import ShippedLine

# How long the goods have to come, where nothing else is said
OPEN_FOR = timedelta(days=30)
Kind = OrderEvent.Kind


class ReturnInvalid(Refused):
    """What was keyed is no return."""

    code = "return_invalid"


class MoreThanShipped(Refused):
    """More units are to come back than left, less what is back and what open returns await."""

    code = "more_than_shipped"


@dataclass(frozen=True, slots=True)
class ReturnDraft:
    """Units of an order that are to come back, by part; `shipment_lines` narrows where they are taken from."""

    order_id: int
    units: Mapping[int, Decimal]
    reason: ReturnOrder.Reason = ReturnOrder.Reason.UNKNOWN
    note: str = ""
    wish: ReturnOrder.Wish = ReturnOrder.Wish.UNKNOWN
    kind: ReturnOrder.Kind = ReturnOrder.Kind.CUSTOMER
    shipment_id: int | None = None
    shipment_lines: Collection[int] = field(default_factory=tuple)


@atomic
def create_returns(
    *, drafts: Sequence[ReturnDraft], authorize: bool, actor: User, at: datetime
) -> list[ReturnOrder | Refused]:
    """Write returns down, authorized at once where the actor says so, or refuse each; answers in the drafts' order.

    :raises NotAllowed: where the actor may not request returns, or not authorize them.
    """
    require(actor, "returns.request")
    if authorize:
        require(actor, "returns.authorize")
    orders = bulk.by_pk(
        orders_queries.locked_orders_with_parties(actor.company_ids, sorted({draft.order_id for draft in drafts}))
    )
    shipped = queries.lines_in_reach(orders.keys(), actor)
    results: list[ReturnOrder | Refused] = []
    made: list[tuple[ReturnOrder, list[ReturnLine]]] = []
    for draft in drafts:
        order = orders.get(draft.order_id)
        if order is None:
            results.append(Blocked("There is no such order."))
            continue
        try:
            taken = take_units(draft.units, claimable(draft, shipped.get(order.pk), made))
        except Refused as refusal:
            results.append(refusal)
            continue
        made.append(build(draft, order, taken, authorize=authorize, actor=actor, at=at))
        results.append(made[-1][0])
    if made:
        returns = [row for row, _lines in made]
        bulk.insert(returns, ([line for _row, lines in made for line in lines], "return_order"))
        kind = Kind.RETURN_AUTHORIZED if authorize else Kind.RETURN_REQUESTED
        units = {row.pk: sum((line.authorized for line in lines), ZERO) for row, lines in made}
        tell(returns, kind, actor, at, {pk: {"units": plain(total)} for pk, total in units.items()})
    return results


def claimable(
    draft: ReturnDraft,
    shipped: Sequence[ShippedLine] | None,
    made: Iterable[tuple[ReturnOrder, Sequence[ReturnLine]]] = (),
) -> list[tuple[ShippedLine, Decimal]]:
    """Return what may still come back of the shipment lines that a draft may take from, after others made with it.

    :raises Blocked: where nothing has left, or only what was never in a warehouse of the actor's.
    """
    if not shipped:
        raise Blocked.because([queries.NOT_SHIPPED if shipped is None else ELSEWHERE])
    taken: dict[int, Decimal] = defaultdict(Decimal)
    for _row, lines in made:
        for line in lines:
            taken[line.shipment_line_id] += line.authorized
    return [
        (line, line.free - taken[line.shipment_line_id])
        for line in shipped
        if not draft.shipment_lines or line.shipment_line_id in draft.shipment_lines
    ]


def take_units(
    units: Mapping[int, Decimal], claimable: Sequence[tuple[ShippedLine, Decimal]]
) -> list[tuple[ShippedLine, Decimal]]:
    """Take units of parts from shipment lines, those that left first before others.

    :raises ReturnInvalid: where no unit is named, or not a whole number of steps.
    :raises MoreThanShipped: where more are asked for than there are.
    """
    asked = {part_id: quantity for part_id, quantity in units.items() if quantity}
    if not asked:
        raise ReturnInvalid("Say how many units come back.")
    taken: list[tuple[ShippedLine, Decimal]] = []
    for part_id, quantity in asked.items():
        lines = [(line, free) for line, free in claimable if line.part_id == part_id]
        if not lines:
            raise MoreThanShipped("An item of this return never left with this order.")
        first = lines[0][0]
        if quantity < 0 or not in_steps(quantity, first.step):
            raise ReturnInvalid(f"{first.sku} is counted in steps of {plain(first.step)} {first.unit}.")
        free = sum((free for _line, free in lines), ZERO)
        if quantity > free:
            shipped = sum((line.quantity for line, _free in lines), ZERO)
            raise MoreThanShipped(
                f"Only {plain(free)} of {first.sku} can come back: {plain(shipped)} left,"
                f" and {plain(shipped - free)} are back or on their way back."
            )
        for line, most in lines:
            units_here = min(quantity, most)
            if units_here > 0:
                taken.append((line, units_here))
                quantity -= units_here
    return taken


def build(
    draft: ReturnDraft,
    order: SalesOrder,
    taken: Sequence[tuple[ShippedLine, Decimal]],
    *,
    authorize: bool,
    actor: User,
    at: datetime,
) -> tuple[ReturnOrder, list[ReturnLine]]:
    """Return a return with its lines, not saved."""
    row = ReturnOrder(
        company_id=order.company_id,
        order_id=order.pk,
        shipment_id=draft.shipment_id,
        warehouse_id=taken[0][0].warehouse_id,
        kind=draft.kind,
        reason=draft.reason,
        note=draft.note.strip(),
        wish=draft.wish,
        requested_by=actor,
        requested_at=at,
    )
    row.order = order
    if authorize:
        _authorize(row, order, actor, at)
    lines = [
        ReturnLine(
            return_order=row,
            shipment_line_id=line.shipment_line_id,
            part_id=line.part_id,
            product_id=line.product_id,
            authorized=quantity,
        )
        for line, quantity in taken
    ]
    return row, lines


def _authorize(row: ReturnOrder, order: SalesOrder, actor: User, at: datetime) -> None:
    row.authorize(at=at)
    row.authorized_by = actor
    row.expires_on = (at + OPEN_FOR).astimezone(order.company.zone).date()


@atomic
def authorize_returns(*, return_ids: Collection[int], actor: User, at: datetime) -> dict[int, ReturnOrder | Refused]:
    """Let requested goods come; a return that may come already is returned as such.

    :raises NotAllowed: where the actor may not authorize returns.
    """
    require(actor, "returns.authorize")
    orders, returns = _locked(return_ids, actor)
    standing = [row for row in returns if row.status != ReturnOrder.Status.REQUESTED and row.authorized_at]
    clear, results = _in_state(returns, [ReturnOrder.Status.REQUESTED], "authorize", standing)
    for row in clear:
        row.authorized_by = actor
        row.authorized_at = at
        row.expires_on = (at + OPEN_FOR).astimezone(orders[row.order_id].company.zone).date()
    transitions.apply(clear, "authorize", at=at, fields=["authorized_by", "authorized_at", "expires_on"])
    tell(clear, Kind.RETURN_AUTHORIZED, actor, at)
    return results


@atomic
def reject_returns(
    *, return_ids: Collection[int], reason: str, actor: User, at: datetime
) -> dict[int, ReturnOrder | Refused]:
    """Tell the customer no, and why; one that is rejected already is returned as such.

    :raises NotAllowed: where the actor may not authorize returns.
    :raises ReturnInvalid: without a reason.
    """
    require(actor, "returns.authorize")
    states = [ReturnOrder.Status.REQUESTED]
    return _give_up(return_ids, "reject", states, Kind.RETURN_REJECTED, reason, actor, at)


@atomic
def cancel_returns(
    *, return_ids: Collection[int], reason: str, actor: User, at: datetime
) -> dict[int, ReturnOrder | Refused]:
    """Give returns up before anything came, with a reason; one that is cancelled already is returned as such.

    :raises NotAllowed: where the actor may not request returns.
    :raises ReturnInvalid: without a reason.
    """
    require(actor, "returns.request")
    states = [ReturnOrder.Status.REQUESTED, ReturnOrder.Status.AUTHORIZED]
    return _give_up(return_ids, "cancel", states, Kind.RETURN_CANCELLED, reason, actor, at)


def _give_up(
    return_ids: Collection[int],
    verb: str,
    states: Sequence[str],
    kind: OrderEvent.Kind,
    reason: str,
    actor: User,
    at: datetime,
) -> dict[int, ReturnOrder | Refused]:
    reason = reason.strip()
    if not reason:
        raise ReturnInvalid("Say why: the customer will ask.")
    _orders, returns = _locked(return_ids, actor)
    target = {"reject": ReturnOrder.Status.REJECTED, "cancel": ReturnOrder.Status.CANCELLED}[verb]
    clear, results = _in_state(returns, states, verb, [row for row in returns if row.status == target])
    for row in clear:
        row.closed_reason = reason
    transitions.apply(clear, verb, at=at, fields=["closed_at", "closed_reason"])
    tell(clear, kind, actor, at)
    return results


@atomic
def expire_returns(*, at: datetime, limit: int = 200) -> int:
    """Give up authorized returns whose time is over, in their company's time zone; return how many.

    Run again, it finds none.
    """
    late = ReturnOrder.objects.filter(
        status=ReturnOrder.Status.AUTHORIZED, expires_on__lt=at.date() + timedelta(days=1)
    )
    found = late.select_related("company").order_by("pk")[:limit]
    ids = [row.pk for row in found if row.expires_on and row.expires_on < at.astimezone(row.company.zone).date()]
    # Their orders' locks first: somebody may be receiving one of them at this moment
    list(SalesOrder.objects.filter(pk__in=ReturnOrder.objects.filter(pk__in=ids).values("order_id")).locked())
    returns = list(ReturnOrder.objects.filter(pk__in=ids, status=ReturnOrder.Status.AUTHORIZED).order_by("pk"))
    transitions.apply(returns, "expire", at=at, fields=["closed_at"])
    tell(returns, Kind.RETURN_EXPIRED, None, at)
    return len(returns)


def _locked(return_ids: Collection[int], actor: User) -> tuple[dict[int, SalesOrder], list[ReturnOrder]]:
    ids = sorted(set(return_ids))
    orders = bulk.by_pk(queries.locked_orders_of_returns(actor.company_ids, ids))
    return orders, list(ReturnOrder.objects.for_user(actor).filter(pk__in=ids).order_by("pk"))


def _in_state(
    returns: Sequence[ReturnOrder], states: Collection[str], verb: str, standing: Sequence[ReturnOrder]
) -> tuple[list[ReturnOrder], dict[int, ReturnOrder | Refused]]:
    """Part returns into those that the verb is for, and the answers: the return itself, or why not."""
    clear = [row for row in returns if row.status in states]
    results: dict[int, ReturnOrder | Refused] = {row.pk: row for row in [*clear, *standing]}
    for row in returns:
        if row.pk not in results:
            state = row.get_status_display().lower()
            results[row.pk] = Blocked(f"{row} is {state}: it is too late to {verb} it.")
    return clear, results


def tell(
    returns: Sequence[ReturnOrder],
    kind: OrderEvent.Kind,
    actor: User | None,
    at: datetime,
    data: Mapping[int, Mapping[str, object]] | None = None,
) -> None:
    """Write into the orders' timelines what happened to their returns."""
    if returns:
        orders_services.record(
            facts=[
                orders_services.Fact(
                    row.order_id,
                    row.company_id,
                    kind,
                    "return",
                    row.pk,
                    {"return": row.number, **(data or {}).get(row.pk, {})},
                )
                for row in returns
            ],
            actor=actor,
            at=at,
        )


def awaited(line: ReturnLine) -> Decimal:
    """Return the authorized units of a line that have not come and still may."""
    return max(line.authorized - line.short - line.received, ZERO)


def plain(quantity: Decimal) -> str:
    """Return a quantity without idle decimals."""
    return f"{quantity.normalize():f}"
