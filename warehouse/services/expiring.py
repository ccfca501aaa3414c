"""Lots that expire: their picks are called off, what is left of them is blocked, and who was promised it is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from core import bulk, transitions
from core.models import Company
from core.refusals import ChangedMeanwhile
from core.transactions import atomic
from inventory import services as inventory_services
from warehouse import sql
from warehouse.models import PickTask


def expire_lots(*, at: datetime) -> int:
    """Block every lot whose last day has passed, those of one product together, and return how many lots.

    Where stock moves at that moment it is left for the next time: nothing expired is given to anybody meanwhile.
    """
    of_product: dict[tuple[Company, int], list[int]] = defaultdict(list)
    for lot in inventory_services.expired_lots(at=at):
        of_product[lot.company, lot.product_id].append(lot.pk)
    blocked = 0
    for (company, _product_id), lot_ids in of_product.items():
        try:
            _expire(company.pk, lot_ids, company.local(at))
        except ChangedMeanwhile:
            continue
        blocked += len(lot_ids)
    return blocked


@atomic
def _expire(company_id: int, lot_ids: Collection[int], at: datetime) -> None:
    planned = planned_picks(company_id, lot_ids)
    inventory_services.block_lots(lot_ids=lot_ids, called_off=cuts_of_tasks(planned), at=at)
    transitions.apply(planned, "cancel", at=at)


def planned_picks(company_id: int, lot_ids: Collection[int]) -> list[Any]:
    """Return the picks that are planned of lots, under their locks."""
    scope = [bulk.array(sorted(lot_ids)), bulk.array([company_id])]
    tasks: list[Any] = list(PickTask.objects.raw(sql.LOCK_TASKS_OF_LOTS, [*scope, *scope]))
    return [task for task in tasks if task.status == PickTask.Status.PLANNED]


def cuts_of_tasks(tasks: Iterable[Any]) -> list[inventory_services.Cut]:
    """Return what planned picks give up that are called off."""
    return [
        inventory_services.Cut(
            task.allocation_id,
            task.demand_id,
            task.level_id,
            task.product_id,
            task.bin_id,
            task.quantity,
            lot_id=task.lot_id,
        )
        for task in tasks
    ]
