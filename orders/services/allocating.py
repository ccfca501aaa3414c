"""Allocating again: what waited as a backorder gets the stock that has come since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from core.models import User
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from orders import queries, sql
from orders.models import LinePart, OrderEvent
from orders.services.recording import Fact, record


@dataclass(frozen=True, slots=True)
class Allocated:
    """How many units of an order's backorder have stock now."""

    order_id: int
    units: Decimal


@atomic
def allocate_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Allocated | Refused]:
    """Promise what is on hand now to the orders' backordered units.

    An order with nothing to gain is refused with the reason.

    :raises NotAllowed: where the actor may not confirm.
    """
    require(actor, "orders.confirm")
    orders = queries.locked_orders(actor.company_ids, order_ids)
    blocked = queries.blockers([order.pk for order in orders], "orders.allocate")
    results: dict[int, Allocated | Refused] = {
        order_id: Blocked.because(blockers) for order_id, blockers in blocked.items()
    }
    clear = [order for order in orders if order.pk not in blocked]
    demands = dict(
        LinePart.objects.filter(order__in=clear, demand__backordered__gt=0).values_list("demand_id", "order_id")
    )
    got = inventory_services.allocate_demands(demand_ids=list(demands), at=at)
    units: dict[int, Decimal] = defaultdict(Decimal)
    for demand_id, quantity in got.items():
        units[demands[demand_id]] += quantity
    if units:
        with connection.cursor() as cursor:
            cursor.execute(sql.SET_ALLOCATION, [sorted(units)])
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
            for order in clear
            if order.pk in units
        ],
        actor=actor,
        at=at,
    )
    return results | {order.pk: Allocated(order.pk, units[order.pk]) for order in clear}
