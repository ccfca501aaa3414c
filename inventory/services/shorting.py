"""A pick that came up short: what was found moves, what was not is taken from somewhere else or waits again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core import bulk
from core.models import User
from core.transactions import atomic
from inventory.models import BinStock, Lot, StockLevel
from inventory.services.allocating import allocate_demands
from inventory.services.choosing import BinPick, choose_bins, locked_bins
from inventory.services.freeing import Cut, free_allocations
from inventory.services.lasting import shelf_lives
from inventory.services.moving import pick_allocations
from inventory.services.posting import Place
from inventory.services.promising import firm_allocations, lock_demands, locked_levels

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class ShortPick:
    """What was asked of one bin for one allocation, and how many of the units were found there."""

    pick: BinPick
    found: Decimal


@dataclass(frozen=True, slots=True)
class Resourced:
    """What a short pick came to: the posting of what was found, and where the rest is to be picked instead.

    Units that no bin has wait for stock again.
    """

    posting_id: int | None
    picks: tuple[BinPick, ...]


@atomic
def pick_short(*, company_id: int, shorts: Sequence[ShortPick], reference: str, actor: User, at: datetime) -> Resourced:
    """Move what was found into totes, and find what was not in other bins or warehouses, in the same transaction.

    What nobody reserved of a bin that came up short is blocked there until it is counted: the bin is offered to nobody
    (PRODUCT.md cases 53 and 100). The rest is promised anew by the same decision as every promise.

    :raises StockMoved: where an allocation is no longer released for as much, or a bin does not hold it.
    """
    demand_ids = sorted({short.pick.demand_id for short in shorts})
    products = {short.pick.product_id for short in shorts}
    # All that the steps below lock, in the one order, before the first of them takes its part of it
    lock_demands(demand_ids)
    levels = locked_levels([company_id], products)
    locked_bins(products, {level.warehouse_id for level in levels})
    before = {allocation.pk for allocation in firm_allocations(demand_ids)}
    found = [_with(short.pick, short.found) for short in shorts if short.found > 0]
    posting_id = (
        pick_allocations(company_id=company_id, picks=found, reference=reference, actor=actor, at=at) if found else None
    )
    free_allocations(
        cuts=[
            Cut(
                allocation_id=short.pick.allocation_id,
                demand_id=short.pick.demand_id,
                level_id=short.pick.level_id,
                product_id=short.pick.product_id,
                bin_id=short.pick.bin_id,
                quantity=short.pick.quantity - short.found,
                lot_id=short.pick.lot_id,
            )
            for short in shorts
        ],
        at=at,
    )
    _block(shorts, at)
    allocate_demands(demand_ids=demand_ids, at=at)
    # Only what was promised here and now: what nobody has released yet stays with the desk that releases
    anew = [allocation for allocation in firm_allocations(demand_ids) if allocation.pk not in before]
    return Resourced(posting_id, tuple(choose_bins(anew, at)))


def _with(pick: BinPick, quantity: Decimal) -> BinPick:
    return BinPick(
        allocation_id=pick.allocation_id,
        demand_id=pick.demand_id,
        level_id=pick.level_id,
        product_id=pick.product_id,
        warehouse_id=pick.warehouse_id,
        bin_id=pick.bin_id,
        tote_id=pick.tote_id,
        quantity=quantity,
        lot_id=pick.lot_id,
    )


def _block(shorts: Sequence[ShortPick], at: datetime) -> None:
    """Block what is free in the bins: what was missing, and what lay beside it that the picker would have taken.

    Never more than the level has free: what it promised to others stays promised until the bin is counted.
    """
    places = {(short.pick.bin_id, short.pick.product_id, short.pick.lot_id): short.pick.level_id for short in shorts}
    levels = {level.pk: level for level in StockLevel.objects.filter(pk__in=set(places.values()))}
    lots = {place[2] for place in places if place[2] is not None}
    last_days = {lot.pk: lot.lasts_until for lot in Lot.objects.filter(pk__in=lots)} if lots else {}
    lives = shelf_lives(list(levels), at.date()) if lots else {}
    bins: dict[int, dict[str, Decimal]] = {}
    blocked: dict[int, Decimal] = defaultdict(Decimal)
    for stock in _stocks(places):
        level_id = places[stock.bin_id, stock.product_id, stock.lot_id]
        level = levels[level_id]
        free = min(
            stock.quantity - stock.allocated - stock.blocked, level.sellable - level.allocated - blocked[level_id]
        )
        if stock.lot_id is not None:
            free = min(free, lives[level_id].free(last_days[stock.lot_id]))
        if free > 0:
            bins[stock.pk] = {"blocked": free}
            blocked[level_id] += free
            if stock.lot_id is not None:
                lives[level_id].there[last_days[stock.lot_id]] -= free
    bulk.add(
        StockLevel,
        {pk: {"sellable": -units, "blocked": units, "uncounted": units} for pk, units in blocked.items() if units},
    )
    bulk.add(BinStock, bins)


def _stocks(places: Collection[Place]) -> list[BinStock]:
    found = BinStock.objects.filter(
        bin__in={bin_id for bin_id, _product, _lot in places},
        product__in={product_id for _bin, product_id, _lot in places},
    )
    return [stock for stock in found.order_by("pk") if (stock.bin_id, stock.product_id, stock.lot_id) in places]
