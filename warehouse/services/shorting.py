"""Picking short: what was found is kept, the rest is sought elsewhere at once, and the bin is to be counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import bulk, transitions
from core.models import User
from core.quantities import in_steps
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Product
from orders import services as orders_services
from orders.models import OrderEvent
from warehouse import events, sql
from warehouse.models import Count, PickTask, Wave
from warehouse.services.picking import bin_pick, by_order, locked_tasks, lot_refusals, reference_of, wave_numbers

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Short:
    """How many units of a task were found, and why not all."""

    task_id: int
    found: Decimal
    reason: PickTask.Reason


@dataclass(frozen=True, slots=True)
class Shorted:
    """A task that came up short: the tasks that fetch its rest, and how many units wait for stock instead."""

    order_id: int
    task_id: int
    new_task_ids: tuple[int, ...]
    waiting: Decimal


class WrongUnits(Blocked):
    """The number of units that was keyed cannot be what was found."""

    code = "wrong_units"


@atomic
def pick_short(*, shorts: Sequence[Short], actor: User, at: datetime) -> dict[int, Shorted | Refused]:
    """Pick what was found of tasks, and take the rest from other bins or warehouses in the same transaction.

    New tasks join the wave that is being walked, or a new one of another warehouse; what is nowhere waits for stock.
    The bins are blocked as far as nobody reserved them, and are to be counted (PRODUCT.md cases 53 and 100). A task
    that is short already is returned as such.

    :raises NotAllowed: where the actor may not pick.
    :raises StockMoved: where a bin does not hold what was found; nothing was moved.
    """
    require(actor, "warehouse.pick")
    asked = {short.task_id: short for short in shorts}
    tasks = locked_tasks(sql.LOCK_TASKS, list(asked), actor)
    refused = _refusals(tasks, asked, at)
    planned = [task for task in tasks if task.status == PickTask.Status.PLANNED and task.pk not in refused]
    results: dict[int, Shorted | Refused] = {
        task.pk: Shorted(task.order_id, task.pk, (), ZERO) for task in tasks if task.status == PickTask.Status.SHORT
    }
    of_company: dict[int, list[Any]] = defaultdict(list)
    for task in planned:
        short = asked[task.pk]
        task.picked, task.reason, task.picked_by = short.found, short.reason, actor
        of_company[task.company_id].append(task)
    if planned:
        found = _units((task.part_id, task.picked) for task in planned)
        orders_services.note_picked(picked={part_id: units for part_id, units in found.items() if units})
    # Stock rows belong to one company, and companies come in the order of their ids: nobody waits in a circle
    for company_id in sorted(of_company):
        results |= _short(company_id, of_company[company_id], actor, at)
    return {**results, **refused}


def _refusals(tasks: Iterable[Any], asked: Mapping[int, Short], at: datetime) -> dict[int, Refused]:
    """Say of which tasks less cannot have been found, and why."""
    tasks = [task for task in tasks if task.status != PickTask.Status.SHORT]
    spoiled = lot_refusals([task for task in tasks if asked[task.pk].found > 0], at)
    steps = dict(Product.objects.filter(pk__in={t.product_id for t in tasks}).values_list("pk", "unit__step"))
    refused: dict[int, Refused] = {}
    for task in tasks:
        found = asked[task.pk].found
        if task.status == PickTask.Status.PICKED:
            refused[task.pk] = Blocked("This pick is done: all of it lies in the tote.")
        elif task.status != PickTask.Status.PLANNED:
            refused[task.pk] = Blocked("This pick was called off: leave the goods where they are.")
        elif task.pk in spoiled:
            refused[task.pk] = spoiled[task.pk]
        elif found > task.quantity:
            refused[task.pk] = WrongUnits(
                f"The pick asks for {task.quantity.normalize():f}, so {found.normalize():f} cannot be picked for it."
            )
        elif found == task.quantity:
            refused[task.pk] = WrongUnits("That is all of it: press “Picked”.")
        elif found < 0 or not in_steps(found, steps[task.product_id]):
            refused[task.pk] = WrongUnits(f"{found.normalize():f} is no number of units of this.")
    return refused


def _short(company_id: int, tasks: Sequence[Any], actor: User, at: datetime) -> dict[int, Shorted | Refused]:
    resourced = inventory_services.pick_short(
        company_id=company_id,
        shorts=[inventory_services.ShortPick(bin_pick(task), task.picked) for task in tasks],
        reference=reference_of(tasks),
        actor=actor,
        at=at,
    )
    for task in tasks:
        task.posting_id = resourced.posting_id if task.picked else None
    transitions.apply(tasks, "short", at=at, fields=["picked", "reason", "picked_at", "picked_by", "posting"])
    anew = _tasks_for(resourced.picks, tasks, actor, at)
    _ask_for_counts(tasks, actor, at)
    results = _results(tasks, anew)
    of_order = by_order(tasks)
    waiting = {order_id for order_id, members in of_order.items() if any(results[t.pk].waiting for t in members)}
    walked = {task.wave_id for task in tasks}
    elsewhere = {task.order_id for task in anew if task.wave_id not in walked}
    if waiting or elsewhere:
        orders_services.defer_allocation(order_ids=waiting | elsewhere)
    orders_services.record(
        facts=[
            orders_services.Fact(
                order_id,
                company_id,
                OrderEvent.Kind.SHORT,
                "wave",
                members[0].wave_id,
                {
                    "waves": wave_numbers(members),
                    "units": _said(sum((task.picked for task in members), ZERO)),
                    "missing": _said(sum((task.quantity - task.picked for task in members), ZERO)),
                    "backordered": _said(sum((results[task.pk].waiting for task in members), ZERO)),
                },
            )
            for order_id, members in of_order.items()
        ],
        actor=actor,
        at=at,
    )
    events.tasks_shorted.send(
        sender=PickTask,
        event=events.TasksShorted(
            tuple(task.pk for task in tasks), tuple(task.pk for task in anew), tuple(of_order), at
        ),
    )
    return dict(results)


def _tasks_for(
    picks: Iterable[inventory_services.BinPick], shorted: Sequence[Any], actor: User, at: datetime
) -> list[PickTask]:
    """Write the tasks that fetch the rest, at the end of the walk or in a new wave of another warehouse."""
    short_of = {task.demand_id: task for task in reversed(shorted)}
    # Each of these waves had a task to pick until this transaction ends it: none of them can be done (case 62)
    walks = {task.warehouse_id: task.wave_id for task in reversed(shorted)}
    waves: dict[int, Wave] = {}
    joining, apart = [], []
    for pick in picks:
        short = short_of[pick.demand_id]
        task = PickTask(
            company_id=short.company_id,
            order_id=short.order_id,
            part_id=short.part_id,
            allocation_id=pick.allocation_id,
            product_id=pick.product_id,
            bin_id=pick.bin_id,
            lot_id=pick.lot_id,
            tote_id=pick.tote_id,
            quantity=pick.quantity,
        )
        if pick.warehouse_id in walks:
            task.wave_id = walks[pick.warehouse_id]
            joining.append(task)
        else:
            task.wave = waves.setdefault(
                pick.warehouse_id,
                Wave(company_id=short.company_id, warehouse_id=pick.warehouse_id, released_by=actor, released_at=at),
            )
            apart.append(task)
    bulk.insert(joining)
    bulk.insert(list(waves.values()), (apart, "wave"))
    return [*joining, *apart]


def _ask_for_counts(tasks: Sequence[Any], actor: User, at: datetime) -> None:
    """Put the bins on the list of those to check, once each; their stock rows are locked, so nobody else does."""
    first = {(task.bin_id, task.product_id, task.lot_id): task for task in reversed(tasks)}
    asked = set(
        Count.objects.filter(
            bin__in={bin_id for bin_id, _product, _lot in first},
            product__in={product_id for _bin, product_id, _lot in first},
            status=Count.Status.OPEN,
        ).values_list("bin_id", "product_id", "lot_id")
    )
    bulk.insert(
        [
            Count(
                company_id=task.company_id,
                warehouse_id=task.warehouse_id,
                bin_id=task.bin_id,
                product_id=task.product_id,
                lot_id=task.lot_id,
                task_id=task.pk,
                asked_at=at,
                asked_by=actor,
            )
            for key, task in first.items()
            if key not in asked
        ]
    )


def _results(tasks: Sequence[Any], anew: Iterable[PickTask]) -> dict[int, Shorted]:
    """Share the new tasks out among those that came up short, part by part."""
    of_part: dict[int, list[PickTask]] = defaultdict(list)
    for task in anew:
        of_part[task.part_id].append(task)
    left = {part_id: sum((task.quantity for task in members), ZERO) for part_id, members in of_part.items()}
    results = {}
    for task in tasks:
        missing = task.quantity - task.picked
        fetched = min(missing, left.get(task.part_id, ZERO))
        left[task.part_id] = left.get(task.part_id, ZERO) - fetched
        results[task.pk] = Shorted(
            task.order_id, task.pk, tuple(new.pk for new in of_part[task.part_id]), missing - fetched
        )
    return results


def _units(pairs: Iterable[tuple[int, Decimal]]) -> dict[int, Decimal]:
    units: dict[int, Decimal] = defaultdict(Decimal)
    for part_id, quantity in pairs:
        units[part_id] += quantity
    return dict(units)


def _said(units: Decimal) -> str:
    return f"{units.normalize():f}"
