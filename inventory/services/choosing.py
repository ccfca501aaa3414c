"""Choosing: from which bins, and of which lots, what was promised is picked, and into which tote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F, Q, QuerySet

from core import bulk, transitions
from core.reading import Among, Given, compiled
from core.transactions import atomic
from inventory.models import Allocation, Bin, BinStock, Lot
from inventory.services.posting import ensure_bin_stock
from inventory.services.promising import firm_allocations, lock_demands

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class BinPick:
    """Units of one allocation to be taken from one bin into one tote."""

    allocation_id: int
    demand_id: int
    level_id: int
    product_id: int
    warehouse_id: int
    bin_id: int
    tote_id: int
    quantity: Decimal
    lot_id: int | None = None


@atomic
def release_allocations(
    *, demand_ids: Collection[int], at: datetime, warehouse_ids: Container[int] | None = None
) -> list[BinPick]:
    """Choose bins for every firm allocation of the demands and reserve their stock for the pick, in walking order.

    Only those in some warehouses, where these are named.

    A bin that can give all of an allocation is preferred, the first on the way; otherwise the bins on the way, one
    after the other.
    """
    lock_demands(demand_ids)
    allocations = [
        allocation
        for allocation in firm_allocations(demand_ids)
        if warehouse_ids is None or allocation.stock.warehouse_id in warehouse_ids
    ]
    return choose_bins(allocations, at)


def choose_bins(allocations: Sequence[Allocation], at: datetime) -> list[BinPick]:
    """Release firm allocations whose demands are locked.

    Bins that somebody is still to count come last: they are sent to only where nothing else can give. Of lots those
    that are good for the shortest time come first, of those that will do; what has expired is given to nobody, and
    an allocation that would need it stays as it is until that is blocked (PRODUCT.md E8, cases 22 and 54).
    """
    if not allocations:
        return []
    stocks = locked_bins(
        {allocation.stock.product_id for allocation in allocations},
        {allocation.stock.warehouse_id for allocation in allocations},
    )
    last_days = _last_days(stocks)
    shelves: dict[tuple[int, int], list[BinStock]] = defaultdict(list)
    totes: dict[tuple[int, int], int] = {}
    for stock in sorted(stocks, key=lambda s: (s.blocked > 0, s.bin.sequence, s.bin.code, s.pk)):
        key = (stock.bin.warehouse_id, stock.product_id)
        if stock.bin.kind == Bin.Kind.PICK:
            shelves[key].append(stock)
        else:
            totes.setdefault(key, stock.bin_id)
    if last_days:
        _first_totes(totes, shelves)
    free = {stock.pk: stock.quantity - stock.allocated - stock.blocked for stock in stocks}
    taken: dict[int, dict[str, Decimal]] = defaultdict(lambda: {"allocated": ZERO})
    picks: list[tuple[tuple[int, str], BinPick]] = []
    released: list[Allocation] = []
    for allocation in allocations:
        level = allocation.stock
        key = (level.warehouse_id, level.product_id)
        if allocation.good_until is None:
            parts = _from_bins(shelves[key], free, allocation.quantity)
        else:
            good_until = max(allocation.good_until, at.date())
            parts = _from_lots(shelves[key], free, allocation.quantity, last_days, good_until)
            if not parts:
                continue
            allocation.good_until = None
        released.append(allocation)
        for stock, quantity in parts:
            free[stock.pk] -= quantity
            taken[stock.pk]["allocated"] += quantity
            pick = BinPick(
                allocation_id=allocation.pk,
                demand_id=allocation.demand_id,
                level_id=level.pk,
                product_id=level.product_id,
                warehouse_id=level.warehouse_id,
                bin_id=stock.bin_id,
                tote_id=totes[key],
                quantity=quantity,
                lot_id=stock.lot_id,
            )
            picks.append(((stock.bin.sequence, stock.bin.code), pick))
    bulk.add(BinStock, taken)
    transitions.apply_later(released, "release", at=at, fields=["good_until"] if last_days else [])
    if last_days:
        ensure_bin_stock((pick.tote_id, pick.product_id, pick.lot_id) for _place, pick in picks if pick.lot_id)
    return [
        pick for _place, pick in sorted(picks, key=lambda pair: (pair[1].warehouse_id, pair[0], pair[1].allocation_id))
    ]


def _last_days(stocks: Iterable[BinStock]) -> dict[int, date]:
    """Return until when the lots among stocks are good, by lot."""
    lot_ids = {stock.lot_id for stock in stocks if stock.lot_id is not None}
    return {lot.pk: lot.lasts_until for lot in Lot.objects.filter(pk__in=lot_ids)} if lot_ids else {}


def _first_totes(totes: dict[tuple[int, int], int], shelves: Collection[tuple[int, int]]) -> None:
    """Name the first tote of their warehouse for products with lots, which have no row in it before they are sent."""
    lacking = set(shelves) - totes.keys()
    found = Bin.objects.filter(warehouse__in={pk for pk, _product in lacking}, kind=Bin.Kind.TOTE)
    first = {tote.warehouse_id: tote.pk for tote in found.order_by("-sequence", "-code", "-pk")}
    for warehouse_id, product_id in lacking:
        totes[warehouse_id, product_id] = first[warehouse_id]


@compiled
def locked_bins(product_ids: Given, warehouse_ids: Given) -> QuerySet[BinStock]:
    """Lock what the shelves and totes of warehouses have of products, and bring their bins.

    Lots that are used up are left out: there are more of them each day.
    """
    stocks = BinStock.objects.filter(
        Q(lot__isnull=True) | Q(quantity__gt=0),
        Among(F("product_id"), product_ids),
        Among(F("bin__warehouse_id"), warehouse_ids),
        bin__kind__in=[Bin.Kind.PICK, Bin.Kind.TOTE],
    )
    return stocks.select_related("bin").locked()


def _from_lots(
    shelf: Sequence[BinStock],
    free: Mapping[int, Decimal],
    quantity: Decimal,
    last_days: Mapping[int, date],
    good_until: date,
) -> list[tuple[BinStock, Decimal]]:
    """Return what is taken of lots that are good until a day, the first to expire first; nothing if too little is."""
    by_last_day: dict[date, list[BinStock]] = defaultdict(list)
    for stock in shelf:
        if stock.lot_id is not None and last_days[stock.lot_id] >= good_until:
            by_last_day[last_days[stock.lot_id]].append(stock)
    taken: list[tuple[BinStock, Decimal]] = []
    for _day, stocks in sorted(by_last_day.items()):
        part = min(quantity, sum((free[stock.pk] for stock in stocks), ZERO))
        taken += _from_bins(stocks, free, part) if part > 0 else []
        quantity -= part
    return taken if quantity <= 0 else []


def _from_bins(
    shelf: Sequence[BinStock], free: Mapping[int, Decimal], quantity: Decimal
) -> list[tuple[BinStock, Decimal]]:
    whole = next((stock for stock in shelf if free[stock.pk] >= quantity), None)
    if whole is not None:
        return [(whole, quantity)]
    taken = []
    for stock in shelf:
        part = min(free[stock.pk], quantity)
        if part > 0:
            taken.append((stock, part))
            quantity -= part
    if quantity > 0:
        raise AssertionError(f"The level promises {quantity} more than its bins hold.")
    return taken
