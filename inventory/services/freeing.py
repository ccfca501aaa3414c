"""The way back: units that lose their promise or their order, and goods that return from the tote to the shelf."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db import connection

from core import bulk
from core.models import User
from core.refusals import Blocked
from core.transactions import atomic
from inventory import sql
from inventory.models import Allocation, Bin, BrokenPeg, Demand, StockLevel, StockMove, StockPosting
from inventory.queries.pools import pool_id, pools_of
from inventory.services.lasting import block_arrivals, shelf_lives
from inventory.services.pegging import ask, peg_later, settle_promises
from inventory.services.posting import StockMoved, add_bin_stock, change_allocations, ensure_bin_stock, post, sums
from inventory.services.sourcing import leave_days

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cut:
    """Units of one allocation that it gives up before they are picked; `bin_id` where a pick task had reserved them."""

    allocation_id: int
    demand_id: int
    level_id: int
    product_id: int
    bin_id: int | None
    quantity: Decimal
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Unpick:
    """Units of one allocation that were picked, have not left, and lose their order."""

    allocation_id: int
    demand_id: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class PutBackMove:
    """Units that go from a tote to a shelf, of the warehouse and product of one level."""

    level_id: int
    product_id: int
    tote_id: int
    bin_id: int
    quantity: Decimal
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """What a demand has that no pick was planned for: units that wait, and its firm allocations, the last first."""

    backordered: Decimal
    firm: tuple[Cut, ...]


def lock_promises(*, demand_ids: Collection[int]) -> dict[int, Promised]:
    """Lock demands, and return what of each a cut can take before it comes to the warehouse.

    Whoever frees, unpicks and cancels in one transaction locks all demands here first.
    """
    demands = list(Demand.objects.filter(pk__in=demand_ids).locked())
    firm: dict[int, list[Cut]] = defaultdict(list)
    allocations = Allocation.objects.filter(demand__in=demands, status=Allocation.Status.FIRM).select_related("level")
    for row in allocations.order_by("-pk"):
        firm[row.demand_id].append(
            Cut(row.pk, row.demand_id, row.stock.pk, row.stock.product_id, None, row.quantity - row.picked)
        )
    return {demand.pk: Promised(demand.backordered, tuple(firm[demand.pk])) for demand in demands}


@atomic
def free_allocations(*, cuts: Sequence[Cut], at: datetime) -> None:
    """Take promised units that nobody picked away from their demands: they are sellable to others at once.

    The demands wait for them again; an allocation that gives up all of itself is freed, another becomes smaller.

    :raises StockMoved: where an allocation has not as much to give up; nothing was changed.
    """
    if not cuts:
        return
    change_allocations(sql.FREE_ALLOCATIONS, cuts)
    bulk.add(
        StockLevel,
        {
            level_id: {"allocated": -quantity}
            for level_id, quantity in sums((cut.level_id, cut.quantity) for cut in cuts).items()
        },
    )
    reserved = sums(((cut.bin_id, cut.product_id, cut.lot_id), -cut.quantity) for cut in cuts if cut.bin_id is not None)
    if reserved:
        add_bin_stock(quantities=dict.fromkeys(reserved, ZERO), allocated=reserved)


@atomic
def move_promise(*, from_demand_id: int, to_demand_id: int, quantity: Decimal, reason: str, at: datetime) -> None:
    """Promise units of stock that one demand has, and no pick was planned for, to another demand of the same product.

    The newest allocations give first; each stays with its warehouse. Whoever moves stock by hand may move it between
    channels: it counts in the pool of the one that has it then.

    :raises Blocked: where the first has not as much, or the second does not wait for as much, is held, or needs goods
        that last longer.
    """
    taker = bulk.by_pk(list(Demand.objects.filter(pk__in=[from_demand_id, to_demand_id]).locked()))[to_demand_id]
    if quantity <= 0:
        raise Blocked("Say how many units.")
    if taker.is_held:
        raise Blocked("It is on hold: it takes no stock.")
    if quantity > taker.backordered:
        raise Blocked(f"It waits for {taker.backordered.normalize():,f} only.")
    cuts, missing = [], quantity
    for cut in lock_promises(demand_ids=[from_demand_id])[from_demand_id].firm:
        units = min(cut.quantity, missing)
        if units > 0:
            cuts.append(replace(cut, quantity=units))
            missing -= units
    if missing > 0:
        movable = (quantity - missing).normalize()
        raise Blocked(f"Only {movable:,f} can be moved: the rest is with the pickers, or not there.")
    free_allocations(cuts=cuts, at=at)
    moved = sums((cut.level_id, cut.quantity) for cut in cuts)
    if taker.good_until is not None:
        good_until = max(taker.good_until, at.date())
        lives = shelf_lives(list(moved), at.date())
        if any(units > lives[level_id].free(good_until) for level_id, units in moved.items()):
            raise Blocked(f"What can be moved is not good until {good_until:%d %b %Y}, as this customer wants it.")
    bulk.add(StockLevel, {level_id: {"allocated": units} for level_id, units in moved.items()})
    pools = pools_of(moved) if taker.channel_id is not None else {}
    bulk.insert(
        [
            Allocation(
                company_id=taker.company_id,
                demand=taker,
                level_id=level_id,
                quantity=units,
                good_until=taker.good_until,
                pool_id=pool_id(pools, level_id, taker.channel_id),
                reason=reason,
                created_at=at,
            )
            for level_id, units in moved.items()
        ]
    )
    taker.allocated += quantity
    if taker.allocated + taker.picked == taker.quantity:
        taker.promised_on = max(taker.due_on, leave_days([taker.pk], at)[taker.pk])
        taker.first_promised_on = taker.first_promised_on or taker.promised_on
    bulk.update([taker], ["allocated", "promised_on", "first_promised_on"])
    settle_promises(demand_ids=[from_demand_id, to_demand_id], at=at)
    peg_later({taker.product_id})


@atomic
def cancel_demand(*, cancelled: Mapping[int, Decimal], at: datetime, asks: bool = True) -> None:
    """Lower demands, by demand id, by units that wait for stock.

    What suppliers were to bring for them is for others; the purchaser is asked whether it is still wanted (case 45),
    unless the one who waited has got other goods instead.
    What comes from another warehouse is for others too, and nobody is asked: it is ours already.

    :raises StockMoved: where fewer units wait: the others have to be freed or unpicked first.
    """
    if not cancelled:
        return
    ids = sorted(cancelled)
    with connection.cursor() as cursor:
        cursor.execute(sql.CANCEL_DEMAND, [at.date(), ids, [cancelled[pk] for pk in ids]])
        lowered = cursor.fetchall()
    if len(lowered) != len(ids):
        raise StockMoved("Some of this was promised, picked or cancelled meanwhile. Nothing was changed: look again.")
    settled = settle_promises(demand_ids=ids, at=at)
    broken = settled.given_back
    if broken and asks:
        ask(
            kind=BrokenPeg.Kind.SUPPLY_SPARE,
            broken=broken,
            company_of={pk: company_id for pk, company_id, _product in lowered},
            at=at,
        )
    peg_later({product_id for pk, _company, product_id in lowered if pk in settled.gave_back})


@atomic
def unpick(*, unpicks: Sequence[Unpick], at: datetime) -> None:
    """Take picked units away from their demands, which get that much smaller; the stock stays staged.

    It can be sold again when it is put back.

    :raises StockMoved: where an allocation has not as much picked in the house; nothing was changed.
    """
    if unpicks:
        change_allocations(sql.UNPICK_ALLOCATIONS, unpicks)


@atomic
def put_back(*, company_id: int, moves: Sequence[PutBackMove], reference: str, actor: User, at: datetime) -> int:
    """Move goods from totes to shelves of the same warehouse, where they are sellable at once; return the posting's id.

    :raises Blocked: where a bin is no shelf of the tote's warehouse.
    :raises StockMoved: where a tote does not hold as much.
    """
    _check_shelves(moves)
    ensure_bin_stock((move.bin_id, move.product_id, move.lot_id) for move in moves)
    bulk.add(
        StockLevel,
        {
            level_id: {"sellable": quantity, "staged": -quantity}
            for level_id, quantity in sums((move.level_id, move.quantity) for move in moves).items()
        },
    )
    out = sums(((move.tote_id, move.product_id, move.lot_id), -move.quantity) for move in moves)
    into = sums(((move.bin_id, move.product_id, move.lot_id), move.quantity) for move in moves)
    add_bin_stock(quantities={**out, **into}, allocated={})
    block_arrivals(into)
    return post(
        StockPosting(company_id=company_id, kind=StockPosting.Kind.PUT_BACK, reference=reference, actor=actor, at=at),
        [
            StockMove(
                product_id=move.product_id,
                lot_id=move.lot_id,
                from_place=StockMove.Place.BIN,
                from_bin_id=move.tote_id,
                to_place=StockMove.Place.BIN,
                to_bin_id=move.bin_id,
                quantity=move.quantity,
            )
            for move in moves
        ],
    )


@atomic
def hold_demands(*, demand_ids: Collection[int], held: bool, at: datetime) -> None:
    """Let demands wait without getting stock or what is on its way, or let them take part in allocation again."""
    if not demand_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(sql.HOLD_DEMANDS, [sorted(demand_ids), held])
        products = dict(cursor.fetchall())
    gave_back = settle_promises(demand_ids=demand_ids, at=at).gave_back if held else ()
    peg_later({products[demand_id] for demand_id in gave_back})


def _check_shelves(moves: Sequence[PutBackMove]) -> None:
    bins = {place.pk: place for place in Bin.objects.filter(pk__in={pk for m in moves for pk in (m.bin_id, m.tote_id)})}
    for move in moves:
        shelf, tote = bins.get(move.bin_id), bins.get(move.tote_id)
        if shelf is None or tote is None or shelf.warehouse_id != tote.warehouse_id or shelf.kind != Bin.Kind.PICK:
            raise Blocked("Goods can be put back on a shelf of their own warehouse only: scan another bin.")
