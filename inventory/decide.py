"""Which warehouse gives what to whom: a pure, totally ordered decision over demand and supply (no ORM, no I/O)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Want:
    """Units of one product that one demand still needs.

    Wants of one `group` (an order) leave together where they can.
    """

    index: int
    group: int
    product_id: int
    quantity: Decimal
    priority: int = 100


@dataclass(frozen=True, slots=True)
class Supply:
    """Units of one product that one level can still promise. `rank` orders the warehouses, lowest first."""

    level_id: int
    product_id: int
    warehouse_id: int
    warehouse: str
    rank: int
    free: Decimal


@dataclass(frozen=True, slots=True)
class Grant:
    """What a want gets from a level, and why that level was taken."""

    index: int
    level_id: int
    quantity: Decimal
    reason: str


def decide(wants: Sequence[Want], supplies: Sequence[Supply]) -> list[Grant]:
    """Grant stock to wants by priority, then in the order given, and never more than a supply has.

    A group is given to the first warehouse that can fill all of it; otherwise each want goes to the first warehouse
    that can fill it alone; otherwise to the warehouses in their order, as far as they go. The rest stays short.
    """
    free = {supply.level_id: supply.free for supply in supplies}
    by_product: dict[int, list[Supply]] = defaultdict(list)
    for supply in sorted(supplies, key=lambda supply: (supply.rank, supply.warehouse_id, supply.level_id)):
        by_product[supply.product_id].append(supply)
    groups: dict[tuple[int, int], list[Want]] = defaultdict(list)
    for want in wants:
        groups[want.priority, want.group].append(want)
    grants: list[Grant] = []

    def grant(want: Want, supply: Supply, quantity: Decimal, reason: str) -> None:
        free[supply.level_id] -= quantity
        grants.append(Grant(want.index, supply.level_id, quantity, reason))

    for (_priority, _group), members in sorted(
        groups.items(), key=lambda item: (item[0][0], min(want.index for want in item[1]))
    ):
        whole = _filler(members, by_product, free)
        for want in sorted(members, key=lambda want: want.index):
            offers = by_product[want.product_id]
            one = next((s for s in offers if s.warehouse_id == whole), None) or next(
                (s for s in offers if free[s.level_id] >= want.quantity), None
            )
            if one is not None:
                scope = "order" if whole is not None else "line"
                grant(want, one, want.quantity, f"{one.warehouse} can fill the {scope}")
                continue
            missing = want.quantity
            for supply in offers:
                part = min(missing, free[supply.level_id])
                if part > 0:
                    grant(want, supply, part, f"{supply.warehouse} has part of the line")
                    missing -= part
    return grants


def _filler(wants: Sequence[Want], by_product: dict[int, list[Supply]], free: dict[int, Decimal]) -> int | None:
    """Return the first warehouse that can fill all the wants, or None."""
    needed: dict[int, Decimal] = defaultdict(Decimal)
    for want in wants:
        needed[want.product_id] += want.quantity
    first = next(iter(needed))
    for candidate in by_product[first]:
        enough = all(
            any(
                supply.warehouse_id == candidate.warehouse_id and free[supply.level_id] >= quantity
                for supply in by_product[product_id]
            )
            for product_id, quantity in needed.items()
        )
        if enough:
            return candidate.warehouse_id
    return None
