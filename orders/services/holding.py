"""Holds: an order, or a line, stops before release and dispatch, with its stock kept or free, until it is lifted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Q

from core import bulk
from core.models import User
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from orders import queries, sql
from orders.models import Hold, LinePart, OrderEvent, SalesOrder, SalesOrderLine
from orders.queries import holds as hold_queries
from orders.services.cancelling import pull_back, said
from orders.services.cutting import Undone, free_units
from orders.services.recording import Fact, record

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class HoldTerms:
    """What kind of hold, why, whether the stock stays promised, and the day on which it lifts itself."""

    kind: Hold.Kind
    keep_reservation: bool
    reason: str = ""
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A hold that stands, and what it gave free."""

    order_id: int
    hold_id: int
    undone: Undone = field(default_factory=Undone)


@dataclass(frozen=True, slots=True)
class Lifted:
    """A hold that is lifted, and how many units of its order got stock again and how many wait."""

    order_id: int
    allocated: Decimal = ZERO
    backordered: Decimal = ZERO


@atomic
def hold_orders(
    *, order_ids: Collection[int], terms: HoldTerms, actor: User, at: datetime
) -> dict[int, Held | Refused]:
    """Put orders on hold; what was released to be picked goes on where its stock is kept.

    An order that is on hold in this way already is returned as such.

    :raises NotAllowed: where the actor may not place holds.
    """
    require(actor, "orders.hold")
    orders = _locked(order_ids, actor)
    return _hold({pk: (order, None) for pk, order in orders.items()}, terms, actor, at)


@atomic
def hold_lines(*, line_ids: Collection[int], terms: HoldTerms, actor: User, at: datetime) -> dict[int, Held | Refused]:
    """Put lines on hold, while the others of their orders go on; the answers are by line.

    :raises NotAllowed: where the actor may not place holds.
    """
    require(actor, "orders.hold")
    asked = SalesOrderLine.objects.filter(pk__in=line_ids, order__company__in=actor.company_ids)
    lines = {line.pk: line for line in asked.order_by("pk")}
    orders = _locked({line.order_id for line in lines.values()}, actor)
    return _hold({pk: (orders[line.order_id], line) for pk, line in lines.items()}, terms, actor, at)


def _locked(order_ids: Collection[int], actor: User) -> dict[int, SalesOrder]:
    rows = SalesOrder.objects.for_user(actor).filter(pk__in=order_ids).locked()
    return {order.pk: order for order in list(rows)}


def _hold(
    targets: Mapping[int, tuple[SalesOrder, SalesOrderLine | None]], terms: HoldTerms, actor: User, at: datetime
) -> dict[int, Held | Refused]:
    orders = {order.pk: order for order, _line in targets.values()}
    blocked = queries.blockers(list(orders), "orders.hold")
    standing = {
        (hold.order_id, hold.line_id): hold
        for hold in Hold.objects.filter(hold_queries.OPEN, order__in=orders, kind=terms.kind)
    }
    results: dict[int, Held | Refused] = {}
    made: dict[int, Hold] = {}
    for key, (order, line) in targets.items():
        same = standing.get((order.pk, line.pk if line else None))
        if order.pk in blocked:
            results[key] = Blocked.because(blocked[order.pk])
        elif same is not None and same.keep_reservation == terms.keep_reservation:
            results[key] = Held(order.pk, same.pk)
        elif same is not None:
            results[key] = Blocked(f"{hold_queries.said(same)} Lift that hold first.")
        else:
            made[key] = Hold(
                company_id=order.company_id,
                order=order,
                line=line,
                kind=terms.kind,
                reason=terms.reason,
                keep_reservation=terms.keep_reservation,
                expires_on=terms.expires_on,
                placed_by=actor,
                placed_at=at,
            )
    bulk.insert(list(made.values()))
    undone = {} if terms.keep_reservation or not made else _give_free(list(made.values()), at)
    told: set[int] = set()
    facts = []
    for key, hold in made.items():
        given = Undone() if hold.order_id in told else undone.get(hold.order_id, Undone())
        told.add(hold.order_id)
        results[key] = Held(hold.order_id, hold.pk, given)
        facts.append(_fact(hold, OrderEvent.Kind.HELD, {"keeps": hold.keep_reservation, **said(given)}))
    record(facts=facts, actor=actor, at=at)
    return results


def _give_free(holds: Sequence[Hold], at: datetime) -> dict[int, Undone]:
    """Free what is promised to the parts under holds and not picked."""
    parts = list(LinePart.objects.filter(_under(holds)).locked())
    undone = free_units(parts=parts, at=at)
    order_ids = sorted({hold.order_id for hold in holds})
    with connection.cursor() as cursor:
        cursor.execute(sql.SET_ALLOCATION, [order_ids])
    pull_back(list({hold.order_id: hold.order for hold in holds}.values()), at=at)
    return undone


def _under(holds: Sequence[Hold]) -> Q:
    whole = [hold.order_id for hold in holds if hold.line_id is None]
    return Q(order__in=whole) | Q(line__in=[hold.line_id for hold in holds if hold.line_id is not None])


