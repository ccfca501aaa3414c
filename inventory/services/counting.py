"""Counting a bin: what is really there is what the books say afterwards, and what was blocked can be sold again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core import bulk
from core.models import User
from core.refusals import Blocked
from core.transactions import atomic
from inventory.models import Bin, BinStock, StockLevel, StockMove, StockPosting
from inventory.services.allocating import allocate_demands
from inventory.services.blocking import cuts_of, promised_of
from inventory.services.freeing import Cut, free_allocations
from inventory.services.lasting import check_serials, shelf_lives
from inventory.services.layering import Layers
from inventory.services.posting import StockMoved, post
from inventory.services.promising import lock_demands, locked_levels

ZERO = Decimal(0)


class NotCountable(Blocked):
    """A bin holds at least what pickers are sent to take out of it."""

    code = "not_countable"


@dataclass(frozen=True, slots=True)
class Counted:
    """What a count came to: the books before it, the posting where they were wrong, whose promises it took away."""

    expected: Decimal
    posting_id: int | None
    demand_ids: tuple[int, ...]


@atomic
def count_bin(
    *,
    company_id: int,
    bin_id: int,
    product_id: int,
    counted: Decimal,
    places: int,
    reference: str,
    actor: User,
    at: datetime,
    lot_id: int | None = None,
) -> Counted:
    """Set what a shelf holds of a product, or of a lot, to what was counted there, at its cost.

    It is unblocked, but for a lot that is. Where less is there than was promised, the promises that are due last are
    taken away and made anew elsewhere, as far as there is stock.

    :raises NotCountable: where fewer units were counted than pickers are still to take out of the bin.
    :raises StockMoved: where the bin never had the product, or was promised anew while this waited.
    """
    shelf = Bin.objects.get(pk=bin_id)
    level_id = StockLevel.objects.values_list("pk", flat=True).get(
        company=company_id, product=product_id, warehouse=shelf.warehouse_id
    )
    promised = promised_of([level_id])
    locked = {allocation.demand_id for allocation in promised}
    lock_demands(locked)
    level = next(level for level in locked_levels([company_id], [product_id]) if level.pk == level_id)
    rows = BinStock.objects.filter(product=product_id, bin=shelf, lot=lot_id).select_related("lot")
    stock = next(iter(rows.locked()), None)
    if stock is None:
        raise StockMoved("This bin never had this product: look again.")
    if counted < stock.allocated:
        raise NotCountable(
            f"{stock.allocated.normalize():f} units of this are still to be picked from {shelf}."
            " Let them be picked, or noted as short, and count then."
        )
    # Of a blocked lot all stays blocked but what a picker is on the way to
    blocked = counted - stock.allocated if stock.lot and stock.lot.blocked_at else ZERO
    gain = counted - blocked - (stock.quantity - stock.blocked)
    if stock.lot:
        life = shelf_lives([level_id], at.date())[level_id]
        life.there[stock.lot.lasts_until] = life.there.get(stock.lot.lasts_until, ZERO) + gain
        cuts = cuts_of({level_id: life}, promised_of([level_id]), locked, product_id, at.date())
    else:
        cuts = _cuts(level, level.allocated - level.sellable - gain, product_id, locked)
    free_allocations(cuts=cuts, at=at)
    difference = counted - stock.quantity
    layers = Layers([level_id])
    value = layers.worth(level, difference, places)
    bulk.add(
        StockLevel,
        {
            level_id: {
                "sellable": gain,
                "blocked": blocked - stock.blocked,
                "uncounted": blocked - stock.blocked,
                "value": value if difference > 0 else -value,
            }
        },
    )
    bulk.add(BinStock, {stock.pk: {"quantity": difference, "blocked": blocked - stock.blocked}})
    if difference > 0:
        check_serials([lot_id])
    posting_id = None
    if difference:
        outside, inside = StockMove.Place.ADJUSTMENT, StockMove.Place.BIN
        came = difference > 0
        posting_id = post(
            StockPosting(
                company_id=company_id, kind=StockPosting.Kind.ADJUSTMENT, reference=reference, actor=actor, at=at
            ),
            [
                StockMove(
                    product_id=product_id,
                    lot_id=lot_id,
                    from_place=outside if came else inside,
                    from_bin_id=None if came else bin_id,
                    to_place=inside if came else outside,
                    to_bin_id=bin_id if came else None,
                    quantity=abs(difference),
                    value=value,
                )
            ],
        )
    layers.save(posting_id)
    demand_ids = tuple(sorted({cut.demand_id for cut in cuts}))
    allocate_demands(demand_ids=demand_ids, at=at)
    return Counted(stock.quantity, posting_id, demand_ids)


def _cuts(level: StockLevel, lacking: Decimal, product_id: int, locked: set[int]) -> list[Cut]:
    """Choose the promises that a level cannot keep any more, those that are due last before others."""
    cuts = []
    for allocation in reversed(promised_of([level.pk])) if lacking > 0 else ():
        if allocation.demand_id not in locked:
            raise StockMoved("Stock of this was promised while you counted. Nothing was changed: send it again.")
        units = min(lacking, allocation.quantity)
        cuts.append(Cut(allocation.pk, allocation.demand_id, level.pk, product_id, None, units))
        lacking -= units
        if lacking <= 0:
            break
    return cuts
