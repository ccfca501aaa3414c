"""Bringing together: what demands were promised in several warehouses is sent to one of them, for them alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core import bulk
from core.models import User
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory.models import Allocation, Demand, StockLevel, Transfer, Warehouse
from inventory.services.freeing import free_allocations, lock_promises
from inventory.services.pegging import on_line, peg_later, settle_promises
from inventory.services.sourcing import Destination, days_from, leaves_on
from inventory.services.transferring import Load, write_transfer

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Brought:
    """Units of a demand that a transfer brings."""

    transfer: Transfer
    demand_id: int
    quantity: Decimal


@atomic
def bring_together(
    *, demand_ids: Collection[int], warehouse_id: int, expected_on: date | None = None, actor: User, at: datetime
) -> list[Brought]:
    """Send what demands were promised in other warehouses to one of them, as far as no pick was planned for it.

    Each gives up its stock there and waits for its own units, which nobody else gets while they are kept and travel;
    they are on the day that is said, or on the first on which they can be there.

    :raises NotAllowed: where the actor may not move stock.
    :raises Blocked: where the person does not work in the warehouse, a demand is on hold, or all lies there already.
    """
    require(actor, "orders.move_stock")
    target = Warehouse.objects.for_user(actor).filter(pk=warehouse_id).first()
    if target is None:
        raise Blocked("You do not work in this warehouse.")
    promised = lock_promises(demand_ids=demand_ids)
    demands = bulk.by_pk(list(Demand.objects.filter(pk__in=promised)))
    if any(demand.is_held for demand in demands.values()):
        raise Blocked("Some of it is on hold: lift the hold first.")
    firm = [cut for one in promised.values() for cut in one.firm]
    rows = StockLevel.objects.filter(pk__in={cut.level_id for cut in firm}, company=target.company_id)
    levels = bulk.by_pk(list(rows.select_related("warehouse__company", "warehouse__calendar").locked()))
    cuts = [cut for cut in firm if cut.level_id in levels and levels[cut.level_id].warehouse_id != warehouse_id]
    if not cuts:
        raise Blocked(f"Nothing of it can be brought to {target}: it lies there, is with the pickers, or waits.")
    free_allocations(cuts=cuts, at=at)
    units: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for cut in cuts:
        units[cut.level_id, cut.demand_id] += cut.quantity
    loads: dict[int, list[Load]] = defaultdict(list)
    for (level_id, demand_id), quantity in sorted(units.items()):
        level = levels[level_id]
        loads[level.warehouse_id].append(Load(level, quantity, demands[demand_id].good_until, demand_id))
    lines = [
        line
        for _site, of_site in sorted(loads.items())
        for line in write_transfer(
            target, of_site, expected_on or _arrives_on(of_site[0].level.warehouse, target, at), actor, at
        )
    ]
    bulk.insert(
        [
            Allocation(
                company_id=target.company_id,
                demand_id=line.wanted_by_id or 0,
                quantity=line.quantity,
                status=Allocation.Status.SOFT,
                reason=f"{line.transfer} brings it to {target}",
                created_at=at,
                **on_line(line),
            )
            for line in lines
        ]
    )
    settle_promises(demand_ids=demands, at=at)
    peg_later({demand.product_id for demand in demands.values()})
    return [Brought(line.transfer, line.wanted_by_id or 0, line.quantity) for line in lines]


def _arrives_on(source: Warehouse, target: Warehouse, at: datetime) -> date:
    """Return the first day on which what leaves one warehouse now can be in another."""
    place = Destination(target.country, target.postcode)
    return leaves_on(source, at) + timedelta(days=max(days_from(source, place), 1))
