"""Cutting: units of parts lose their promise or their order, first what waits, last what is picked or packed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Sum

from core import bulk
from core.refusals import ChangedMeanwhile
from inventory import services as inventory_services
from inventory.models import Allocation
from orders import events
from orders.models import LinePart

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What a receiver of `parts_cut` gave up: units for inventory to free and unpick, and by order what that undid."""

    cuts: tuple[inventory_services.Cut, ...] = ()
    unpicks: tuple[inventory_services.Unpick, ...] = ()
    tasks: Mapping[int, int] = field(default_factory=dict)
    put_backs: Mapping[int, Decimal] = field(default_factory=dict)
    parcels: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Undone:
    """What a cut undid for one order: stock that is free again, picks called off, units to put back, parcels opened."""

    freed: Decimal = ZERO
    tasks: int = 0
    put_back: Decimal = ZERO
    parcels: int = 0


def cancel_units(*, parts: Iterable[LinePart], units: Mapping[int, Decimal], at: datetime) -> dict[int, Undone]:
    """Cancel units of locked parts, by part id: demand gets smaller, stock is free, picked goods lose their order.

    What waits for stock goes first, then what is allocated, then what is to be picked, and last what is picked. The
    caller has locked the orders and all their parts, and sets their facets.

    :raises ChangedMeanwhile: where a part has fewer units in the house than it is to lose.
    """
    members = [part for part in parts if units.get(part.pk)]
    released = _released(members)

    def split(part: LinePart) -> tuple[Decimal, Decimal]:
        waiting = part.ordered - part.cancelled - part.picked - released[part.demand_id]
        beyond = max(ZERO, units[part.pk] - waiting)
        planned = min(beyond, released[part.demand_id])
        if beyond - planned > part.picked - part.shipped:
            raise ChangedMeanwhile("Some of these units have left meanwhile. Nothing was cancelled: look again.")
        return planned, beyond - planned

    cut = _Cut(members, split, at)
    for part in members:
        cut.take_firm(part, units[part.pk] - sum(cut.asked[part.pk]))
    cut.free()
    inventory_services.cancel_demand(
        cancelled={
            part.demand_id: waiting
            for part in members
            if part.demand_id is not None and (waiting := units[part.pk] - cut.asked[part.pk][1])
        },
        at=at,
    )
    bulk.add(
        LinePart,
        {part.pk: {"cancelled": units[part.pk], "picked": -cut.asked[part.pk][1]} for part in members},
    )
    return dict(cut.undone)


def free_units(*, parts: Iterable[LinePart], at: datetime) -> dict[int, Undone]:
    """Free all that is promised to locked parts and not picked, and keep their demands from getting stock.

    The caller has locked the orders, and sets their facets.
    """
    members = list(parts)
    released = _released(members)
    cut = _Cut(members, lambda part: (released[part.demand_id], ZERO), at)
    for part in members:
        cut.take_firm(part, None)
    cut.free()
    inventory_services.hold_demands(demand_ids=[part.demand_id for part in members if part.demand_id], held=True, at=at)
    return dict(cut.undone)


def _released(parts: Sequence[LinePart]) -> dict[int | None, Decimal]:
    """Return by demand how many units are to be picked; stable while their parts are locked."""
    rows = Allocation.objects.filter(
        demand__in=[part.demand_id for part in parts], status=Allocation.Status.RELEASED
    ).order_by()
    open_units = rows.values("demand").annotate(units=Sum(F("quantity") - F("picked")))
    return defaultdict(Decimal, open_units.values_list("demand", "units"))


class _Cut:
    """One cut over the parts of several orders: what the warehouses give up, and what is taken of firm promises."""

    def __init__(
        self, parts: Sequence[LinePart], split: Callable[[LinePart], tuple[Decimal, Decimal]], at: datetime
    ) -> None:
        self.at = at
        self.asked = {part.pk: split(part) for part in parts}
        self.order_of = {part.demand_id: part.order_id for part in parts}
        self.undone: dict[int, Undone] = defaultdict(Undone)
        self.cuts: list[inventory_services.Cut] = []
        self.unpicks: list[inventory_services.Unpick] = []
        self._ask_above(parts)
        self.promises = inventory_services.lock_promises(
            demand_ids=[part.demand_id for part in parts if part.demand_id is not None]
        )

    def _ask_above(self, parts: Sequence[LinePart]) -> None:
        """Let the apps above give up what they planned, packed and picked, and add up what that undid."""
        cuts = tuple(
            events.PartCut(part.pk, part.order_id, *self.asked[part.pk]) for part in parts if any(self.asked[part.pk])
        )
        if not cuts:
            return
        answers: list[tuple[Any, Any]] = events.parts_cut.send(sender=LinePart, event=events.PartsCut(cuts, self.at))
        for _receiver, given in answers:
            self.cuts += given.cuts
            self.unpicks += given.unpicks
            for order_id, number in given.tasks.items():
                self.undone[order_id].tasks += number
            for order_id, units in given.put_backs.items():
                self.undone[order_id].put_back += units
            for order_id, number in given.parcels.items():
                self.undone[order_id].parcels += number
        given_up = [cut.quantity for cut in self.cuts] + [unpick.quantity for unpick in self.unpicks]
        if sum(given_up, ZERO) != sum((cut.planned + cut.picked for cut in cuts), ZERO):
            raise ChangedMeanwhile(
                "The warehouse has moved some of these units meanwhile. Nothing was done: look again."
            )

    def take_firm(self, part: LinePart, units: Decimal | None) -> None:
        """Take units of a part that no pick was planned for: those that wait, then promises; None is all promises."""
        assert part.demand_id is not None
        promise = self.promises[part.demand_id]
        left = sum((cut.quantity for cut in promise.firm), ZERO) if units is None else units - promise.backordered
        for whole in promise.firm:
            quantity = min(whole.quantity, left)
            if quantity > 0:
                self.cuts.append(
                    inventory_services.Cut(
                        whole.allocation_id, whole.demand_id, whole.level_id, whole.product_id, None, quantity
                    )
                )
                left -= quantity

    def free(self) -> None:
        """Write what was gathered."""
        for cut in self.cuts:
            self.undone[self.order_of[cut.demand_id]].freed += cut.quantity
        inventory_services.free_allocations(cuts=self.cuts, at=self.at)
        inventory_services.unpick(unpicks=self.unpicks, at=self.at)
