"""What can be promised on which day: a pure reckoning over shelves, what comes and who waits (no ORM, no I/O)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one warehouse can sell of a product, what of that it has promised, and what it keeps for others."""

    product_id: int
    warehouse_id: int
    warehouse: str
    on_hand: Decimal
    promised: Decimal
    kept: Decimal = ZERO

    @property
    def free(self) -> Decimal:
        """What nobody was promised, and is kept for nobody else."""
        return max(self.on_hand - self.promised - self.kept, ZERO)


@dataclass(frozen=True, slots=True)
class Inbound:
    """What is still to come of a product to one warehouse on one line of a document, and what of that is promised.

    The document is a supplier's order, or a transfer from another warehouse.

    What has come stands on its shelf and nowhere else, so that it is counted once (case 13).
    """

    product_id: int
    warehouse_id: int
    warehouse: str
    document_id: int
    number: str
    expected_on: date
    open: Decimal
    promised: Decimal
    is_transfer: bool = False

    @property
    def free(self) -> Decimal:
        """What nobody was promised."""
        return max(self.open - self.promised, ZERO)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Units that become free on a day, and how many are free from then on in all."""

    on: date
    more: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Availability:
    """A product's promise: what is free now, what becomes free when, and what is late, so that nobody knows when.

    What other channels' pools keep is not free.
    """

    product_id: int
    shelves: tuple[Shelf, ...] = ()
    inbound: tuple[Inbound, ...] = ()
    now: Decimal = ZERO
    arrivals: tuple[Arrival, ...] = ()
    late: Decimal = ZERO

    @property
    def kept(self) -> Decimal:
        """How many units are there for other channels."""
        return sum((shelf.kept for shelf in self.shelves), ZERO)

    def on(self, day: date) -> Decimal:
        """Return how many units can be promised for a day."""
        return next((one.total for one in reversed(self.arrivals) if one.on <= day), self.now)

    def until(self, quantity: Decimal) -> tuple[Arrival, ...]:
        """Return the arrivals that it takes to have a quantity; all of them where there is never enough."""
        needed: list[Arrival] = []
        for arrival in self.arrivals:
            if (needed[-1].total if needed else self.now) >= quantity:
                break
            needed.append(arrival)
        return tuple(needed)


def project(
    product_ids: Iterable[int],
    shelves: Sequence[Shelf],
    inbounds: Sequence[Inbound],
    waiting: Mapping[int, Decimal],
    today: date,
) -> dict[int, Availability]:
    """Return by product what can be promised when.

    What comes goes first to those that wait and were promised nothing that comes (`waiting`, by product); only what is
    left over is free. What is late comes on no day that could be named, and after everything else.
    """
    shelves_of: dict[int, list[Shelf]] = defaultdict(list)
    for shelf in shelves:
        shelves_of[shelf.product_id].append(shelf)
    inbound_of: dict[int, list[Inbound]] = defaultdict(list)
    for inbound in sorted(inbounds, key=lambda one: (one.expected_on < today, one.expected_on, one.document_id)):
        inbound_of[inbound.product_id].append(inbound)
    return {
        pk: _of_product(pk, shelves_of[pk], inbound_of[pk], waiting.get(pk, ZERO), today) for pk in set(product_ids)
    }


def _of_product(
    product_id: int, shelves: Sequence[Shelf], inbounds: Sequence[Inbound], waiting: Decimal, today: date
) -> Availability:
    now = sum((shelf.free for shelf in shelves), ZERO)
    more: dict[date, Decimal] = {}
    late = ZERO
    for inbound in inbounds:
        taken = min(waiting, inbound.free)
        waiting -= taken
        left = inbound.free - taken
        if inbound.expected_on < today:
            late += left
        elif left > 0:
            more[inbound.expected_on] = more.get(inbound.expected_on, ZERO) + left
    arrivals, total = [], now
    for on, units in more.items():
        total += units
        arrivals.append(Arrival(on, units, total))
    return Availability(product_id, tuple(shelves), tuple(inbounds), now, tuple(arrivals), late)


def of_kit(kit_id: int, units: Mapping[int, Decimal], found: Mapping[int, Availability]) -> Availability:
    """Return a kit's promise from those of its components: whole kits, as many as the scarcest component allows.

    :param units: how many units of each component are in a kit.
    """

    def kits(have: Callable[[Availability], Decimal]) -> Decimal:
        return min(have(found[pk]) // quantity for pk, quantity in units.items())

    now = kits(lambda component: component.now)
    days = sorted({arrival.on for pk in units for arrival in found[pk].arrivals})
    arrivals, total = [], now
    for day in days:
        there = kits(lambda component, day=day: component.on(day))  # type: ignore[misc]
        if there > total:
            arrivals.append(Arrival(day, there - total, there))
            total = there
    return Availability(kit_id, now=now, arrivals=tuple(arrivals))
