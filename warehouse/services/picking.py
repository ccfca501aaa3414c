"""Picking: a scan moves goods from the shelf into the tote, without the order's lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import bulk, transitions
from core.models import User
from core.numbering import document_number
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Lot
from inventory.queries.places import ELSEWHERE, warehouse_ids
from orders import services as orders_services
from orders.models import OrderEvent, SalesOrder
from warehouse import events, queries, sql
from warehouse.models import PickTask


@dataclass(frozen=True, slots=True)
class Picked:
    """Tasks that are picked, of one order, or the one that was asked for."""

    order_id: int
    task_ids: tuple[int, ...]


class WrongLot(Blocked):
    """Goods of another lot than the task is for were in the picker's hand."""

    code = "wrong_lot"


_PICKED = {PickTask.Status.PICKED, PickTask.Status.SHORT}


@atomic
def pick_tasks(
    *, task_ids: Collection[int], actor: User, at: datetime, scanned_lot: str = ""
) -> dict[int, Picked | Refused]:
    """Move what tasks ask for from the shelf into their totes; a task that is picked already is returned as such.

    What has expired is not picked, nor where another lot was scanned than the task is for (cases 22 and 56).

    :raises NotAllowed: where the actor may not pick.
    :raises StockMoved: where a bin does not hold what its task asks for; nothing was moved.
    """
    require(actor, "warehouse.pick")
    tasks = locked_tasks(sql.LOCK_TASKS, task_ids, actor)
    planned = [task for task in tasks if task.status == PickTask.Status.PLANNED]
    refused: dict[int, Picked | Refused] = dict(lot_refusals(planned, at, scanned_lot))
    _pick([task for task in planned if task.pk not in refused], actor, at)
    return refused | {
        task.pk: Picked(task.order_id, (task.pk,))
        if task.status in _PICKED
        else Blocked("This pick was called off: leave the goods where they are.")
        for task in tasks
        if task.pk not in refused
    }


@atomic
def pick_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Picked | Refused]:
    """Move all that is planned for orders from the shelves into their totes; what is picked is returned as such.

    :raises NotAllowed: where the actor may not pick.
    :raises StockMoved: where a bin does not hold what its task asks for; nothing was moved.
    """
    require(actor, "warehouse.pick")
    tasks = locked_tasks(sql.LOCK_TASKS_OF_ORDERS, order_ids, actor)
    planned = [task for task in tasks if task.status == PickTask.Status.PLANNED]
    refused = lot_refusals(planned, at)
    _pick([task for task in planned if task.pk not in refused], actor, at)
    results: dict[int, Picked | Refused] = {task.order_id: refused[task.pk] for task in planned if task.pk in refused}
    for order_id, members in by_order(task for task in tasks if task.status in _PICKED).items():
        results[order_id] = Picked(order_id, tuple(task.pk for task in members))
    idle = set(order_ids) - results.keys()
    if idle:
        visible = list(SalesOrder.objects.for_user(actor).filter(pk__in=idle).values_list("pk", flat=True))
        blocked = queries.blockers(visible, "warehouse.pick")
        results |= {pk: Blocked.because(blocked.get(pk, [ELSEWHERE])) for pk in visible}
    return results


def lot_refusals(tasks: Iterable[Any], at: datetime, scanned_lot: str = "") -> dict[int, Refused]:
    """Return which tasks cannot be picked because of their lots, and why; nothing is asked of what has none."""
    with_lots = [task for task in tasks if task.lot_id is not None]
    if not with_lots:
        return {}
    lots = bulk.by_pk(list(Lot.objects.filter(pk__in={task.lot_id for task in with_lots})))
    refused: dict[int, Refused] = {}
    for task in with_lots:
        lot = lots[task.lot_id]
        if scanned_lot and scanned_lot.casefold() != lot.code.casefold():
            refused[task.pk] = WrongLot(f"Lot {scanned_lot}, expected {lot}.")
        elif lot.lasts_until < at.date():
            refused[task.pk] = Blocked(f"Lot {lot} expired on {lot.expires_on:%d %b %Y}: leave it where it is.")
    return refused


def locked_tasks(statement: str, ids: Collection[int], actor: User) -> list[Any]:
    """Return tasks under their locks, with demand_id, level_id and warehouse_id of what they take."""
    scope = [bulk.array(sorted(set(ids))), bulk.array(actor.company_ids)]
    tasks: Iterable[Any] = PickTask.objects.raw(statement, [*scope, *scope])
    mine = warehouse_ids(actor)
    return [task for task in tasks if task.warehouse_id in mine]


def _pick(tasks: Sequence[Any], actor: User, at: datetime) -> None:
    if not tasks:
        return
    units: dict[int, Decimal] = defaultdict(Decimal)
    for task in tasks:
        units[task.part_id] += task.quantity
        task.picked = task.quantity
        task.picked_by = actor
    orders_services.note_picked(picked=units)
    of_company: dict[int, list[Any]] = defaultdict(list)
    for task in sorted(tasks, key=lambda task: (task.company_id, task.pk)):
        of_company[task.company_id].append(task)
    # Stock rows belong to one company, and companies come in the order of their ids: nobody waits in a circle
    for company_id, members in of_company.items():
        posting_id = inventory_services.pick_allocations(
            company_id=company_id,
            picks=[bin_pick(task) for task in members],
            reference=reference_of(members),
            actor=actor,
            at=at,
        )
        for task in members:
            task.posting_id = posting_id
    transitions.apply_later(tasks, "pick", at=at, fields=["picked", "picked_at", "picked_by", "posting"])
    of_order = by_order(tasks)
    orders_services.record(
        facts=[
            orders_services.Fact(
                order_id,
                members[0].company_id,
                OrderEvent.Kind.PICKED,
                "wave",
                members[0].wave_id,
                {
                    "waves": wave_numbers(members),
                    "tasks": len(members),
                    "units": f"{sum((task.picked for task in members), Decimal(0)).normalize():f}",
                },
            )
            for order_id, members in of_order.items()
        ],
        actor=actor,
        at=at,
    )
    events.tasks_picked.send(
        sender=PickTask, event=events.TasksPicked(tuple(task.pk for task in tasks), tuple(of_order), at)
    )


def bin_pick(task: Any) -> inventory_services.BinPick:
    """Return what a task of locked_tasks asks of the stock."""
    return inventory_services.BinPick(
        allocation_id=task.allocation_id,
        demand_id=task.demand_id,
        level_id=task.level_id,
        product_id=task.product_id,
        warehouse_id=task.warehouse_id,
        bin_id=task.bin_id,
        tote_id=task.tote_id,
        quantity=task.quantity,
        lot_id=task.lot_id,
    )


def wave_numbers(tasks: Iterable[PickTask]) -> list[str]:
    """Return the printed numbers of tasks' waves, each once."""
    return [document_number("W", wave_id) for wave_id in dict.fromkeys(task.wave_id for task in tasks)]


def reference_of(tasks: Iterable[PickTask]) -> str:
    """Return what the stock posting refers to: the wave, or the first of several."""
    first, *others = wave_numbers(tasks)
    return f"{first} and {len(others)} more" if others else first


def by_order(tasks: Iterable[PickTask]) -> dict[int, list[PickTask]]:
    """Return tasks by their order, in the order given."""
    of_order: dict[int, list[PickTask]] = defaultdict(list)
    for task in tasks:
        of_order[task.order_id].append(task)
    return dict(of_order)
