"""Recalling: units that lost their order are not picked any more, or come out of their parcels to be put back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import bulk, registry, transitions
from core.refusals import ChangedMeanwhile
from core.transactions import atomic
from inventory import services as inventory_services
from orders import events as orders_events
from orders import services as orders_services
from warehouse import sql
from warehouse.models import Parcel, ParcelContent, PickTask, PutBack

ZERO = Decimal(0)


@atomic
def recall_units(*, cuts: Sequence[orders_events.PartCut], at: datetime) -> orders_services.GivenUp:
    """Give up units of parts whose orders are locked: call picks off, and ask for what is picked to be put back.

    Picks furthest on the walk are called off first. Goods in totes are recalled before those in parcels; a parcel that
    holds recalled goods is opened, and what else was in it is packed anew. Parcels that have left are left alone.

    :raises ChangedMeanwhile: where the warehouse has not as many units of a part to give up.
    """
    recall = _Recall(cuts)
    for cut in cuts:
        recall.call_off(cut)
    for cut in cuts:
        recall.take_back(cut)
    return recall.save(at)


class _Recall:
    """What is undone for several parts, gathered so that each kind of row is written by one statement."""

    def __init__(self, cuts: Sequence[orders_events.PartCut]) -> None:
        part_ids = sorted(cut.part_id for cut in cuts)
        tasks: list[Any] = list(PickTask.objects.raw(sql.LOCK_TASKS_OF_PARTS, [part_ids]))
        self.of_part: dict[int, list[Any]] = defaultdict(list)
        for task in tasks:
            self.of_part[task.part_id].append(task)
        self.parcels: dict[int, Parcel] = {}
        self.contents: dict[int, list[ParcelContent]] = defaultdict(list)
        self.in_parcels: dict[int, Decimal] = defaultdict(Decimal)
        self._read_parcels([task.pk for task in tasks if task.picked])
        self.cancelled: list[Any] = []
        self.shortened: list[Any] = []
        self.recalled: dict[int, Decimal] = defaultdict(Decimal)
        self.opened: set[int] = set()
        self.tasks: dict[int, Any] = {task.pk: task for task in tasks}
        self.cuts: list[inventory_services.Cut] = []

    def _read_parcels(self, task_ids: Sequence[int]) -> None:
        """Read the parcels in which tasks' goods lie, and all that is in those that have not left."""
        if not task_ids:
            return
        packed = Parcel.objects.filter(contents__task__in=task_ids, status=Parcel.Status.PACKED).distinct()
        parcels = {parcel.pk: parcel for parcel in packed.order_by("pk")}
        gone = {pk for departed in registry.departures for pk in departed(list(parcels))} if parcels else set()
        for content in ParcelContent.objects.filter(parcel__in=parcels).order_by("pk"):
            self.in_parcels[content.task_id] += content.quantity
            if content.parcel_id not in gone:
                self.contents[content.parcel_id].append(content)
        self.parcels = {pk: parcel for pk, parcel in parcels.items() if pk not in gone}

    def call_off(self, cut: orders_events.PartCut) -> None:
        """Take units away from the picks that are still to be done, the last on the walk first."""
        left = cut.planned
        for task in reversed(self.of_part[cut.part_id]):
            if task.status != PickTask.Status.PLANNED or left <= 0:
                continue
            taken = min(left, task.quantity)
            left -= taken
            self.cuts.append(
                inventory_services.Cut(
                    task.allocation_id, task.demand_id, task.level_id, task.product_id, task.bin_id, taken, task.lot_id
                )
            )
            if taken == task.quantity:
                self.cancelled.append(task)
            else:
                task.quantity -= taken
                self.shortened.append(task)
        _check(left)

    def take_back(self, cut: orders_events.PartCut) -> None:
        """Recall picked units: those in totes, then those in parcels, the last parcel first."""
        left = cut.picked
        picked = [task for task in reversed(self.of_part[cut.part_id]) if task.picked]
        for task in picked:
            left -= self._recall(task, min(left, task.picked - task.recalled - self.in_parcels[task.pk]))
        for parcel_id in sorted(self.contents, reverse=True):
            if left <= 0:
                break
            of_part = [content for content in self.contents[parcel_id] if content.part_id == cut.part_id]
            if of_part and parcel_id not in self.opened:
                self._open(parcel_id)
            for task_id in dict.fromkeys(content.task_id for content in of_part):
                task = self.tasks[task_id]
                left -= self._recall(task, min(left, task.picked - task.recalled - self.in_parcels[task.pk]))
        _check(left)

    def _recall(self, task: Any, units: Decimal) -> Decimal:
        if units > 0:
            task.recalled += units
            self.recalled[task.pk] += units
        return max(units, ZERO)

    def _open(self, parcel_id: int) -> None:
        self.opened.add(parcel_id)
        for content in self.contents[parcel_id]:
            self.in_parcels[content.task_id] -= content.quantity

    def save(self, at: datetime) -> orders_services.GivenUp:
        """Write it all, and return it."""
        opened = [self.parcels[pk] for pk in sorted(self.opened)]
        if opened:
            unpacked: dict[int, Decimal] = defaultdict(Decimal)
            for parcel in opened:
                for content in self.contents[parcel.pk]:
                    unpacked[content.part_id] -= content.quantity
            orders_services.note_packed(packed=unpacked)
            transitions.apply(opened, "unpack", at=at)
        transitions.apply(self.cancelled, "cancel", at=at)
        bulk.update(self.shortened, ["quantity"])
        taken_back = [self.tasks[pk] for pk in sorted(self.recalled)]
        bulk.update(taken_back, ["recalled"])
        bulk.insert([self._put_back(task, at) for task in taken_back])
        return orders_services.GivenUp(
            cuts=tuple(self.cuts),
            unpicks=tuple(
                inventory_services.Unpick(task.allocation_id, task.demand_id, self.recalled[task.pk])
                for task in taken_back
            ),
            tasks=_counted([task.order_id for task in self.cancelled]),
            put_backs=_summed([(task.order_id, self.recalled[task.pk]) for task in taken_back]),
            parcels=_counted([parcel.order_id for parcel in opened]),
        )

    def _put_back(self, task: Any, at: datetime) -> PutBack:
        return PutBack(
            company_id=task.company_id,
            warehouse_id=task.warehouse_id,
            order_id=task.order_id,
            task_id=task.pk,
            level_id=task.level_id,
            product_id=task.product_id,
            tote_id=task.tote_id,
            bin_id=task.bin_id,
            quantity=self.recalled[task.pk],
            asked_at=at,
        )


def _check(left: Decimal) -> None:
    if left > 0:
        raise ChangedMeanwhile("The warehouse has moved some of these units meanwhile. Nothing was done: look again.")


def _counted(order_ids: Sequence[int]) -> dict[int, int]:
    return {order_id: order_ids.count(order_id) for order_id in set(order_ids)}


def _summed(pairs: Sequence[tuple[int, Decimal]]) -> dict[int, Decimal]:
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for order_id, quantity in pairs:
        sums[order_id] += quantity
    return dict(sums)
