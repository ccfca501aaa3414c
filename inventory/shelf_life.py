"""How much of a product with lots can be promised to whom: goods that last longer serve everybody, others only some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


class ShelfLife:
    """What lies on shelves for no pick, by its last day, and what is promised of it, by the day it must be good till.

    Everything promised can be kept where, for each such day, no more is promised from that day on than there is: who
    needs goods for longer can take only a part of what serves the others. It stays so as long as each takes the goods
    that last least of those that will do.
    """

    def __init__(self, there: Mapping[date, Decimal]) -> None:
        self.there = dict(there)
        self.promised: dict[date, Decimal] = defaultdict(Decimal)

    def free(self, good_until: date) -> Decimal:
        """Return how many units that are good until a day are needed for nobody else.

        As many of a lot whose last day that is can be taken away.
        """
        days = [good_until, *(day for day in self.promised if day < good_until)]
        return max(min(_from(day, self.there) - _from(day, self.promised) for day in days), ZERO)

    def promise(self, good_until: date, units: Decimal) -> None:
        """Count units as promised."""
        self.promised[good_until] += units

    def anew(self, held: Mapping[date, Decimal]) -> ShelfLife:
        """Return the same goods without some of what is promised of them, which is given anew."""
        life = ShelfLife(self.there)
        for day, units in self.promised.items():
            life.promise(day, units - held.get(day, ZERO))
        return life


def kept(life: ShelfLife, promises: Iterable[tuple[date, Decimal]]) -> list[Decimal]:
    """Return how many units of each promise can be kept, the first before the next, and count them as promised."""
    units = []
    for good_until, quantity in promises:
        part = min(quantity, life.free(good_until))
        life.promise(good_until, part)
        units.append(part)
    return units


def _from(day: date, units: Mapping[date, Decimal]) -> Decimal:
    return sum((quantity for last, quantity in units.items() if last >= day), ZERO)
