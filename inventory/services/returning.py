"""Goods that are blocked at a cost of their own until it is decided where they go: sent back, or to be inspected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from core import bulk
from core.models import User
from core.refusals import Blocked
from core.transactions import atomic
from inventory import sql
from inventory.models import Bin, StockLevel, StockMove, StockPosting
from inventory.services.lasting import block_arrivals
from inventory.services.layering import Layers
from inventory.services.posting import Place, StockMoved, add_bin_stock, ensure_bin_stock, post, post_all, sums
from inventory.services.receiving import WarehouseNotReady

ZERO = Decimal(0)
Kind = StockPosting.Kind
# Where each disposition takes returned goods; outside there is no bin.
_LEADS_TO = {
    Kind.RESTOCK: StockMove.Place.BIN,
    Kind.QUARANTINE: StockMove.Place.BIN,
    Kind.SCRAP: StockMove.Place.ADJUSTMENT,
    Kind.SEND_BACK: StockMove.Place.CUSTOMER,
    Kind.INSPECTION: StockMove.Place.BIN,
    Kind.RETURN_OUT: StockMove.Place.SUPPLIER,
}
# These go on a shelf
_SHELVED = {Kind.RESTOCK, Kind.INSPECTION}


@dataclass(frozen=True, slots=True)
class ReturnedUnits:
    """Units of a product that came back, with what they cost when they left in company currency, and their lot."""

    product_id: int
    quantity: Decimal
    value: Decimal
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class DisposedUnits:
    """Blocked units that leave the bin they lie in, with their cost.

    Returned ones go to RESTOCK, QUARANTINE, SCRAP or SEND_BACK; those of a supplier by INSPECTION, SCRAP or RETURN_OUT.
    `bin_id` is the shelf to put them on; without one it is where the product lies already. `from_bin_id` is where they
    lie, if that is known; `supply_id` the supplier's line that brought them.
    """

    kind: StockPosting.Kind
    product_id: int
    quantity: Decimal
    value: Decimal
    bin_id: int | None = None
    lot_id: int | None = None
    from_bin_id: int | None = None
    supply_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a product's returned units lie in a warehouse and where they can go."""

    level_id: int | None
    returns: int | None
    quarantine: int | None
    shelf: int | None
    stocked: Sequence[int]


@atomic
def receive_returns(
    *, company_id: int, warehouse_id: int, units: Sequence[ReturnedUnits], reference: str, actor: User, at: datetime
) -> int:
    """Post returned goods into the warehouse's returns bin, where nobody can sell them; return the posting's id.

    :raises WarehouseNotReady: where the warehouse has no returns bin.
    """
    places = _places(company_id, warehouse_id, units)
    changes: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for unit in units:
        change = changes[places[unit.product_id].level_id or 0]
        change["blocked"] += unit.quantity
        change["value"] += unit.value
        change["blocked_value"] += unit.value
    bulk.add(StockLevel, changes)
    into = sums(((places[unit.product_id].returns, unit.product_id, unit.lot_id), unit.quantity) for unit in units)
    add_bin_stock(quantities=into, allocated={})
    moves = [
        StockMove(
            product_id=unit.product_id,
            lot_id=unit.lot_id,
            from_place=StockMove.Place.CUSTOMER,
            to_place=StockMove.Place.BIN,
            to_bin_id=places[unit.product_id].returns,
            quantity=unit.quantity,
            value=unit.value,
        )
        for unit in units
    ]
    posting = StockPosting(company_id=company_id, kind=Kind.RETURN, reference=reference, actor=actor, at=at)
    return post(posting, moves)


