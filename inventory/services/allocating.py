"""Allocating again: what waits gets the stock that is there now, one order's demands or those of a whole company."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal

from django.db.models import F, QuerySet

from core import bulk
from core.reading import Among, Given, compiled
from core.transactions import atomic
from inventory import events
from inventory.decide import Supply, Want, decide
from inventory.models import Demand, StockLevel, Warehouse
from inventory.services.pegging import peg_later, settle_promises
from inventory.services.promising import allocation_of, grants_by_index, promised_on, raise_allocated
from inventory.services.sourcing import Destination, leave_days, leaves_on, routes_of

ZERO = Decimal(0)


@atomic
def allocate_demands(
    *,
    demand_ids: Collection[int],
    ranks: Mapping[int, int] | None = None,
    at: datetime,
    pegs_the_rest: bool = True,
) -> dict[int, Decimal]:
    """Promise what is on hand now to demands that still wait and are not held, by priority and then the earliest due.

    `ranks` says, by demand, in which turn those of one priority are served instead. What still waits afterwards looks
    anew for what comes, unless nothing about that can have changed. Return what each got (nothing: left out).
    """
    ranks = ranks or {}
    waiting = sorted(
        (demand for demand in _locked_demands(demand_ids) if demand.backordered > 0 and not demand.is_held),
        key=lambda d: (d.priority, ranks.get(d.pk, 0), d.due_on, d.pk),
    )
    if not waiting:
        return {}
    levels = _free_levels({d.company_id for d in waiting}, {d.product_id for d in waiting})
    sites = {site.pk: site for site in _sites({level.warehouse_id for level in levels})}
    supplies = [
        Supply(
            level.pk,
            level.product_id,
            level.warehouse_id,
            sites[level.warehouse_id].name,
            sites[level.warehouse_id].priority,
            level.sellable - level.allocated,
        )
        for level in levels
    ]
    wants = [
        Want(i, i, d.product_id, d.backordered, d.priority, Destination(d.destination_country, d.destination_postcode))
        for i, d in enumerate(waiting)
    ]
    by_index = grants_by_index(decide(wants, supplies, routes_of(sites, wants, at)))
    raise_allocated(by_index)
    days = {pk: leaves_on(site, at) for pk, site in sites.items()}
    leaves = {level.pk: days[level.warehouse_id] for level in levels}
    earlier = leave_days([waiting[index].pk for index in by_index if waiting[index].allocated], at)
    got: dict[int, Decimal] = {}
    served: list[Demand] = []
    allocations = []
    for index, grants in by_index.items():
        demand = waiting[index]
        served.append(demand)
        got[demand.pk] = sum((grant.quantity for grant in grants), ZERO)
        demand.allocated += got[demand.pk]
        if demand.allocated + demand.picked == demand.quantity:
            due_on = max(demand.due_on, earlier.get(demand.pk, demand.due_on))
            demand.promised_on = promised_on(due_on, grants, leaves)
            demand.first_promised_on = demand.first_promised_on or demand.promised_on
        allocations += [allocation_of(demand, grant, at) for grant in grants]
    bulk.update(served, ["allocated", "promised_on", "first_promised_on"])
    bulk.insert(allocations)
    gave_back = {demand_id for demand_id, _line in settle_promises(demand_ids=got, at=at).given_back}
    peg_later(
        {
            demand.product_id
            for demand in waiting
            if demand.pk in gave_back or (pegs_the_rest and demand.allocated + demand.picked < demand.quantity)
        }
    )
    if got:
        events.demands_allocated.send(sender=Demand, event=events.DemandsAllocated(tuple(sorted(got)), at))
    return got


@compiled
def _locked_demands(demand_ids: Given) -> QuerySet[Demand]:
    return Demand.objects.filter(Among(F("pk"), demand_ids)).locked()


@compiled
def _free_levels(company_ids: Given, product_ids: Given) -> QuerySet[StockLevel]:
    """Lock the levels that can still promise something; their warehouses are few, and read apart."""
    levels = StockLevel.objects.filter(
        Among(F("company_id"), company_ids), Among(F("product_id"), product_ids), sellable__gt=F("allocated")
    )
    return levels.locked().only("product", "warehouse", "sellable", "allocated")


@compiled
def _sites(warehouse_ids: Given) -> QuerySet[Warehouse]:
    return Warehouse.objects.filter(Among(F("pk"), warehouse_ids)).select_related("company", "calendar").order_by("pk")
