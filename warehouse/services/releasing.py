"""Releasing: allocated stock of orders becomes pick tasks of one wave per warehouse; done waves are closed by a job."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery

from core import bulk, transitions
from core.models import User
from core.reading import Among, Given, compiled
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Allocation
from inventory.queries.places import ELSEWHERE, warehouse_ids
from orders import queries as orders_queries
from orders import services as orders_services
from orders.models import LinePart, OrderEvent, SalesOrder
from orders.queries import holds
from orders.queries.ship_policy import part_may_go
from warehouse import events, queries
from warehouse.models import PickTask, Wave


@dataclass(frozen=True, slots=True)
class Released:
    """What of an order is with the warehouse: its waves, and its tasks along the walk."""

    order_id: int
    wave_ids: tuple[int, ...]
    task_ids: tuple[int, ...]


@atomic
def release_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Released | Refused]:
    """Turn the allocated stock of orders into pick tasks, one wave per warehouse; the rest can be released later.

    An order of which everything allocated is released already is left as it is and returned as such.

    :raises NotAllowed: where the actor may not release.
    """
    require(actor, "warehouse.release")
    orders = bulk.by_pk(orders_queries.locked_orders(actor.company_ids, order_ids))
    releasable = [pk for pk, order in orders.items() if order.status in _RELEASABLE]
    allocated: list[Any] = _allocated_parts(releasable)
    parts = {part.demand_id: part for part in allocated if part.goes}
    picks = (
        inventory_services.release_allocations(demand_ids=list(parts), at=at, warehouse_ids=warehouse_ids(actor))
        if parts
        else []
    )
    results: dict[int, Released | Refused] = {}
    if picks:
        results |= _release(orders, parts, picks, _kept_back(allocated, picks), actor, at)
    idle = orders.keys() - results.keys()
    return results | _refused_or_standing(idle) if idle else results


_RELEASABLE = {SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED}


@compiled
def _allocated_parts(order_ids: Given) -> QuerySet[LinePart]:
    """Read the parts with stock that no wave has: `firm`, its allocations, and whether it `goes`.

    A hold or a rule of the customer may stop it; holds are placed under the orders' locks.
    """
    firm = Allocation.objects.filter(demand=OuterRef("demand"), status=Allocation.Status.FIRM)
    count = firm.order_by().values("demand").annotate(number=Count("pk")).values("number")
    goes = ExpressionWrapper(~Q(holds.part_is_held()) & part_may_go(), output_field=BooleanField())
    parts = LinePart.objects.filter(Among(F("order_id"), order_ids), Exists(firm))
    return parts.annotate(firm=Subquery(count), goes=goes)


def _kept_back(parts: Iterable[Any], picks: Iterable[inventory_services.BinPick]) -> set[int]:
    """Return the orders of which not all allocations are picked now: some stay, or lie where the actor sends nobody."""
    picked: dict[int, set[int]] = defaultdict(set)
    for pick in picks:
        picked[pick.demand_id].add(pick.allocation_id)
    return {part.order_id for part in parts if part.firm > len(picked.get(part.demand_id, ()))}


def _release(
    orders: Mapping[int, SalesOrder],
    parts: Mapping[int, LinePart],
    picks: Sequence[inventory_services.BinPick],
    in_part: Container[int],
    actor: User,
    at: datetime,
) -> dict[int, Released | Refused]:
    waves: dict[int, Wave] = {}
    tasks = []
    # Tasks are numbered in the order of the picks, which is the walk
    for pick in picks:
        part = parts[pick.demand_id]
        company_id = orders[part.order_id].company_id
        wave = waves.setdefault(
            pick.warehouse_id,
            Wave(company_id=company_id, warehouse_id=pick.warehouse_id, released_by_id=actor.pk, released_at=at),
        )
        tasks.append(
            PickTask(
                company_id=company_id,
                wave=wave,
                order_id=part.order_id,
                part=part,
                allocation_id=pick.allocation_id,
                product_id=pick.product_id,
                bin_id=pick.bin_id,
                lot_id=pick.lot_id,
                tote_id=pick.tote_id,
                quantity=pick.quantity,
            )
        )
    bulk.insert(list(waves.values()), (tasks, "wave"))
    released = _by_order(tasks)
    orders_services.mark_released(orders=[orders[order_id] for order_id in released], in_part=in_part, at=at)
    units: dict[int, Decimal] = defaultdict(Decimal)
    for task in tasks:
        units[task.order_id] += task.quantity
    orders_services.record(
        facts=[
            orders_services.Fact(
                order_id,
                orders[order_id].company_id,
                OrderEvent.Kind.RELEASED,
                "order",
                order_id,
                {
                    "waves": [wave.number for wave in waves.values() if wave.pk in result.wave_ids],
                    "tasks": len(result.task_ids),
                    "units": f"{units[order_id].normalize():f}",
                },
            )
            for order_id, result in released.items()
        ],
        actor=actor,
        at=at,
    )
    events.orders_released.send(
        sender=Wave,
        event=events.OrdersReleased(tuple(released), tuple(wave.pk for wave in waves.values()), at),
    )
    return dict(released)


def _refused_or_standing(order_ids: Collection[int]) -> dict[int, Released | Refused]:
    """Say of orders that had nothing to release why, or what of them is released already."""
    blocked = queries.blockers(order_ids, "warehouse.release")
    standing = [pk for pk, blockers in blocked.items() if blockers[0].code in {"already_released", "rest_waits"}]
    tasks = PickTask.objects.filter(order_id__in=standing).exclude(status=PickTask.Status.CANCELLED).order_by("pk")
    refused = {pk: Blocked.because(blocked.get(pk, [ELSEWHERE])) for pk in order_ids}
    return {**refused, **(_by_order(tasks) if standing else {})}


def _by_order(tasks: Iterable[PickTask]) -> dict[int, Released]:
    of_order: dict[int, list[PickTask]] = defaultdict(list)
    for task in tasks:
        of_order[task.order_id].append(task)
    return {
        order_id: Released(order_id, tuple(dict.fromkeys(t.wave_id for t in members)), tuple(t.pk for t in members))
        for order_id, members in of_order.items()
    }


@atomic
def complete_waves(*, at: datetime, limit: int = 200) -> int:
    """Close the open waves of which nothing is left to pick, each exactly once, and return how many."""
    # A wave gets a task only in the transaction that ends one of its own, so "nothing left" cannot cease to be true
    # while this waits for a lock; that the wave is still open is looked at again by the lock itself (case 62).
    left = PickTask.objects.filter(wave=OuterRef("pk"), status=PickTask.Status.PLANNED)
    picked = Wave.objects.filter(~Exists(left), status=Wave.Status.RELEASED)
    waves = list(picked.locked()[:limit])
    transitions.apply(waves, "complete", at=at, fields=["done_at"])
    return len(waves)
