"""Giving stock anew among orders: each by a strategy, looked at first and then done as it was seen (PRODUCT.md E7)."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from core import bulk
from core.models import User
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.strategies import Strategy
from orders import queries
from orders.models import LinePart, MoveReason, OrderEvent, SalesOrder
from orders.services.allocating import set_allocation
from orders.services.recording import Fact, record


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of one line: its units with stock, and the day on which all of it leaves, before and after."""

    part_id: int
    order_id: int
    before: Decimal
    after: Decimal
    day_before: date | None
    day_after: date | None


@dataclass(frozen=True, slots=True)
class Reallocation:
    """What becomes of every line, and a digest of it, by which it is done as it was seen or not at all."""

    effects: tuple[Effect, ...]
    digest: str


@atomic
def reallocate(
    *, strategies: Mapping[int, Strategy], reason: str, seen: str = "", actor: User, at: datetime
) -> Reallocation:
    """Give what lines have that no pick was planned for, and what is free, anew; `strategies` are by part.

    Within a strategy a higher priority is served first, then what was requested earlier. Called in
    `core.transactions.undone` it tells what would become of each; with the digest of that as `seen` it is done so, or
    refused. The timelines of all that gained or lost tell of it.

    :raises NotAllowed: where the actor may not move stock.
    :raises Blocked: where an order is not open, or the effect is not the one that was seen.
    """
    require(actor, "orders.move_stock")
    parts = list(LinePart.objects.for_user(actor).filter(pk__in=strategies, demand__isnull=False))
    orders = bulk.by_pk(queries.locked_orders(actor.company_ids, {part.order_id for part in parts}))
    going = {SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED}
    closed = next((order for order in orders.values() if order.status not in going), None)
    if closed is not None:
        raise Blocked(f"{closed} is {closed.get_status_display().lower()} now. Look again.")
    priority = dict(LinePart.objects.filter(pk__in=[part.pk for part in parts]).values_list("pk", "demand__priority"))
    of_demand = {
        part.demand_id: part
        for part in sorted(parts, key=lambda p: (priority[p.pk], p.requested_on, p.order_id, p.pk))
        if part.demand_id is not None
    }
    outcomes = inventory_services.reallocate_demands(
        strategies={demand_id: strategies[part.pk] for demand_id, part in of_demand.items()}, at=at
    )
    effects = tuple(
        Effect(
            of_demand[one.demand_id].pk,
            of_demand[one.demand_id].order_id,
            one.before,
            one.after,
            one.day_before,
            one.day_after,
        )
        for one in outcomes
    )
    digest = hashlib.sha256(repr([(strategies[one.part_id].name, one) for one in effects]).encode()).hexdigest()
    if seen and digest != seen:
        raise Blocked("Stock or orders changed since you looked. Look again before you do it.")
    _tell(effects, orders, reason, actor, at)
    return Reallocation(effects, digest)


def _tell(
    effects: tuple[Effect, ...], orders: Mapping[int, SalesOrder], reason: str, actor: User, at: datetime
) -> None:
    """Set the facets of the orders, also where only the warehouse changed, and tell those that gained or lost why."""
    moved: dict[int, Decimal] = defaultdict(Decimal)
    for effect in effects:
        moved[effect.order_id] += effect.after - effect.before
    if moved:
        set_allocation(moved)
    moved = {order_id: units for order_id, units in moved.items() if units}
    if not moved:
        return
    record(
        facts=[
            Fact(
                *(order_id, orders[order_id].company_id, OrderEvent.Kind.STOCK_MOVED, "order", order_id),
                {
                    "units": f"{abs(units).normalize():f}",
                    "moved": MoveReason(reason).value,
                    "anew": "gained" if units > 0 else "lost",
                },
            )
            for order_id, units in moved.items()
        ],
        actor=actor,
        at=at,
    )
