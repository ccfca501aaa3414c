"""Adjusting: units that are there and were not in the books, or are not there any more, for a reason that is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from inventory.models import Bin, BinStock, Product, StockLevel, StockMove, StockPosting, Warehouse
from inventory.services.lasting import LotName, check_serials, ensure_lots, shelf_lives
from inventory.services.layering import Layers
from inventory.services.posting import ensure_bin_stock, post
from inventory.services.promising import locked_levels
from inventory.shelf_life import ShelfLife

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Units of a product, or of a lot, that a bin has more than the books say, or fewer: `quantity` is below zero."""

    bin_id: int
    product_id: int
    quantity: Decimal
    lot: LotName | None = None


class NotEnoughThere(Refused):
    """More is to be written off than a bin holds of what nobody was promised."""

    code = "not_enough_there"


@atomic
def adjust_stock(
    *, company_id: int, adjustments: Sequence[Adjustment], places: int, reference: str, actor: User, at: datetime
) -> list[Adjustment | Refused]:
    """Post what pick bins have more or fewer than the books, at their cost; the answers are in their order.

    What is promised or to be picked stays: an adjustment that would take of it is refused alone. Units of which there
    were none have no value until a receipt brings one.

    :raises NotAllowed: where the actor may not adjust stock.
    :raises Blocked: for a bin that is no pick bin of the company, or a lot that is not clear.
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
    product_ids = {one.product_id for one in adjustments}
    tracking = dict(Product.objects.filter(company=company_id, pk__in=product_ids).values_list("pk", "tracking"))
    lots = ensure_lots(company_id, [(one.product_id, one.lot) for one in adjustments], tracking)
    found = [(one, lot_id) for one, lot_id in zip(adjustments, lots, strict=True) if one.quantity > 0]
    if found:
        with connection.cursor() as cursor:
            warehouses = [warehouse_of[one.bin_id] for one, _lot in found]
            cursor.execute(sql.ENSURE_LEVELS, [company_id, warehouses, [one.product_id for one, _lot in found]])
        ensure_bin_stock((one.bin_id, one.product_id, lot_id) for one, lot_id in found)
    levels = {(row.warehouse_id, row.product_id): row for row in locked_levels([company_id], product_ids)}
    rows = BinStock.objects.filter(product__in=product_ids, bin__in=warehouse_of).select_related("lot").locked()
    stocks = {(row.bin_id, row.product_id, row.lot_id): row for row in rows}
    lives = shelf_lives([row.pk for row in levels.values()], at.date()) if any(lots) else {}
    layers = Layers([row.pk for row in levels.values()])
    results: list[Adjustment | Refused] = []
    moves: list[StockMove] = []
    of_level: dict[int, dict[str, Decimal]] = defaultdict(lambda: {"sellable": ZERO, "value": ZERO})
    of_bin: dict[int, dict[str, Decimal]] = defaultdict(lambda: {"quantity": ZERO})
    for one, lot_id in zip(adjustments, lots, strict=True):
        level = levels.get((warehouse_of[one.bin_id], one.product_id))
        stock = stocks.get((one.bin_id, one.product_id, lot_id))
        free = _free(level, stock, lives)
        if level is None or stock is None or one.quantity < -free:
            results.append(NotEnoughThere(f"{_plain(-one.quantity)} cannot be written off: {_plain(free)} are free."))
            continue
        value = layers.worth(level, one.quantity, places)
        worth = value if one.quantity > 0 else -value
        level.value += worth
        stock.quantity += one.quantity
        of_level[level.pk]["value"] += worth
        of_bin[stock.pk]["quantity"] += one.quantity
        if stock.lot and stock.lot.blocked_at:
            level.uncounted += one.quantity
            stock.blocked += one.quantity
            for counter in ("blocked", "uncounted"):
                of_level[level.pk][counter] = of_level[level.pk].get(counter, ZERO) + one.quantity
            of_bin[stock.pk]["blocked"] = of_bin[stock.pk].get("blocked", ZERO) + one.quantity
        else:
            level.sellable += one.quantity
            of_level[level.pk]["sellable"] += one.quantity
            if stock.lot:
                there = lives[level.pk].there
                there[stock.lot.lasts_until] = there.get(stock.lot.lasts_until, ZERO) + one.quantity
        moves.append(_move(one, lot_id, value))
        results.append(one)
    if moves:
        bulk.add(StockLevel, of_level)
        bulk.add(BinStock, of_bin)
        check_serials(lot_id for _one, lot_id in found)
        kind = StockPosting.Kind.ADJUSTMENT
        layers.save(
            post(StockPosting(company_id=company_id, kind=kind, reference=reference, actor=actor, at=at), moves)
        )
    return results


def _free(level: StockLevel | None, stock: BinStock | None, lives: Mapping[int, ShelfLife]) -> Decimal:
    """Return the units of a bin that no promise and no pick will take."""
    if level is None or stock is None:
        return ZERO
    if stock.lot and stock.lot.blocked_at:
        return stock.blocked
    if stock.lot:
        return min(stock.quantity - stock.allocated - stock.blocked, lives[level.pk].free(stock.lot.lasts_until))
    return max(min(level.sellable - level.allocated, stock.quantity - stock.allocated - stock.blocked), ZERO)


def _move(one: Adjustment, lot_id: int | None, value: Decimal) -> StockMove:
    outside, inside = StockMove.Place.ADJUSTMENT, StockMove.Place.BIN
    came = one.quantity > 0
    return StockMove(
        product_id=one.product_id,
        lot_id=lot_id,
        from_place=outside if came else inside,
        from_bin_id=None if came else one.bin_id,
        to_place=inside if came else outside,
        to_bin_id=one.bin_id if came else None,
        quantity=abs(one.quantity),
        value=value,
    )


def _plain(units: Decimal) -> str:
    return f"{units.normalize():f}"
