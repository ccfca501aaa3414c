"""Lots that expire: their picks are called off, what is left of them is blocked, and who was promised it is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from core import bulk, transitions
from core.refusals import ChangedMeanwhile
from core.transactions import atomic
from inventory import services as inventory_services
from warehouse import sql
from warehouse.models import PickTask


def expire_lots(*, at: datetime) -> int:
    """Block every lot whose last day has passed, those of one product together, and return how many lots.

    Where stock moves at that moment it is left for the next time: nothing expired is given to anybody meanwhile.
    """
    of_product: dict[tuple[int, int], list[int]] = defaultdict(list)
    for lot in inventory_services.expired_lots(today=at.date()):
        of_product[lot.company_id, lot.product_id].append(lot.pk)
    blocked = 0
    for (company_id, _product_id), lot_ids in of_product.items():
        try:
            _expire(company_id, lot_ids, at)
        except ChangedMeanwhile:
            continue
        blocked += len(lot_ids)
    return blocked


@atomic
def _expire(company_id: int, lot_ids: Collection[int], at: datetime) -> None:
    scope = [bulk.array(sorted(lot_ids)), bulk.array([company_id])]
    tasks: list[Any] = list(PickTask.objects.raw(sql.LOCK_TASKS_OF_LOTS, [*scope, *scope]))
    planned = [task for task in tasks if task.status == PickTask.Status.PLANNED]
    inventory_services.block_lots(
        lot_ids=lot_ids,
        called_off=[
            inventory_services.Cut(
                task.allocation_id,
                task.demand_id,
                task.level_id,
                task.product_id,
                task.bin_id,
                task.quantity,
                lot_id=task.lot_id,
            )
            for task in planned
        ],
        at=at,
    )
    transitions.apply(planned, "cancel", at=at)
