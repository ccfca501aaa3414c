"""Serving: what has come goes to those whom it was promised, the most urgent before others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from core import bulk
from inventory.models import Allocation, Demand, StockLevel, Warehouse
from inventory.queries.pools import pool_id, pools_of
from inventory.services.capacity import plan_for
from inventory.services.lasting import shelf_lives
from inventory.services.pegging import Line, pegs_of
from inventory.services.sourcing import leave_days

ZERO = Decimal(0)


def serve_pegs(
    *,
    warehouse: Warehouse,
    number: str,
    came: Sequence[tuple[Line, Decimal]],
    demands: Mapping[int, Demand],
    at: datetime,
) -> dict[int, Decimal]:
    """Give what came of locked lines into a warehouse to the demands pegged to them, and return what each got.

    It was promised to them before it lay on any shelf: no channel's pool keeps it from them.
    The demands and the levels are locked, and the stock is on its shelf.
    """
    left: dict[Line, Decimal] = defaultdict(Decimal)
    for line, units in came:
        left[line] += units
    levels = {
        level.product_id: level
        for level in StockLevel.objects.filter(
            company=warehouse.company_id, warehouse=warehouse, product__in={line.product_id for line in left}
        )
    }
    pegs = [(line, peg) for line, of_line in pegs_of(list(left)).items() for peg in of_line]
    tracked = {peg.demand.product_id for _line, peg in pegs if peg.demand.good_until is not None}
    lives = shelf_lives([levels[product_id].pk for product_id in tracked], at.date()) if tracked else {}
    pools = pools_of(level.pk for level in levels.values() if level.has_pools)
    got: dict[int, Decimal] = defaultdict(Decimal)
    firm, used = [], []
    for line, peg in sorted(pegs, key=lambda pair: _turn(pair[1])):
        level, units = levels[line.product_id], min(peg.quantity, left[line])
        if units <= 0:
            continue
        left[line] -= units
        used.append((peg, units))
        if peg.demand.good_until is not None:
            # What does not last as long as it has to has come, but not for this one: it waits for other stock
            good_until = max(peg.demand.good_until, at.date())
            units = min(units, lives[level.pk].free(good_until))
            if units <= 0:
                continue
            lives[level.pk].promise(good_until, units)
        got[peg.demand_id] += units
        firm.append(
            Allocation(
                company_id=peg.company_id,
                demand_id=peg.demand_id,
                level=level,
                quantity=units,
                good_until=peg.demand.good_until,
                pool_id=pool_id(pools, level.pk, peg.demand.channel_id),
                reason=f"{number} brought it to {warehouse}",
                created_at=at,
            )
        )
    if used:
        _keep(warehouse, firm, used, [demands[pk] for pk in got], got, at)
    return dict(got)


def _turn(peg: Allocation) -> tuple[object, ...]:
    return peg.demand.priority, peg.demand.due_on, peg.demand_id, peg.pk


def _keep(
    warehouse: Warehouse,
    firm: Collection[Allocation],
    used: Sequence[tuple[Allocation, Decimal]],
    demands: Sequence[Demand],
    got: dict[int, Decimal],
    at: datetime,
) -> None:
    """Write promises of stock in the place of pegs; what a demand has whole by that has a day on which it can leave.

    The warehouse sends so many lines on a day at most, where that is said (F1).
    """
    raised: dict[int, dict[str, Decimal]] = defaultdict(lambda: {"allocated": ZERO})
    for allocation in firm:
        assert allocation.level_id is not None
        raised[allocation.level_id]["allocated"] += allocation.quantity
    bulk.add(StockLevel, dict(raised))
    served = []
    for peg, units in used:
        if units == peg.quantity:
            peg.free(at=at)
        else:
            peg.quantity -= units
        served.append(peg)
    bulk.update(served, ["quantity", "status"])
    bulk.insert(list(firm))
    leaves, plan = leave_days(got, at), plan_for({warehouse.pk: warehouse}, at, anew=got)
    for demand in demands:
        demand.allocated += got[demand.pk]
        if demand.allocated + demand.picked == demand.quantity:
            day = max(demand.due_on, leaves[demand.pk])
            demand.promised_on = plan.take(warehouse.pk, day) if plan else day
            demand.first_promised_on = demand.first_promised_on or demand.promised_on
    bulk.update(demands, ["allocated", "promised_on", "first_promised_on"])
