"""Adjusting: units that are there and were not in the books, or are not there any more, for a reason that is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from core import bulk
from core.models import User
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory import sql
from inventory.models import Bin, BinStock, StockLevel, StockMove, StockPosting, Warehouse
from inventory.services.counting import share_of
from inventory.services.posting import post
from inventory.services.promising import locked_bins, locked_levels

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Units of a product that a bin has more than the books say, or fewer where `quantity` is below zero."""

    bin_id: int
    product_id: int
    quantity: Decimal


class NotEnoughThere(Refused):
    """More is to be written off than a bin holds of what nobody was promised."""

    code = "not_enough_there"


@atomic
def adjust_stock(
    *, company_id: int, adjustments: Sequence[Adjustment], places: int, reference: str, actor: User, at: datetime
) -> list[Adjustment | Refused]:
    """Post what pick bins have more or fewer than the books, at moving average cost; the answers are in their order.

    What is promised or to be picked stays: an adjustment that would take of it is refused alone. Units of which there
    were none have no value until a receipt brings one.

    :raises NotAllowed: where the actor may not adjust stock.
    :raises Blocked: for a bin that is no pick bin of the company.
    """
    require(actor, "inventory.adjust")
    if not adjustments:
        return []
    shelves = Bin.objects.filter(
        pk__in={one.bin_id for one in adjustments},
        warehouse__in=Warehouse.objects.for_user(actor).filter(company=company_id),
        kind=Bin.Kind.PICK,
    )
    warehouse_of = dict(shelves.values_list("pk", "warehouse_id"))
    if {one.bin_id for one in adjustments} - warehouse_of.keys():
        raise Blocked("Stock can be adjusted in pick bins of your own company only.")
    found = [one for one in adjustments if one.quantity > 0]
    bins, products = [one.bin_id for one in found], [one.product_id for one in found]
    with connection.cursor() as cursor:
        cursor.execute(sql.ENSURE_LEVELS, [company_id, [warehouse_of[pk] for pk in bins], products])
        cursor.execute(sql.ENSURE_BIN_STOCK, [bins, products])
    product_ids = {one.product_id for one in adjustments}
    levels = {(row.warehouse_id, row.product_id): row for row in locked_levels([company_id], product_ids)}
    stocks = {(row.bin_id, row.product_id): row for row in locked_bins(product_ids, set(warehouse_of.values()))}
    results: list[Adjustment | Refused] = []
    moves: list[StockMove] = []
    of_level: dict[int, dict[str, Decimal]] = defaultdict(lambda: {"sellable": ZERO, "value": ZERO})
    of_bin: dict[int, dict[str, Decimal]] = defaultdict(lambda: {"quantity": ZERO})
    for one in adjustments:
        level = levels.get((warehouse_of[one.bin_id], one.product_id))
        stock = stocks.get((one.bin_id, one.product_id))
        free = _free(level, stock)
        if level is None or stock is None or one.quantity < -free:
            results.append(NotEnoughThere(f"{_plain(-one.quantity)} cannot be written off: {_plain(free)} are free."))
            continue
        value = share_of(level, abs(one.quantity), places)
        worth = value if one.quantity > 0 else -value
        level.sellable += one.quantity
        level.value += worth
        stock.quantity += one.quantity
        of_level[level.pk]["sellable"] += one.quantity
        of_level[level.pk]["value"] += worth
        of_bin[stock.pk]["quantity"] += one.quantity
        moves.append(_move(one, value))
        results.append(one)
    if moves:
        bulk.add(StockLevel, of_level)
        bulk.add(BinStock, of_bin)
        kind = StockPosting.Kind.ADJUSTMENT
        post(StockPosting(company_id=company_id, kind=kind, reference=reference, actor=actor, at=at), moves)
    return results


def _free(level: StockLevel | None, stock: BinStock | None) -> Decimal:
    """Return the units of a bin that no promise and no pick will take."""
    if level is None or stock is None:
        return ZERO
    return max(min(level.sellable - level.allocated, stock.quantity - stock.allocated - stock.blocked), ZERO)


def _move(one: Adjustment, value: Decimal) -> StockMove:
    outside, inside = StockMove.Place.ADJUSTMENT, StockMove.Place.BIN
    came = one.quantity > 0
    return StockMove(
        product_id=one.product_id,
        from_place=outside if came else inside,
        from_bin_id=None if came else one.bin_id,
        to_place=inside if came else outside,
        to_bin_id=one.bin_id if came else None,
        quantity=abs(one.quantity),
        value=value,
    )


def _plain(units: Decimal) -> str:
    return f"{units.normalize():f}"
