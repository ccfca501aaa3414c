"""Lots: naming them as goods come in, how long what is there can be promised for, and keeping back what is blocked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import F, Sum

from core import bulk
from core.refusals import Blocked
from inventory import sql
from inventory.decide import Want
from inventory.models import Bin, BinStock, Lot, Product, StockLevel
from inventory.services.posting import Place
from inventory.shelf_life import ShelfLife

Tracking = Product.Tracking


@dataclass(frozen=True, slots=True)
class LotName:
    """What a lot is called, or one unit by its serial number, and its last day where it has one."""

    code: str
    expires_on: date | None = None


class LotUnclear(Blocked):
    """It was not said of which lot units are, or what was said does not fit what is known of it."""

    code = "lot_unclear"


def ensure_lots(
    company_id: int, named: Sequence[tuple[int, LotName | None]], tracking: dict[int, str]
) -> list[int | None]:
    """Return the lot of each (product, name), made where it is new; nothing for products without lots.

    :param tracking: how each of the products is known.
    :raises LotUnclear: where a lot is not named, or is where there are none, or was said to last otherwise before.
    """
    for product_id, name in named:
        if (name is None or not name.code) == (tracking[product_id] != Tracking.NONE):
            sku = Product.objects.values_list("sku", flat=True).get(pk=product_id)
            if name is not None and name.code:
                raise LotUnclear(f"{sku} has no lots: leave {name.code} away.")
            what = "serial number" if tracking[product_id] == Tracking.SERIAL else "lot"
            raise LotUnclear(f"Say which {what} of {sku} it is.")
    wanted = [(product_id, name) for product_id, name in named if name is not None and name.code]
    if not wanted:
        return [None] * len(named)
    last_days: dict[tuple[int, str], date | None] = {}
    for product_id, name in wanted:
        known = last_days.setdefault((product_id, name.code), name.expires_on)
        if name.expires_on is not None and known != name.expires_on:
            raise LotUnclear(f"Lot {name.code} cannot be good until two days, {known} and {name.expires_on}.")
    products = [product_id for product_id, _code in last_days]
    codes = [code for _product, code in last_days]
    with connection.cursor() as cursor:
        cursor.execute(
            sql.ENSURE_LOTS, [company_id, bulk.array(products), bulk.array(codes), bulk.array(last_days.values())]
        )
    lots = {
        (lot.product_id, lot.code): lot
        for lot in Lot.objects.filter(company=company_id, product__in=products, code__in=codes)
    }
    for key, last_day in last_days.items():
        lot = lots[key]
        if last_day is not None and lot.expires_on != last_day:
            good = f"until {lot.expires_on}" if lot.expires_on else "for good"
            raise LotUnclear(f"Lot {lot} is known, and keeps {good}: it cannot be good until {last_day} as well.")
    return [lots[product_id, name.code].pk if name and name.code else None for product_id, name in named]


def check_serials(lot_ids: Iterable[int | None]) -> None:
    """See that no serial number stands for more than one unit, under the locks of those that just came in.

    :raises LotUnclear: where one does.
    """
    ids = sorted({pk for pk in lot_ids if pk is not None})
    if not ids:
        return
    serials = Lot.objects.filter(pk__in=ids, product__tracking=Tracking.SERIAL)
    codes = {lot.pk: lot.code for lot in serials.locked()}
    there = BinStock.objects.filter(lot__in=codes).values_list("lot").annotate(units=Sum("quantity")).order_by("lot")
    for lot_id, units in there:
        if units > 1:
            raise LotUnclear(f"Serial number {codes[lot_id]} stands for one unit, and there is one of it already.")


def shelf_lives(level_ids: Collection[int], today: date) -> dict[int, ShelfLife]:
    """Return how long what locked levels can still give of products with lots lasts, less what was promised of it.

    What was to last until a day that has passed must at least be good today.
    """
    there: dict[int, dict[date, Decimal]] = {pk: {} for pk in level_ids}
    promised: list[tuple[int, date, Decimal]] = []
    with connection.cursor() as cursor:
        cursor.execute(sql.SHELF_LIVES, [bulk.array(level_ids)])
        for level_id, is_there, day, units in cursor.fetchall():
            if is_there:
                there[level_id][day or date.max] = units
            else:
                promised.append((level_id, max(day, today), units))
    lives = {pk: ShelfLife(units) for pk, units in there.items()}
    for level_id, day, units in promised:
        lives[level_id].promise(day, units)
    return lives


def lives_for(wants: Iterable[Want], levels: Iterable[tuple[int, int]], today: date) -> dict[int, ShelfLife]:
    """Return how long what locked levels can give lasts, for those of whose products some want needs lots that last.

    :param levels: each with its product.
    """
    lasting = {want.product_id for want in wants if want.good_until is not None}
    return shelf_lives([pk for pk, product_id in levels if product_id in lasting], today) if lasting else {}


def block_arrivals(places: Iterable[Place]) -> None:
    """Block what has just come to shelves of lots that are blocked; its levels and bins are locked."""
    arrived = {place for place in places if place[2] is not None}
    if not arrived:
        return
    rows = BinStock.objects.filter(
        lot__in={lot_id for _bin, _product, lot_id in arrived},
        lot__blocked_at__isnull=False,
        bin__in={bin_id for bin_id, _product, _lot in arrived},
        bin__kind=Bin.Kind.PICK,
        quantity__gt=F("allocated") + F("blocked"),
    )
    stocks = list(rows.select_related("bin").order_by("pk"))
    levels = {
        (level.product_id, level.warehouse_id): level.pk
        for level in StockLevel.objects.filter(
            product__in={stock.product_id for stock in stocks}, warehouse__in={s.bin.warehouse_id for s in stocks}
        )
    }
    blocked = {stock.pk: stock.quantity - stock.allocated - stock.blocked for stock in stocks}
    of_level: dict[int, Decimal] = defaultdict(Decimal)
    for stock in stocks:
        of_level[levels[stock.product_id, stock.bin.warehouse_id]] += blocked[stock.pk]
    block_units(of_level, blocked)


def block_units(of_level: Mapping[int, Decimal], of_bin: Mapping[int, Decimal]) -> None:
    """Block units on shelves, of locked levels and then of their bins."""
    bulk.add(
        StockLevel,
        {pk: {"sellable": -units, "blocked": units, "uncounted": units} for pk, units in of_level.items()},
    )
    bulk.add(BinStock, {pk: {"blocked": units} for pk, units in of_bin.items()})
