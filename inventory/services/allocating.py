"""Allocating again: what waits gets the stock that is there now, one order's demands or those of a whole company."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from core import bulk
from core.reading import Among, Given, compiled
from core.transactions import atomic
from inventory import events, sql
from inventory.decide import Decision, Supply, Want, decide
from inventory.models import Demand, StockLevel, Warehouse
from inventory.pools import Pools
from inventory.queries.pools import pool_id, pools_of
from inventory.services.capacity import plan_for
from inventory.services.lasting import lives_for
from inventory.services.pegging import peg_later, settle_promises
from inventory.services.promising import grants_by_index
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

    `ranks` says, by demand, in which turn those of one priority are served instead. What a transfer brings that was
    made for a demand is not looked for elsewhere. What still waits afterwards looks anew for what comes, unless nothing
    about that can have changed. Return what each got (nothing: left out).
    """
    ranks = ranks or {}
    waiting = sorted(
        (demand for demand in locked_demands(demand_ids) if demand.backordered > 0 and not demand.is_held),
        key=lambda d: (d.priority, ranks.get(d.pk, 0), d.due_on, d.pk),
    )
    if not waiting:
        return {}
    levels: list[Any] = _free_levels({d.company_id for d in waiting}, {d.product_id for d in waiting})
    brought = _brought([d.pk for d in waiting]) if levels else {}
    site_of = {level_id: site_id for level_id, _product, site_id, _free, _pools in levels}
    sites = {site.pk: site for site in _sites(set(site_of.values()))}
    places: dict[tuple[str, str], Destination] = {}
    for demand in waiting:
        place = demand.destination_country, demand.destination_postcode
        if place not in places:
            places[place] = Destination(*place)
    wants = [
        Want(
            i,
            i,
            d.product_id,
            d.backordered - brought.get(d.pk, ZERO),
            d.priority,
            places[d.destination_country, d.destination_postcode],
            max(d.good_until, at.date()) if d.good_until else None,
            d.channel_id,
        )
        for i, d in enumerate(waiting)
        if d.backordered > brought.get(d.pk, ZERO)
    ]
    lives = lives_for(wants, ((level_id, product_id) for level_id, product_id, *_rest in levels), at.date())
    pools = pools_of(level_id for level_id, *_rest, has_pools in levels if has_pools)
    supplies = [
        Supply(
            *(level_id, product_id, site_id, sites[site_id].name, sites[site_id].priority, free),
            lives.get(level_id),
            pools.get(level_id),
        )
        for level_id, product_id, site_id, free, _pools in levels
    ]
    plan = plan_for(sites, at)
    if plan:
        grants_made = plan.decide(Decision(supplies, {}, explains=False), wants, [d.due_on for d in waiting]).grants
    else:
        grants_made = decide(wants, supplies, routes_of(sites, wants, at), explains=False)
    by_index = grants_by_index(grants_made)
    days = {pk: leaves_on(site, at) for pk, site in sites.items()}
    earlier = leave_days([waiting[index].pk for index in by_index if waiting[index].allocated], at)
    got: dict[int, Decimal] = {}
    leaves: list[date | None] = []
    given: list[tuple[Demand, int, Decimal, str]] = []
    for index, grants in by_index.items():
        demand, units = waiting[index], ZERO
        day = max(demand.due_on, earlier.get(demand.pk, demand.due_on))
        for grant in grants:
            units += grant.quantity
            site_id = site_of[grant.level_id]
            day = max(day, plan.leaves(index, site_id) if plan else days[site_id])
            given.append((demand, grant.level_id, grant.quantity, grant.reason))
        got[demand.pk] = units
        leaves.append(day if units == demand.backordered else None)
    write_grants(given, got, leaves, pools, at)
    gave_back = settle_promises(demand_ids=got, at=at).gave_back
    peg_later(
        {
            demand.product_id
            for demand in waiting
            if demand.pk in gave_back or (pegs_the_rest and got.get(demand.pk, ZERO) < demand.backordered)
        }
    )
    if got:
        events.demands_allocated.send(sender=Demand, event=events.DemandsAllocated(tuple(sorted(got)), at))
    return got


def write_grants(
    given: Sequence[tuple[Demand, int, Decimal, str]],
    got: Mapping[int, Decimal],
    leaves: Sequence[date | None],
    pools: Mapping[int, Pools],
    at: datetime,
) -> None:
    """Write what demands are given of levels and why, all of which are locked, with the levels' pools that count it.

    Beside it what each got in all, and on which day all of it leaves where that is the whole of it.
    """
    if not got:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            sql.GRANT,
            [
                at,
                bulk.array([demand.company_id for demand, *_grant in given]),
                bulk.array([demand.pk for demand, *_grant in given]),
                bulk.array([level_id for _demand, level_id, _quantity, _reason in given]),
                bulk.array([quantity for _demand, _level_id, quantity, _reason in given]),
                bulk.array([reason for *_grant, reason in given]),
                bulk.array([demand.good_until for demand, *_grant in given]),
                bulk.array([pool_id(pools, level_id, demand.channel_id) for demand, level_id, *_grant in given]),
                bulk.array(got),
                bulk.array(got.values()),
                bulk.array(leaves),
            ],
        )


@compiled
def locked_demands(demand_ids: Given) -> QuerySet[Demand]:
    """Lock demands by their ids, and bring them."""
    return Demand.objects.filter(Among(F("pk"), demand_ids)).locked()


@compiled
def _free_levels(company_ids: Given, product_ids: Given) -> Any:
    """Lock the levels that can still promise something, as bare rows; their warehouses are few, and read apart."""
    levels = StockLevel.objects.filter(
        Among(F("company_id"), company_ids), Among(F("product_id"), product_ids), sellable__gt=F("allocated")
    )
    free = levels.annotate(free=F("sellable") - F("allocated"))
    return free.locked().values_list("pk", "product_id", "warehouse_id", "free", "has_pools")


def _brought(demand_ids: Collection[int]) -> dict[int, Decimal]:
    """Return by locked demand what transfers bring that were made for it: it looks for no other stock instead."""
    with connection.cursor() as cursor:
        cursor.execute(sql.BROUGHT, [bulk.array(demand_ids)])
        return dict(cursor.fetchall())


@compiled
def _sites(warehouse_ids: Given) -> QuerySet[Warehouse]:
    return Warehouse.objects.filter(Among(F("pk"), warehouse_ids)).select_related("company", "calendar").order_by("pk")
