"""The promise: placing demand, allocating stock to it, and choosing the bins when it is released."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F, QuerySet

from core import bulk, transitions
from core.reading import Among, Given, compiled
from core.transactions import atomic
from inventory.decide import Grant, Want, decide
from inventory.models import Allocation, Bin, BinStock, Demand, StockLevel
from inventory.services.pegging import peg_later
from inventory.services.sourcing import Destination, leaves_on, routes_of, supplies_of

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class DemandRequest:
    """What one part of an order asks for.

    Requests of one `group` (the order) leave together where one warehouse can fill all.
    """

    company_id: int
    product_id: int
    quantity: Decimal
    due_on: date
    group: int
    destination: Destination


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised of one request: the demand, how much of it has stock, how much waits, and why from where.

    `rejected` says of each warehouse that could have given some of the group's goods why it was passed over.
    """

    demand_id: int
    allocated: Decimal
    backordered: Decimal
    promised_on: date | None
    reasons: tuple[str, ...]
    rejected: tuple[str, ...]


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


@atomic
def place_demand(*, requests: Sequence[DemandRequest], at: datetime) -> list[Promise]:
    """Record demand and promise on-hand stock to it under the levels' locks.

    Return a promise per request, in their order.

    What has no stock is backordered, never refused: a level is never promised twice (PRODUCT.md E2, cases 1-3 and 14).
    """
    if not requests:
        return []
    levels = list(
        _levels_with_stock({request.company_id for request in requests}, {request.product_id for request in requests})
    )
    wants = [
        Want(index, request.group, request.product_id, request.quantity, destination=request.destination)
        for index, request in enumerate(requests)
    ]
    sites = {level.warehouse_id: level.warehouse for level in levels}
    by_index = grants_by_index(decide(wants, supplies_of(levels), routes_of(sites, wants, at)))
    _raise_allocated(by_index)
    leaves = {level.pk: leaves_on(level.warehouse, at) for level in levels}
    demands, allocations = [], []
    for index, request in enumerate(requests):
        grants = by_index.get(index, [])
        allocated = sum((grant.quantity for grant in grants), ZERO)
        first = _promised_on(request.due_on, grants, leaves) if allocated == request.quantity else None
        demand = Demand(
            company_id=request.company_id,
            product_id=request.product_id,
            quantity=request.quantity,
            allocated=allocated,
            due_on=request.due_on,
            promised_on=first,
            first_promised_on=first,
            destination_country=request.destination.country,
            destination_postcode=request.destination.postcode,
        )
        demands.append(demand)
        allocations += [_allocation_of(demand, grant, at) for grant in grants]
    bulk.insert(demands, (allocations, "demand"))
    peg_later({demand.product_id for demand in demands if demand.allocated < demand.quantity})
    return [
        Promise(
            demand_id=demand.pk,
            allocated=demand.allocated,
            backordered=demand.quantity - demand.allocated,
            promised_on=demand.promised_on,
            reasons=tuple(grant.reason for grant in by_index.get(index, [])),
            rejected=next((grant.rejected for grant in by_index.get(index, [])), ()),
        )
        for index, demand in enumerate(demands)
    ]


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

    Bins that somebody is still to count come last: they are sent to only where nothing else can give.
    """
    if not allocations:
        return []
    stocks = locked_bins(
        {allocation.stock.product_id for allocation in allocations},
        {allocation.stock.warehouse_id for allocation in allocations},
    )
    shelves: dict[tuple[int, int], list[BinStock]] = defaultdict(list)
    totes: dict[tuple[int, int], Bin] = {}
    for stock in sorted(stocks, key=lambda s: (s.blocked > 0, s.bin.sequence, s.bin.code, s.pk)):
        key = (stock.bin.warehouse_id, stock.product_id)
        if stock.bin.kind == Bin.Kind.PICK:
            shelves[key].append(stock)
        else:
            totes.setdefault(key, stock.bin)
    free = {stock.pk: stock.quantity - stock.allocated - stock.blocked for stock in stocks}
    taken: dict[int, dict[str, Decimal]] = defaultdict(lambda: {"allocated": ZERO})
    picks: list[tuple[tuple[int, str], BinPick]] = []
    for allocation in allocations:
        level = allocation.stock
        key = (level.warehouse_id, level.product_id)
        for stock, quantity in _from_bins(shelves[key], free, allocation.quantity):
            free[stock.pk] -= quantity
            taken[stock.pk]["allocated"] += quantity
            pick = BinPick(
                allocation_id=allocation.pk,
                demand_id=allocation.demand_id,
                level_id=level.pk,
                product_id=level.product_id,
                warehouse_id=level.warehouse_id,
                bin_id=stock.bin_id,
                tote_id=totes[key].pk,
                quantity=quantity,
            )
            picks.append(((stock.bin.sequence, stock.bin.code), pick))
    bulk.add(BinStock, taken)
    transitions.apply_later(allocations, "release", at=at)
    return [
        pick for _place, pick in sorted(picks, key=lambda pair: (pair[1].warehouse_id, pair[0], pair[1].allocation_id))
    ]


@compiled
def lock_demands(demand_ids: Given) -> QuerySet[Demand]:
    """Lock demands by their ids, before anything that they were promised."""
    return Demand.objects.filter(Among(F("pk"), demand_ids)).locked().only("pk")


@compiled
def firm_allocations(demand_ids: Given) -> QuerySet[Allocation]:
    """Return the firm allocations of demands, with their levels."""
    firm = Allocation.objects.filter(Among(F("demand_id"), demand_ids), Among(F("status"), [Allocation.Status.FIRM]))
    return firm.select_related("level").order_by("pk")


@compiled
def locked_bins(product_ids: Given, warehouse_ids: Given) -> QuerySet[BinStock]:
    """Lock what the shelves and totes of warehouses have of products, and bring their bins."""
    stocks = BinStock.objects.filter(
        Among(F("product_id"), product_ids),
        Among(F("bin__warehouse_id"), warehouse_ids),
        bin__kind__in=[Bin.Kind.PICK, Bin.Kind.TOTE],
    )
    return stocks.select_related("bin").locked()


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


@compiled
def locked_levels(company_ids: Given, product_ids: Given) -> QuerySet[StockLevel]:
    """Lock what companies have of products in all their warehouses, and bring these with their working days."""
    levels = StockLevel.objects.filter(Among(F("company_id"), company_ids), Among(F("product_id"), product_ids))
    return levels.select_related("warehouse__company", "warehouse__calendar").locked()


@compiled
def _levels_with_stock(company_ids: Given, product_ids: Given) -> QuerySet[StockLevel]:
    """Lock the levels that can still promise something, and bring their warehouses with their working days.

    A level that is promised to its last unit has nothing to guard: who wants of it need not wait for one another. Who
    asks while somebody frees units of it, or brings some, waits for stock as if they had asked before: the workbench
    shows that these can be had, and any allocation gives them.
    """
    levels = StockLevel.objects.filter(
        Among(F("company_id"), company_ids), Among(F("product_id"), product_ids), sellable__gt=F("allocated")
    )
    return levels.select_related("warehouse__company", "warehouse__calendar").locked()


def _promised_on(due_on: date, grants: Sequence[Grant], leaves: Mapping[int, date]) -> date:
    """Return the day on which all grants can leave, not before it is due."""
    return max([due_on, *(leaves[grant.level_id] for grant in grants)])


def grants_by_index(grants: Sequence[Grant]) -> dict[int, list[Grant]]:
    """Return what was granted to each want, by its index."""
    by_index: dict[int, list[Grant]] = defaultdict(list)
    for grant in grants:
        by_index[grant.index].append(grant)
    return dict(by_index)


def _raise_allocated(by_index: Mapping[int, Sequence[Grant]]) -> None:
    changes: dict[int, dict[str, Decimal]] = defaultdict(lambda: {"allocated": ZERO})
    for grants in by_index.values():
        for grant in grants:
            changes[grant.level_id]["allocated"] += grant.quantity
    bulk.add(StockLevel, changes)


def _allocation_of(demand: Demand, grant: Grant, at: datetime) -> Allocation:
    return Allocation(
        company_id=demand.company_id,
        demand=demand,
        level_id=grant.level_id,
        quantity=grant.quantity,
        reason=grant.reason,
        created_at=at,
    )
