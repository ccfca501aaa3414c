"""Lots by hand: their last day is corrected, and they are held for quality or given free again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from decimal import Decimal

from core import bulk
from core.models import User
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory.models import Bin, BinStock, Lot, LotChange
from inventory.services.allocating import allocate_demands
from inventory.services.blocking import (
    HeldPromises,
    block_lots,
    cuts_of,
    lock_promises_of,
    make_anew,
    promised_of,
)
from inventory.services.choosing import locked_bins
from inventory.services.freeing import Cut, free_allocations
from inventory.services.lasting import block_units, shelf_lives

Kind = LotChange.Kind
# Says, under the locks, in which bins something could not be found and is to be counted: these stay blocked
ToBeCounted = Callable[[], Collection[int]]


@atomic
def date_lot(
    *,
    lot_id: int,
    expires_on: date | None,
    called_off: Sequence[Cut],
    to_be_counted: ToBeCounted,
    reason: str,
    actor: User,
    at: datetime,
) -> dict[int, Decimal]:
    """Correct until when a lot is good, and return what demands that waited got.

    Promises that it cannot keep any more are made anew, and told, as when a lot expires. One that had expired and has
    not by its new day is free again; one that has expired now is blocked. `called_off` are the units that pickers were
    sent for and are not any more.

    :raises NotAllowed: where the actor may not keep lots.
    :raises Blocked: where there is no such lot, or no reason is given.
    :raises StockMoved: where some of it was promised while this waited; nothing was changed.
    """
    lot, said, today = _one(lot_id, actor), _reason(reason), at.date()
    if lot.expires_on == expires_on:
        return {}
    held = lock_promises_of([lot], called_off, waiting=True)
    free_allocations(cuts=called_off, at=at)
    stocks = list(locked_bins([lot.product_id], list(held.levels)))
    (lot,) = Lot.objects.filter(pk=lot_id).locked()
    change = LotChange(
        lot=lot, kind=Kind.DATED, from_day=lot.expires_on, to_day=expires_on, reason=said, actor=actor, at=at
    )
    lot.expires_on = expires_on
    bulk.update([lot], ["expires_on"])
    bulk.insert([change])
    cuts = cuts_of(shelf_lives(held.level_ids, today), promised_of(held.level_ids), held.demands, lot.product_id, today)
    free_allocations(cuts=cuts, at=at)
    if lot.lasts_until < today:
        make_anew((*called_off, *cuts), held, "lot_dated", lot.code, at)
        block_lots(lot_ids=[lot_id], called_off=(), at=at)
        return {}
    if lot.blocked_at and not lot.is_held:
        _unblock(lot, stocks, held, to_be_counted())
    make_anew((*called_off, *cuts), held, "lot_dated", lot.code, at)
    return allocate_demands(demand_ids=list(held.demands), at=at)


@atomic
def hold_lot(*, lot_id: int, called_off: Sequence[Cut], reason: str, actor: User, at: datetime) -> tuple[int, ...]:
    """Block a lot for its quality, and return whose promises that took; one that is held stays as it is.

    :raises NotAllowed: where the actor may not keep lots.
    :raises Blocked: where there is no such lot, or no reason is given.
    :raises StockMoved: where some of it was promised while this waited; nothing was changed.
    """
    lot, said = _one(lot_id, actor), _reason(reason)
    if lot.is_held:
        return ()
    taken = block_lots(lot_ids=[lot_id], called_off=called_off, cause="lot_held", at=at)
    (lot,) = Lot.objects.filter(pk=lot_id).locked()
    lot.is_held = True
    bulk.update([lot], ["is_held"])
    bulk.insert([LotChange(lot=lot, kind=Kind.HELD, reason=said, actor=actor, at=at)])
    return taken


@atomic
def lift_lot(*, lot_id: int, to_be_counted: ToBeCounted, reason: str, actor: User, at: datetime) -> dict[int, Decimal]:
    """Give a lot free that was held for its quality, and return what demands got of it; one that is not stays so.

    One that has expired stays blocked for that.

    :raises NotAllowed: where the actor may not keep lots.
    :raises Blocked: where there is no such lot, or no reason is given.
    """
    lot, said = _one(lot_id, actor), _reason(reason)
    if not lot.is_held:
        return {}
    held = lock_promises_of([lot], (), waiting=True)
    stocks = list(locked_bins([lot.product_id], list(held.levels)))
    (lot,) = Lot.objects.filter(pk=lot_id).locked()
    lot.is_held = False
    bulk.update([lot], ["is_held"])
    bulk.insert([LotChange(lot=lot, kind=Kind.LIFTED, reason=said, actor=actor, at=at)])
    if lot.lasts_until < at.date():
        return {}
    _unblock(lot, stocks, held, to_be_counted())
    return allocate_demands(demand_ids=list(held.demands), at=at)


def _one(lot_id: int, actor: User) -> Lot:
    require(actor, "inventory.keep_lots")
    lot = Lot.objects.for_user(actor).filter(pk=lot_id).first()
    if lot is None:
        raise Blocked("There is no such lot.")
    return lot


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Blocked("Say why: whoever looks at the lot later wants to know.")
    return reason.strip()[:200]


def _unblock(lot: Lot, stocks: Sequence[BinStock], held: HeldPromises, to_be_counted: Collection[int]) -> None:
    """Make what lies on shelves of a locked lot sellable again, under the locks of its levels and bins."""
    of_level: dict[int, Decimal] = defaultdict(Decimal)
    of_bin: dict[int, Decimal] = {}
    for stock in stocks:
        on_shelf = stock.lot_id == lot.pk and stock.bin.kind == Bin.Kind.PICK
        if on_shelf and stock.blocked and stock.bin_id not in to_be_counted:
            of_level[held.levels[stock.bin.warehouse_id]] -= stock.blocked
            of_bin[stock.pk] = -stock.blocked
    block_units(of_level, of_bin)
    lot.blocked_at = None
    bulk.update([lot], ["blocked_at"])
