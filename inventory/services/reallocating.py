"""Giving stock anew: what several demands have and what is free is shared among them by a strategy for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from core import bulk
from core.transactions import atomic
from inventory.decide import Want
from inventory.models import Allocation, Demand, Warehouse
from inventory.pools import Pools
from inventory.queries.pools import pools_of
from inventory.services.allocating import locked_demands, write_grants
from inventory.services.capacity import plan_for
from inventory.services.freeing import Cut, free_allocations
from inventory.services.lasting import lives_for
from inventory.services.pegging import peg_later, settle_promises
from inventory.services.promising import locked_levels
from inventory.services.sourcing import Destination, leave_days, leaves_on, routes_of, supplies_of
from inventory.strategies import Claim, Share, Strategy, share_out

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many units a demand had promised or picked and has now, and on which day all of it could leave and can."""

    demand_id: int
    before: Decimal
    after: Decimal
    day_before: date | None
    day_after: date | None


@atomic
def reallocate_demands(*, strategies: Mapping[int, Strategy], at: datetime) -> list[Outcome]:
    """Give what demands have, as far as no pick was planned for it, and what is free of their products anew.

    `strategies` says by demand what may become of it; those of one strategy are served in the order given. A demand on
    hold is left out. Of a product with lots each gets what lasts for it. What each had and has is returned in the same
    order.
    """
    turn = {demand_id: place for place, demand_id in enumerate(strategies)}
    demands = sorted((d for d in locked_demands(strategies) if not d.is_held), key=lambda d: turn[d.pk])
    if not demands:
        return []
    firm = _firm(demands)
    levels = locked_levels({d.company_id for d in demands}, {d.product_id for d in demands})
    pools = pools_of(level.pk for level in levels if level.has_pools)
    sites = {level.warehouse_id: level.warehouse for level in levels}
    claims = [_claim(demand, strategies[demand.pk], firm[demand.pk], at.date()) for demand in demands]
    wants = [
        Want(0, 0, claim.product_id, claim.wanted, destination=claim.destination, good_until=claim.good_until)
        for claim in claims
    ]
    lives = lives_for(wants, ((level.pk, level.product_id) for level in levels), at.date())
    shares = share_out(claims, supplies_of(levels, lives, pools), routes_of(sites, wants, at))
    before = {demand.pk: (demand.allocated + demand.picked, demand.promised_on) for demand in demands}
    changed = _write(demands, claims, shares, firm, {level.pk: level.warehouse for level in levels}, pools, at)
    if changed:
        settle_promises(demand_ids=changed, at=at)
        peg_later({demand.product_id for demand in demands if demand.pk in changed})
    now = bulk.by_pk(list(Demand.objects.filter(pk__in=before)))
    return [
        Outcome(pk, units, now[pk].allocated + now[pk].picked, day, now[pk].promised_on)
        for pk, (units, day) in before.items()
    ]


def _firm(demands: Sequence[Demand]) -> dict[int, list[Cut]]:
    """Return what demands have that no pick was planned for, the last first."""
    firm: dict[int, list[Cut]] = defaultdict(list)
    rows = Allocation.objects.filter(demand__in=demands, status=Allocation.Status.FIRM).select_related("level")
    for row in rows.order_by("-pk"):
        firm[row.demand_id].append(
            Cut(row.pk, row.demand_id, row.stock.pk, row.stock.product_id, None, row.quantity - row.picked)
        )
    return firm


def _claim(demand: Demand, strategy: Strategy, firm: Sequence[Cut], today: date) -> Claim:
    has: dict[int, Decimal] = defaultdict(Decimal)
    for cut in reversed(firm):
        has[cut.level_id] += cut.quantity
    wanted = demand.backordered + sum(has.values(), ZERO)
    place = Destination(demand.destination_country, demand.destination_postcode)
    lasts = max(demand.good_until, today) if demand.good_until else None
    return Claim(demand.pk, demand.product_id, strategy, wanted, dict(has), place, demand.channel_id, lasts)


def _write(
    demands: Sequence[Demand],
    claims: Sequence[Claim],
    shares: Sequence[Share],
    firm: Mapping[int, Sequence[Cut]],
    site_of: Mapping[int, Warehouse],
    pools: Mapping[int, Pools],
    at: datetime,
) -> set[int]:
    """Free what demands lose, then promise what they gain, and return those that did either."""
    after: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    why: dict[tuple[int, int], str] = {}
    for share in shares:
        after[share.demand_id, share.level_id] += share.quantity
        why[share.demand_id, share.level_id] = share.reason or why.get((share.demand_id, share.level_id), "")
    cuts: list[Cut] = []
    for claim in claims:
        for level_id, units in claim.has.items():
            cuts += _cuts(firm[claim.demand_id], level_id, units - after[claim.demand_id, level_id])
    free_allocations(cuts=cuts, at=at)
    of_demand = {demand.pk: (demand, claim) for demand, claim in zip(demands, claims, strict=True)}
    given: list[tuple[Demand, int, Decimal, str]] = []
    got: dict[int, Decimal] = defaultdict(Decimal)
    for (demand_id, level_id), units in after.items():
        demand, claim = of_demand[demand_id]
        gained = units - claim.has.get(level_id, ZERO)
        if gained > 0:
            given.append((demand, level_id, gained, why[demand_id, level_id]))
            got[demand_id] += gained
    kept = leave_days(got, at)
    has_now: dict[int, Decimal] = defaultdict(Decimal)
    for (demand_id, _level_id), units in after.items():
        has_now[demand_id] += units
    plan = plan_for({site.pk: site for site in site_of.values()}, at, anew=got)
    new: dict[int, dict[int, Warehouse]] = defaultdict(dict)
    for demand, level_id, _units, _why in given:
        new[demand.pk][site_of[level_id].pk] = site_of[level_id]
    leaves: list[date | None] = []
    for demand_id in got:
        demand, claim = of_demand[demand_id]
        if has_now[demand_id] < claim.wanted:
            leaves.append(None)
            continue
        days = [plan.take(pk, demand.due_on) if plan else leaves_on(one, at) for pk, one in new[demand_id].items()]
        leaves.append(max([demand.due_on, kept.get(demand_id, demand.due_on), *days]))
    write_grants(given, got, leaves, pools, at)
    return {cut.demand_id for cut in cuts} | set(got)


def _cuts(firm: Sequence[Cut], level_id: int, units: Decimal) -> list[Cut]:
    """Take units of a level away from what a demand has there, the newest first."""
    cuts = []
    for one in firm:
        part = min(one.quantity, units) if one.level_id == level_id else ZERO
        if part > 0:
            cuts.append(Cut(one.allocation_id, one.demand_id, level_id, one.product_id, None, part))
            units -= part
    return cuts