@atomic
def dispose_returns(
    *,
    company_id: int,
    warehouse_id: int,
    units: Sequence[DisposedUnits],
    reference: str,
    actor: User,
    at: datetime,
    from_quarantine: bool = False,
) -> dict[StockPosting.Kind, int]:
    """Take blocked goods out of the returns bin, or out of quarantine, and return a posting's id per kind.

    They go at the cost they came in with. Those put on a shelf are sellable at once and join the moving average, or are
    the last layer; those in quarantine stay blocked; scrapped ones and those that go back leave the house.

    :raises WarehouseNotReady: where the warehouse has no bin for them.
    :raises Blocked: where a bin to restock is no shelf of the warehouse.
    :raises StockMoved: where the bin that they lie in does not hold as much.
    """
    _check_shelves(warehouse_id, {unit.bin_id for unit in units if unit.bin_id is not None})
    places = _places(company_id, warehouse_id, (), units, needs_returns=not from_quarantine)
    restocked = {places[unit.product_id].level_id or 0 for unit in units if unit.kind in _SHELVED}
    layers = Layers(restocked)
    changes: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    bins: dict[Place, Decimal] = defaultdict(Decimal)
    moves: dict[StockPosting.Kind, list[StockMove]] = defaultdict(list)
    for unit in units:
        place = places[unit.product_id]
        assert place.level_id is not None
        source = unit.from_bin_id or (place.quarantine if from_quarantine else place.returns)
        assert source is not None
        change = changes[place.level_id]
        if unit.kind != Kind.QUARANTINE:
            change["blocked"] -= unit.quantity
            change["blocked_value"] -= unit.value
        if unit.kind in _SHELVED:
            change["sellable"] += unit.quantity
            layers.add(place.level_id, unit.quantity, unit.value, supply_id=unit.supply_id)
        elif unit.kind != Kind.QUARANTINE:
            change["value"] -= unit.value
        target = _target(unit, place)
        bins[source, unit.product_id, unit.lot_id] -= unit.quantity
        if target is not None:
            bins[target, unit.product_id, unit.lot_id] += unit.quantity
        moves[unit.kind].append(
            StockMove(
                product_id=unit.product_id,
                lot_id=unit.lot_id,
                from_place=StockMove.Place.BIN,
                from_bin_id=source,
                to_place=_LEADS_TO[unit.kind],
                to_bin_id=target,
                quantity=unit.quantity,
                value=unit.value,
            )
        )
    bulk.add(StockLevel, {level_id: change for level_id, change in changes.items() if change})
    add_bin_stock(quantities=bins, allocated={})
    block_arrivals(bins)
    postings = {
        kind: StockPosting(company_id=company_id, kind=kind, reference=reference, actor=actor, at=at) for kind in moves
    }
    post_all([(postings[kind], of_kind) for kind, of_kind in moves.items()])
    for kind in _SHELVED & postings.keys():
        layers.save(postings[kind].pk)
    return {kind: int(posting.pk) for kind, posting in postings.items()}


def _target(unit: DisposedUnits, place: _Places) -> int | None:
    if unit.kind == Kind.QUARANTINE:
        return place.quarantine
    if unit.kind in _SHELVED:
        return unit.bin_id if unit.bin_id is not None else place.shelf
    return None


def _check_shelves(warehouse_id: int, bin_ids: Collection[int]) -> None:
    if bin_ids:
        shelves = Bin.objects.filter(pk__in=bin_ids, warehouse=warehouse_id, kind=Bin.Kind.PICK)
        if shelves.count() != len(bin_ids):
            raise Blocked("Goods are restocked on a shelf of the warehouse that they came to: scan another bin.")


def _places(
    company_id: int,
    warehouse_id: int,
    returned: Sequence[ReturnedUnits],
    disposed: Sequence[DisposedUnits] = (),
    *,
    needs_returns: bool = True,
) -> Mapping[int, _Places]:
    """Return where products lie and go, with a row for each in the bins that goods are about to enter."""
    product_ids = {*(unit.product_id for unit in returned), *(unit.product_id for unit in disposed)}
    places = _read_places(company_id, warehouse_id, product_ids)
    if needs_returns and any(place.returns is None for place in places.values()):
        raise WarehouseNotReady("This warehouse has no bin for returns yet: an administrator adds one of that kind.")
    wanted = {
        *((places[unit.product_id].returns, unit.product_id, unit.lot_id) for unit in returned),
        *((_target(unit, places[unit.product_id]), unit.product_id, unit.lot_id) for unit in disposed),
    }
    lacking = {kind for kind in (Kind.QUARANTINE, *_SHELVED) if _lacks(kind, disposed, places)}
    if lacking:
        kind = "quarantine" if Kind.QUARANTINE in lacking else "picking"
        raise WarehouseNotReady(f"This warehouse has no bin for {kind} yet: an administrator adds one of that kind.")
    missing = [
        (bin_id, product_id, lot_id)
        for bin_id, product_id, lot_id in wanted
        if bin_id is not None and (lot_id is not None or bin_id not in places[product_id].stocked)
    ]
    if not missing and all(place.level_id for place in places.values()):
        return places
    lacking_levels = sorted(product_id for product_id, place in places.items() if place.level_id is None)
    if disposed and lacking_levels:
        raise StockMoved("These goods are not in this warehouse any more. Nothing was moved: look again.")
    if lacking_levels:
        with connection.cursor() as cursor:
            cursor.execute(sql.ENSURE_LEVELS, [company_id, [warehouse_id] * len(lacking_levels), lacking_levels])
    if missing:
        ensure_bin_stock(missing)
    return _read_places(company_id, warehouse_id, product_ids) if lacking_levels else places


def _lacks(kind: StockPosting.Kind, disposed: Sequence[DisposedUnits], places: Mapping[int, _Places]) -> bool:
    return any(_target(unit, places[unit.product_id]) is None for unit in disposed if unit.kind == kind)


def _read_places(company_id: int, warehouse_id: int, product_ids: Collection[int]) -> dict[int, _Places]:
    with connection.cursor() as cursor:
        cursor.execute(sql.RETURN_PLACES, [company_id, warehouse_id, bulk.array(sorted(product_ids))])
        return {product_id: _Places(*place) for product_id, *place in cursor.fetchall()}
