"""Blocking lots: nobody is promised or sent to them any more, and who was promised one gets other stock or waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q

from core import bulk
from core.reading import day_at
from core.transactions import atomic
from inventory import events
from inventory.models import Allocation, Bin, BinStock, Demand, Lot, StockLevel
from inventory.services.allocating import allocate_demands
from inventory.services.choosing import locked_bins
from inventory.services.freeing import Cut, free_allocations
from inventory.services.lasting import block_units, shelf_lives
from inventory.services.pegging import lock_waiting
from inventory.services.posting import StockMoved
from inventory.services.promising import lock_demands, locked_levels
from inventory.shelf_life import ShelfLife, kept

ZERO = Decimal(0)


def expired_lots(*, at: datetime) -> list[Lot]:
    """Return lots, with their companies, of which something lies on a shelf and is not blocked after their last day."""
    # Nowhere is it later than this
    latest = (at + timedelta(days=1)).astimezone(UTC).date()
    sellable = BinStock.objects.filter(bin__kind=Bin.Kind.PICK, quantity__gt=F("allocated") + F("blocked"))
    rows = Lot.objects.filter(expires_on__lt=latest).filter(
        Q(blocked_at__isnull=True) | Q(pk__in=sellable.filter(lot__expires_on__lt=latest).values("lot"))
    )
    rows = rows.select_related("company").filter(expires_on__lt=day_at(at))
    return list(rows.order_by("company_id", "product_id", "pk"))


@atomic
def block_lots(
    *, lot_ids: Collection[int], called_off: Sequence[Cut], at: datetime, cause: str = "expired"
) -> tuple[int, ...]:
    """Block what lies on shelves of lots of one company and product, and return whose promises it took.

    What was promised of it is promised anew at once from what else is there, and waits where there is nothing; the
    orders are told the cause. `called_off` are the units that pickers were sent for and are not any more.

    :raises StockMoved: where some of it was promised while this waited; nothing was changed.
    """
    lots = {lot.pk: lot for lot in Lot.objects.filter(pk__in=lot_ids)}
    if not lots:
        return ()
    held = lock_promises_of(lots.values(), called_off)
    free_allocations(cuts=called_off, at=at)
    blocked: dict[int, Decimal] = {}
    lives = shelf_lives(held.level_ids, at.date())
    of_level: dict[int, Decimal] = defaultdict(Decimal)
    for stock in locked_bins([held.product_id], list(held.levels)):
        units = stock.quantity - stock.allocated - stock.blocked
        if stock.lot_id in lots and stock.bin.kind == Bin.Kind.PICK and units > 0:
            level_id = held.levels[stock.bin.warehouse_id]
            blocked[stock.pk] = units
            of_level[level_id] += units
            lives[level_id].there[lots[stock.lot_id].lasts_until] -= units
    cuts = cuts_of(lives, promised_of(held.level_ids), held.demands, held.product_id, at.date())
    free_allocations(cuts=cuts, at=at)
    block_units(of_level, blocked)
    marked = [lot for lot in Lot.objects.filter(pk__in=lots).locked() if lot.blocked_at is None]
    for lot in marked:
        lot.blocked_at = at
    bulk.update(marked, ["blocked_at"])
    number = ", ".join(sorted(lot.code for lot in lots.values()))
    return make_anew((*called_off, *cuts), held, cause, number, at)


@dataclass(frozen=True, slots=True)
class HeldPromises:
    """What is locked of a product with its promises: its levels by warehouse, and demands with the day they had."""

    product_id: int
    levels: dict[int, int]
    demands: dict[int, date | None]

    @property
    def level_ids(self) -> list[int]:
        """The levels."""
        return sorted(self.levels.values())


def lock_promises_of(lots: Iterable[Lot], called_off: Sequence[Cut], *, waiting: bool = False) -> HeldPromises:
    """Lock the demands that were promised what there is of lots' one product, and its levels.

    Those that are `waiting` for it as well, where they are to get some.
    """
    ((company_id, product_id),) = {(lot.company_id, lot.product_id) for lot in lots}
    levels = StockLevel.objects.filter(company=company_id, product=product_id).order_by("pk")
    ids = {allocation.demand_id for allocation in promised_of(list(levels.values_list("pk", flat=True)))}
    ids |= {cut.demand_id for cut in called_off}
    if waiting:
        ids = {demand.pk for demand in lock_waiting([product_id], demand_ids=ids)}
    else:
        lock_demands(ids)
    days = dict(Demand.objects.filter(pk__in=ids).values_list("pk", "promised_on"))
    of_site = {level.warehouse_id: level.pk for level in locked_levels([company_id], [product_id])}
    return HeldPromises(product_id, of_site, days)


def make_anew(cuts: Sequence[Cut], held: HeldPromises, cause: str, number: str, at: datetime) -> tuple[int, ...]:
    """Promise anew, from what else is there, what demands lost, tell their orders why, and return the demands."""
    taken = tuple(sorted({cut.demand_id for cut in cuts}))
    if taken:
        before = held.demands
        allocate_demands(demand_ids=taken, at=at)
        after = dict(Demand.objects.filter(pk__in=taken).values_list("pk", "promised_on"))
        moves = tuple(events.PromiseMoved(pk, before[pk], after[pk]) for pk in taken if before[pk] != after[pk])
        events.promises_moved.send(sender=Demand, event=events.PromisesMoved(moves, cause, number, at))
        events.promises_cut.send(sender=Demand, event=events.PromisesCut(taken, at))
    return taken


def promised_of(level_ids: Collection[int]) -> list[Allocation]:
    """Return the promises of levels' stock for which no bin was chosen, those that are kept first before others."""
    return list(
        Allocation.objects.filter(level__in=level_ids, status=Allocation.Status.FIRM)
        .select_related("demand")
        .order_by("demand__priority", "demand__due_on", "pk")
    )


def cuts_of(
    lives: dict[int, ShelfLife], promised: Sequence[Allocation], locked: Collection[int], product_id: int, today: date
) -> list[Cut]:
    """Choose which promises cannot be kept from what is left of lots, those that are due last before others.

    :raises StockMoved: where one of them was made after the demands were locked.
    """
    cuts: list[Cut] = []
    of_level: dict[int, list[Allocation]] = defaultdict(list)
    for allocation in promised:
        of_level[allocation.level_id or 0].append(allocation)
    for level_id, allocations in of_level.items():
        left = ShelfLife(lives[level_id].there)
        wanted = [(max(one.good_until or today, today), one.quantity) for one in allocations]
        for one, units in zip(allocations, kept(left, wanted), strict=True):
            if units < one.quantity:
                if one.demand_id not in locked:
                    raise StockMoved("Stock of this was promised meanwhile. Nothing was changed: send it again.")
                cuts.append(Cut(one.pk, one.demand_id, level_id, product_id, None, one.quantity - units))
    return cuts
