"""Allocating again: what waited as a backorder gets the stock that has come since, or that another order had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from core import bulk
from core.models import User
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from orders import queries, sql
from orders.models import LinePart, MoveReason, OrderEvent, Rule, SalesOrder
from orders.services.recording import Fact, record

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Allocated:
    """How many units of an order's backorder, or of one part of it, have stock now."""

    order_id: int
    units: Decimal


@atomic
def allocate_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Allocated | Refused]:
    """Promise what is on hand now to the orders' backordered units.

    An order with nothing to gain is refused with the reason.

    :raises NotAllowed: where the actor may not confirm.
    """
    require(actor, "orders.confirm")
    clear, results = _open_to_allocation(order_ids, actor)
    waiting = LinePart.objects.filter(order__in=clear, demand__backordered__gt=0)
    got = _allocate(clear, list(waiting), actor, at)
    units = _by_order(got)
    return results | {order.pk: Allocated(order.pk, units[order.pk]) for order in clear}


@atomic
def allocate_parts(
    *, part_ids: Collection[int], rule: str = Rule.DUE, actor: User, at: datetime
) -> dict[int, Allocated | Refused]:
    """Promise what is on hand now to parts of orders that wait for it, those first that a rule says (PRODUCT.md E7).

    Called in `core.transactions.undone` it tells what a run would give, before it is made (case 18).

    :raises NotAllowed: where the actor may not confirm.
    """
    require(actor, "orders.confirm")
    parts = list(LinePart.objects.for_user(actor).filter(pk__in=part_ids).select_related("product__unit"))
    clear, stopped = _open_to_allocation({part.order_id for part in parts}, actor)
    results: dict[int, Allocated | Refused] = {
        part.pk: stopped[part.order_id] for part in parts if part.order_id in stopped
    }
    open_parts = [part for part in parts if part.pk not in results]
    got = _allocate(clear, open_parts, actor, at, _ranks(open_parts, clear, rule))
    units = {part.pk: quantity for part, quantity in got}
    for part in open_parts:
        results[part.pk] = (
            Allocated(part.order_id, units[part.pk])
            if part.pk in units
            else Blocked(f"No {part.product.sku} is free for it, or it no longer waits.")
        )
    return results


@atomic
def move_stock(
    *, from_part_id: int, to_part_id: int, quantity: Decimal, reason: str, actor: User, at: datetime
) -> Allocated:
    """Give stock that was promised to one order to another one; both timelines tell of it (PRODUCT.md E7).

    Only what no pick was planned for can be moved. The first order waits for it again.

    :raises NotAllowed: where the actor may not move stock.
    :raises Blocked: where the two are not open, want different products, or there is not as much to give or to get.
    """
    require(actor, "orders.move_stock")
    parts = bulk.by_pk(list(LinePart.objects.for_user(actor).filter(pk__in=[from_part_id, to_part_id])))
    if len(parts) < 2:
        raise Blocked("There is no such line, or it is the same one.")
    giver, taker = parts[from_part_id], parts[to_part_id]
    orders = bulk.by_pk(queries.locked_orders(actor.company_ids, {giver.order_id, taker.order_id}))
    going = {SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED}
    closed = next((order for order in orders.values() if order.status not in going), None)
    if closed is not None:
        raise Blocked(f"{closed} is {closed.get_status_display().lower()}.")
    if giver.product_id != taker.product_id or giver.demand_id is None or taker.demand_id is None:
        raise Blocked("Stock moves between lines of the same product.")
    inventory_services.move_promise(
        from_demand_id=giver.demand_id,
        to_demand_id=taker.demand_id,
        quantity=quantity,
        reason=f"Moved from {orders[giver.order_id]}",
        at=at,
    )
    set_allocation(orders)
    words = {"units": f"{quantity.normalize():f}", "moved": MoveReason(reason).value}
    told = ((giver.order_id, "given_to", taker.order_id), (taker.order_id, "taken_from", giver.order_id))
    record(
        facts=[
            Fact(pk, orders[pk].company_id, OrderEvent.Kind.STOCK_MOVED, "order", pk, {**words, to: str(orders[other])})
            for pk, to, other in told
        ],
        actor=actor,
        at=at,
    )
    return Allocated(taker.order_id, quantity)


def _open_to_allocation(
    order_ids: Collection[int], actor: User
) -> tuple[list[SalesOrder], dict[int, Allocated | Refused]]:
    """Lock orders; return those that can gain by allocation, and why the others cannot."""
    orders = queries.locked_orders(actor.company_ids, order_ids)
    blocked = queries.blockers([order.pk for order in orders], "orders.allocate")
    stopped: dict[int, Allocated | Refused] = {pk: Blocked.because(blockers) for pk, blockers in blocked.items()}
    return [order for order in orders if order.pk not in blocked], stopped


def _ranks(parts: Sequence[LinePart], orders: Iterable[SalesOrder], rule: str) -> dict[int, int]:
    """Return in which turn each part's demand is served, by the demand's id."""
    order_of = {order.pk: order for order in orders}
    short: dict[int, Decimal] = defaultdict(Decimal)
    if rule == Rule.COMPLETES:
        waiting = LinePart.objects.filter(order__in=order_of, demand__backordered__gt=0)
        for order_id, units in waiting.values_list("order_id", "demand__backordered"):
            short[order_id] += units
    turns = {
        Rule.DUE: lambda part: part.requested_on,
        Rule.WAITING: lambda part: order_of[part.order_id].confirmed_at,
        Rule.COMPLETES: lambda part: short[part.order_id],
    }
    turn = turns[Rule(rule)]
    ordered = sorted(parts, key=lambda part: (turn(part), part.order_id, part.pk))
    return {part.demand_id: place for place, part in enumerate(ordered) if part.demand_id is not None}


def _allocate(
    orders: Collection[SalesOrder],
    parts: Sequence[LinePart],
    actor: User,
    at: datetime,
    ranks: Mapping[int, int] | None = None,
) -> list[tuple[LinePart, Decimal]]:
    """Allocate stock to parts of locked orders; return those that got some, with their units."""
    of_demand = {part.demand_id: part for part in parts if part.demand_id is not None}
    granted = inventory_services.allocate_demands(demand_ids=list(of_demand), ranks=ranks, at=at)
    got = [(of_demand[demand_id], quantity) for demand_id, quantity in granted.items()]
    units = _by_order(got)
    if units:
        set_allocation(units)
    record(
        facts=[
            Fact(
                order.pk,
                order.company_id,
                OrderEvent.Kind.ALLOCATED,
                "order",
                order.pk,
                {"allocated": str(units[order.pk])},
            )
            for order in orders
            if order.pk in units
        ],
        actor=actor,
        at=at,
    )
    return got


def _by_order(got: Iterable[tuple[LinePart, Decimal]]) -> dict[int, Decimal]:
    units: dict[int, Decimal] = defaultdict(Decimal)
    for part, quantity in got:
        units[part.order_id] += quantity
    return units


def set_allocation(order_ids: Iterable[int]) -> None:
    """Set the allocation facet of locked orders from what their demands say."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SET_ALLOCATION, [sorted(order_ids)])
