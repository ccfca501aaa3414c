"""The promise: placing demand, and allocating stock to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F, QuerySet

from core import bulk
from core.reading import Among, Given, compiled
from core.transactions import atomic
from inventory.decide import Decision, Grant, Want
from inventory.models import Allocation, Demand, StockLevel
from inventory.pools import Pools
from inventory.queries.pools import pool_id, pools_of
from inventory.services.capacity import plan_for
from inventory.services.lasting import lives_for
from inventory.services.pegging import peg_later
from inventory.services.sourcing import Destination, leaves_on, routes_of, supplies_of
from inventory.services.taking_over import TakenOver, Taking

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class DemandRequest:
    """What one part of an order asks for.

    Requests of one `group` (the order) leave together where one warehouse can fill all. Of a product with lots it asks
    for what is good until a day. Sold through a channel, it gets what that may have. What was kept for it before
    (`taking`) is its own before anything else.
    """

    company_id: int
    product_id: int
    quantity: Decimal
    due_on: date
    group: int
    destination: Destination
    good_until: date | None = None
    channel_id: int | None = None
    taking: tuple[Taking, ...] = ()


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised of one request: the demand, how much of it has stock, how much waits, and why from where.

    `rejected` says of each warehouse that could have given some of the group's goods why it was passed over, `withheld`
    what there is that is for other channels.
    """

    demand_id: int
    allocated: Decimal
    backordered: Decimal
    promised_on: date | None
    reasons: tuple[str, ...]
    rejected: tuple[str, ...]
    withheld: tuple[str, ...] = ()
    warehouse_ids: tuple[int, ...] = ()


@atomic
def place_demand(*, requests: Sequence[DemandRequest], at: datetime) -> list[Promise]:
    """Record demand and promise on-hand stock to it under the levels' locks.

    Return a promise per request, in their order.

    Where a site sends so many lines a day at most, what it is promised leaves on the first day with room (F1).
    What has no stock is backordered, never refused: a level is never promised twice (PRODUCT.md E2, cases 1-3 and 14).
    """
    if not requests:
        return []
    takings = {index: request.taking for index, request in enumerate(requests) if request.taking}
    taken = TakenOver(takings, at) if takings else None
    # Whoever takes over gives up first: of levels that are promised to the last unit, too
    levels = list(
        (locked_levels if taken else _levels_with_stock)(
            {request.company_id for request in requests}, {request.product_id for request in requests}
        )
    )
    if taken:
        taken.give_up()
    wants = [
        Want(
            index,
            request.group,
            request.product_id,
            request.quantity,
            destination=request.destination,
            good_until=request.good_until,
            channel_id=request.channel_id,
        )
        for index, request in enumerate(requests)
    ]
    sites = {level.warehouse_id: level.warehouse for level in levels}
    lives = lives_for(wants, ((level.pk, level.product_id) for level in levels), at.date())
    pools = pools_of(level.pk for level in levels if level.has_pools)
    own = taken.serve(wants, lives, pools) if taken else {}
    open_wants = [want for want in wants if want.quantity > 0] if taken else wants
    supplies, plan = supplies_of(levels, lives, pools), plan_for(sites, at)
    site_of = {level.pk: level.warehouse_id for level in levels}
    if plan:
        due = [request.due_on for request in requests]
        plan.hold({index: {site_of[one.level_id] for one in grants} for index, grants in own.items()}, due)
        decision = plan.decide(Decision(supplies, {}), open_wants, due)
    else:
        decision = Decision(supplies, routes_of(sites, wants, at)).decide(open_wants)
    by_index = grants_by_index(decision.grants)
    for index, grants in own.items():
        by_index[index] = [*grants, *by_index.get(index, ())]
    _raise_allocated(by_index)  # with the demands, below
    leaves = {level.pk: leaves_on(level.warehouse, at) for level in levels}
    demands, allocations = [], []
    for index, request in enumerate(requests):
        grants = by_index.get(index, [])
        allocated = sum((grant.quantity for grant in grants), ZERO)
        if plan:
            leaves = {grant.level_id: plan.leaves(index, site_of[grant.level_id]) for grant in grants}
        first = _promised_on(request.due_on, grants, leaves) if allocated == request.quantity else None
        demand = Demand(
            company_id=request.company_id,
            product_id=request.product_id,
            quantity=request.quantity,
            allocated=allocated,
            due_on=request.due_on,
            promised_on=first,
            first_promised_on=first,
            good_until=request.good_until,
            channel_id=request.channel_id,
            destination_country=request.destination.country,
            destination_postcode=request.destination.postcode,
        )
        demands.append(demand)
        allocations += [_allocation_of(demand, grant, pools, at) for grant in grants]
    bulk.insert(demands, (allocations, "demand"))
    if taken:
        taken.give_on({index: demands[index] for index in takings})
    peg_later({demand.product_id for demand in demands if demand.allocated < demand.quantity})
    return [
        Promise(
            demand_id=demand.pk,
            allocated=demand.allocated,
            backordered=demand.quantity - demand.allocated,
            promised_on=demand.promised_on,
            reasons=tuple(grant.reason for grant in by_index.get(index, [])),
            rejected=next((grant.rejected for grant in by_index.get(index, [])), ()),
            withheld=decision.withheld.get(index, ()),
            warehouse_ids=tuple(site_of[grant.level_id] for grant in by_index.get(index, [])),
        )
        for index, demand in enumerate(demands)
    ]


@compiled
def lock_demands(demand_ids: Given) -> QuerySet[Demand]:
    """Lock demands by their ids, before anything that they were promised."""
    return Demand.objects.filter(Among(F("pk"), demand_ids)).locked().only("pk")


def lock_stock(*, demand_ids: Collection[int], company_id: int, product_ids: Collection[int]) -> None:
    """Lock demands, and then all that the company has of products: for who frees of one and takes of another."""
    lock_demands(list(demand_ids))
    locked_levels([company_id], list(product_ids))


@compiled
def firm_allocations(demand_ids: Given) -> QuerySet[Allocation]:
    """Return the firm allocations of demands, with their levels."""
    firm = Allocation.objects.filter(Among(F("demand_id"), demand_ids), Among(F("status"), [Allocation.Status.FIRM]))
    return firm.select_related("level").order_by("pk")


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
    bulk.add_later(StockLevel, changes)


def _allocation_of(demand: Demand, grant: Grant, pools: Mapping[int, Pools], at: datetime) -> Allocation:
    return Allocation(
        company_id=demand.company_id,
        demand=demand,
        level_id=grant.level_id,
        quantity=grant.quantity,
        good_until=demand.good_until,
        pool_id=pool_id(pools, grant.level_id, demand.channel_id),
        reason=grant.reason,
        created_at=at,
    )