@atomic
def release_holds(*, hold_ids: Collection[int], actor: User, at: datetime) -> dict[int, Lifted | Refused]:
    """Lift holds: orders go on, and those whose stock was given free get what is there now, or wait.

    Who may depends on the kind of each. A hold that is lifted already is returned as such.

    :raises NotAllowed: where the actor may not lift any hold.
    """
    require(actor, "orders.lift_hold")
    mine = Hold.objects.for_user(actor).filter(pk__in=hold_ids)
    orders = _locked(set(mine.values_list("order_id", flat=True)), actor)
    results: dict[int, Lifted | Refused] = {}
    clear: list[Hold] = []
    for hold in mine.select_related("line").order_by("pk"):
        if hold.released_at is not None:
            results[hold.pk] = Lifted(hold.order_id)
        elif not actor.can(hold.lifted_by):
            results[hold.pk] = Blocked(f"{hold_queries.said(hold)} Your roles may not lift a hold of this kind.")
        else:
            clear.append(hold)
    return results | _lift(orders, clear, actor, at)


@atomic
def release_holds_of_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Lifted | Refused]:
    """Lift every hold of orders, or refuse an order of which the actor may not lift one; the answers are by order.

    :raises NotAllowed: where the actor may not lift any hold.
    """
    require(actor, "orders.lift_hold")
    orders = _locked(order_ids, actor)
    holds: dict[int, list[Hold]] = {pk: [] for pk in orders}
    for hold in Hold.objects.filter(hold_queries.OPEN, order__in=orders).select_related("line").order_by("pk"):
        holds[hold.order_id].append(hold)
    results: dict[int, Lifted | Refused] = {}
    clear: list[Hold] = []
    for pk, of_order in holds.items():
        closed = next((hold for hold in of_order if not actor.can(hold.lifted_by)), None)
        if closed is not None:
            results[pk] = Blocked(f"{hold_queries.said(closed)} Your roles may not lift a hold of this kind.")
        elif not of_order:
            results[pk] = Lifted(pk)
        else:
            clear += of_order
    lifted = _lift(orders, clear, actor, at)
    return results | {result.order_id: result for result in lifted.values()}


@atomic
def release_expired_holds(*, at: datetime, limit: int = 200) -> int:
    """Lift the holds of one company whose day has come, and return how many; run again until it finds none."""
    first = hold_queries.expired_holds(at).select_related("company").order_by("pk").first()
    if first is None:
        return 0
    at = first.company.local(at)
    expired = hold_queries.expired_holds(at).filter(company=first.company)
    asked = dict(expired.order_by("pk").values_list("pk", "order_id")[:limit])
    orders = {order.pk: order for order in list(SalesOrder.objects.filter(pk__in=set(asked.values())).locked())}
    holds = list(Hold.objects.filter(hold_queries.OPEN, pk__in=asked).select_related("line").order_by("pk"))
    _lift(orders, holds, None, at)
    return len(holds)


def _lift(
    orders: Mapping[int, SalesOrder], holds: Sequence[Hold], actor: User | None, at: datetime
) -> dict[int, Lifted]:
    """Lift open holds of locked orders, and give their parts stock where no other hold keeps it from them."""
    if not holds:
        return {}
    for hold in holds:
        hold.released_at, hold.released_by = at, actor
    bulk.update(holds, ["released_at", "released_by"])
    freed = [hold for hold in holds if not hold.keep_reservation and orders[hold.order_id].status in _GOING]
    got: dict[int, tuple[Decimal, Decimal]] = _reallocate(freed, at) if freed else {}
    told: set[int] = set()
    results: dict[int, Lifted] = {}
    facts = []
    for hold in holds:
        allocated, backordered = (ZERO, ZERO) if hold.order_id in told else got.get(hold.order_id, (ZERO, ZERO))
        told.add(hold.order_id)
        results[hold.pk] = Lifted(hold.order_id, allocated, backordered)
        data: dict[str, object] = (
            {}
            if hold.keep_reservation
            else {
                "allocated": f"{allocated.normalize():f}",
                "backordered": f"{backordered.normalize():f}",
            }
        )
        facts.append(_fact(hold, OrderEvent.Kind.LIFTED, data))
    record(facts=facts, actor=actor, at=at)
    return results


_GOING = (SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED)


def _reallocate(holds: Sequence[Hold], at: datetime) -> dict[int, tuple[Decimal, Decimal]]:
    """Let the parts under lifted holds take part in allocation again; return by order what they got and what waits."""
    still = Hold.objects.filter(hold_queries.OPEN, order__in=[hold.order_id for hold in holds], keep_reservation=False)
    others = list(still)
    parts = LinePart.objects.filter(_under(holds), demand__isnull=False)
    if others:
        parts = parts.exclude(_under(others))
    order_of = dict(parts.values_list("demand_id", "order_id"))
    inventory_services.hold_demands(demand_ids=list(order_of), held=False, at=at)
    promised = inventory_services.allocate_demands(demand_ids=list(order_of), at=at)
    with connection.cursor() as cursor:
        cursor.execute(sql.SET_ALLOCATION, [sorted({hold.order_id for hold in holds})])
    waiting = dict(LinePart.objects.filter(demand__in=order_of).values_list("demand_id", "demand__backordered"))
    sums: dict[int, tuple[Decimal, Decimal]] = {}
    for demand_id, order_id in order_of.items():
        got, waits = sums.get(order_id, (ZERO, ZERO))
        sums[order_id] = (got + promised.get(demand_id, ZERO), waits + waiting[demand_id])
    return sums


def _fact(hold: Hold, kind: OrderEvent.Kind, data: Mapping[str, object]) -> Fact:
    position = {"positions": [hold.line.position]} if hold.line else {}
    return Fact(hold.order_id, hold.company_id, kind, "hold", hold.pk, {"hold": str(hold.kind), **position, **data})
