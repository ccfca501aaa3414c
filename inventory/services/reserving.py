"""Keeping units for later: a demand that no order has placed yet, of stock or of what comes in time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from core import bulk
from core.transactions import atomic
from inventory.decide import Decision, Grant, Want
from inventory.models import Demand, StockLevel, SupplierOrderLine
from inventory.pools import Pools
from inventory.queries.pools import pools_of
from inventory.services.allocating import allocate_demands, write_grants
from inventory.services.capacity import plan_for
from inventory.services.freeing import cancel_demand, free_allocations, lock_promises
from inventory.services.lasting import lives_for
from inventory.services.pegging import (
    Line,
    lock_supply,
    lock_transfers,
    lock_waiting,
    peg_waiting,
    pegged_of_demands,
    settle_promises,
)
from inventory.services.promising import DemandRequest, locked_levels
from inventory.services.sourcing import leaves_on, routes_of, supplies_of

ZERO = Decimal(0)
# What is wanted later than in so many days is kept of what comes until then, as far as that goes, and not of the shelf
HORIZON = timedelta(days=30)


@atomic
def reserve(*, request: DemandRequest, warehouse_id: int | None = None, at: datetime) -> int:
    """Keep units for later, and return the demand that keeps them; nobody else is promised these.

    What is wanted within the horizon is kept of the shelf, and what the shelf lacks of what comes first. What is wanted
    later is kept of what comes until then, for the shelf serves others meanwhile; only what that lacks is kept of the
    shelf. Of a warehouse that is named it is kept first. What has neither waits for either, as an order would.
    """
    lines: list[Line] = [*lock_supply([request.product_id]), *lock_transfers([request.product_id])]
    lines.sort(key=lambda line: _site_of(line) != warehouse_id)
    demand = Demand(
        company_id=request.company_id,
        product_id=request.product_id,
        quantity=request.quantity,
        allocated=ZERO,
        due_on=request.due_on,
        good_until=request.good_until,
        channel_id=request.channel_id,
        destination_country=request.destination.country,
        destination_postcode=request.destination.postcode,
    )
    bulk.insert([demand])
    waiting = lock_waiting([request.product_id], demand_ids=[demand.pk])
    levels = locked_levels([request.company_id], [request.product_id])
    if is_far(request.due_on, at):
        in_time = [line for line in lines if at.date() <= line.expected_on <= request.due_on]
        here = [line for line in in_time if _site_of(line) == warehouse_id]
        for some in filter(None, (here, [line for line in in_time if line not in here])):
            peg_waiting(lines=some, demands=waiting, at=at)
    _give(demand, request, levels, warehouse_id, at)
    if lines:
        peg_waiting(lines=lines, demands=lock_waiting([request.product_id], demand_ids=[demand.pk]), at=at)
    else:
        settle_promises(demand_ids=[demand.pk], at=at)
    return int(demand.pk)


def is_far(wanted_on: date, at: datetime) -> bool:
    """Say whether a day is beyond the horizon within which the shelf keeps units."""
    return wanted_on > at.date() + HORIZON


@atomic
def free_reserved(*, demand_ids: Collection[int], at: datetime) -> dict[int, Decimal]:
    """Give all that demands keep to those who wait for it, as far as they need it, and return by demand what each got.

    Who is promised in time what comes, and wants it beyond the horizon only, keeps to that.
    """
    products = set(Demand.objects.filter(pk__in=demand_ids).values_list("product_id", flat=True))
    waiting = lock_waiting(products, demand_ids=demand_ids)
    kept = lock_promises(demand_ids=demand_ids)
    locked_levels({demand.company_id for demand in waiting}, products)
    free_allocations(cuts=[cut for one in kept.values() for cut in one.firm], at=at)
    left = {pk: one.backordered + sum((cut.quantity for cut in one.firm), ZERO) for pk, one in kept.items()}
    cancel_demand(cancelled={pk: units for pk, units in left.items() if units > 0}, at=at)
    others = [demand for demand in waiting if demand.pk not in kept]
    return allocate_demands(demand_ids=_in_need(others, at), at=at)


@atomic
def fill_reserved(*, demand_ids: Collection[int], at: datetime) -> dict[int, Decimal]:
    """Give what is free now to demands that keep units for later and lack some, as `reserve` would today."""
    demands = list(Demand.objects.filter(pk__in=demand_ids, backordered__gt=0).locked())
    return allocate_demands(demand_ids=_in_need(demands, at), at=at)


def _in_need(demands: Iterable[Demand], at: datetime) -> list[int]:
    """Return the demands that need stock: soon, or because nothing is promised in time that comes."""
    return [
        demand.pk
        for demand in demands
        if not is_far(demand.due_on, at) or demand.promised_on is None or demand.promised_on > demand.due_on
    ]


def _give(
    demand: Demand, request: DemandRequest, levels: list[StockLevel], warehouse_id: int | None, at: datetime
) -> None:
    """Keep stock of locked levels for a demand that is pegged to some of what comes, those of one warehouse first."""
    want = Want(
        *(0, 0, demand.product_id, demand.quantity - pegged_of_demands([demand.pk])[demand.pk]),
        destination=request.destination,
        good_until=request.good_until,
        channel_id=request.channel_id,
    )
    lives = lives_for([want], ((level.pk, level.product_id) for level in levels), at.date())
    pools = pools_of(level.pk for level in levels if level.has_pools)
    given: list[Grant] = []
    here = [level for level in levels if level.warehouse_id == warehouse_id]
    for some in filter(None, (here, [level for level in levels if level not in here])):
        if want.quantity <= 0:
            break
        sites = {level.warehouse_id: level.warehouse for level in some}
        decision = Decision(supplies_of(some, lives, pools), routes_of(sites, [want], at), explains=False)
        grants = decision.decide([want]).grants
        want.quantity -= sum((grant.quantity for grant in grants), ZERO)
        given += grants
    _write(demand, given, levels, pools, at)


def _write(
    demand: Demand, given: list[Grant], levels: list[StockLevel], pools: Mapping[int, Pools], at: datetime
) -> None:
    units = sum((grant.quantity for grant in given), ZERO)
    if units <= 0:
        return
    of_level = {level.pk: level.warehouse for level in levels}
    sites = {site.pk: site for site in (of_level[grant.level_id] for grant in given)}
    plan = plan_for(sites, at)
    leaves = [plan.take(pk, demand.due_on) if plan else leaves_on(site, at) for pk, site in sites.items()]
    day = max([demand.due_on, *leaves])
    write_grants(
        [(demand, grant.level_id, grant.quantity, grant.reason) for grant in given],
        {demand.pk: units},
        [day if units == demand.quantity else None],
        pools,
        at,
    )


def _site_of(line: Line) -> int:
    """Return the warehouse to which a line brings goods."""
    return line.order.warehouse_id if isinstance(line, SupplierOrderLine) else line.transfer.to_warehouse_id
