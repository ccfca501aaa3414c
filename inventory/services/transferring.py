"""Transfers: units are kept at one warehouse for another, called off, and expected on another day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from core import bulk, transitions
from core.models import User
from core.quantities import in_steps
from core.refusals import Blocked, ChangedMeanwhile, Refused
from core.roles import require
from core.transactions import atomic
from inventory import events
from inventory.models import (
    Allocation,
    Demand,
    Product,
    StockLevel,
    Transfer,
    TransferLine,
    TransferPosting,
    Warehouse,
)
from inventory.queries.pools import pools_of
from inventory.services.allocating import allocate_demands
from inventory.services.freeing import cancel_demand, free_allocations, lock_promises
from inventory.services.lasting import shelf_lives
from inventory.services.pegging import free_pegs, peg_later, pegged_demands, settle_promises
from inventory.services.promising import locked_levels
from inventory.services.supplying import Done

ZERO = Decimal(0)
Status = Transfer.Status


@dataclass(frozen=True, slots=True)
class Carried:
    """Units of a product that are to go to another warehouse."""

    product_id: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Load:
    """Units of a locked level that a transfer keeps, until when they must be good, and for whom they are brought."""

    level: StockLevel
    quantity: Decimal
    good_until: date | None = None
    wanted_by_id: int | None = None


class NotEnoughFree(Refused):
    """More is to be sent than the warehouse has for nobody."""

    code = "not_enough_free"


@atomic
def draft_transfer(
    *, from_id: int, to_id: int, carried: Sequence[Carried], expected_on: date, actor: User, at: datetime
) -> int:
    """Keep units at one warehouse to send them to another, and return the transfer's id; they are supply there.

    :raises NotAllowed: where the actor may not move stock between warehouses.
    :raises Blocked: where an end, a product or a quantity is none, or the person works at neither end.
    :raises NotEnoughFree: where a warehouse has not as much that nobody was promised.
    """
    require(actor, "inventory.transfer")
    mine = Warehouse.objects.for_user(actor)
    ends = bulk.by_pk(list(Warehouse.objects.filter(pk__in=[from_id, to_id], company__in=actor.company_ids)))
    if len(ends) < 2 or ends[from_id].company_id != ends[to_id].company_id:
        raise Blocked("Choose two warehouses of your own company.")
    if not mine.filter(pk__in=ends).exists():
        raise Blocked("You work in neither of these warehouses.")
    if expected_on < at.date():
        raise Blocked("Goods arrive today or later.")
    company_id = ends[from_id].company_id
    asked: dict[int, Decimal] = defaultdict(Decimal)
    for one in carried:
        asked[one.product_id] += one.quantity
    found = Product.objects.filter(pk__in=asked, company=company_id, kind=Product.Kind.STOCK).select_related("unit")
    products = bulk.by_pk(list(found))
    if not asked or len(products) < len(asked):
        raise Blocked("Say how many units of which stock of your own company are to go.")
    for pk, units in asked.items():
        if units <= 0 or not in_steps(units, products[pk].unit.step):
            raise Blocked(f"{plain(units)} is no number of units of {products[pk].sku}.")
    levels = {level.product_id: level for level in locked_levels([company_id], asked) if level.warehouse_id == from_id}
    loads = [
        Load(levels[pk], units, None if products[pk].tracking == Product.Tracking.NONE else at.date())
        for pk, units in _checked(asked, levels, products, ends[from_id], at).items()
    ]
    transfer = write_transfer(ends[to_id], loads, expected_on, actor, at)[0].transfer
    peg_later(products)
    return int(transfer.pk)


def _checked(
    asked: dict[int, Decimal],
    levels: Mapping[int, StockLevel],
    products: Mapping[int, Product],
    source: Warehouse,
    at: datetime,
) -> dict[int, Decimal]:
    """Return what is asked for, where as much of all of it is free.

    :raises NotEnoughFree: naming everything of which too little is.
    """
    tracked = [level.pk for pk, level in levels.items() if products[pk].tracking != Product.Tracking.NONE]
    lives = shelf_lives(tracked, at.date()) if tracked else {}
    pools = pools_of(level.pk for level in levels.values() if level.has_pools)
    lacking = []
    for pk, units in asked.items():
        level = levels.get(pk)
        free = level.sellable - level.allocated if level else ZERO
        if level and level.pk in pools:
            free = pools[level.pk].free(None, free)
        if level and level.pk in lives:
            free = min(free, lives[level.pk].free(at.date()))
        if free < units:
            lacking.append(f"{plain(max(free, ZERO))} of {products[pk].sku}, not {plain(units)}")
    if lacking:
        raise NotEnoughFree(f"{source} has for nobody only {'; '.join(lacking)}.")
    return asked


def write_transfer(
    target: Warehouse, loads: Sequence[Load], expected_on: date, actor: User, at: datetime
) -> list[TransferLine]:
    """Write a transfer of what locked levels of one warehouse are to give, which is kept for it; return its lines."""
    transfer = Transfer(
        company_id=target.company_id,
        from_warehouse_id=loads[0].level.warehouse_id,
        to_warehouse=target,
        expected_on=expected_on,
        created_by=actor,
        created_at=at,
    )
    kept = [
        Demand(
            company_id=target.company_id,
            product_id=load.level.product_id,
            quantity=load.quantity,
            allocated=load.quantity,
            due_on=expected_on,
            good_until=load.good_until,
            is_held=True,
            destination_country=target.country,
            destination_postcode=target.postcode,
        )
        for load in loads
    ]
    allocations = [
        Allocation(
            company_id=target.company_id,
            demand=demand,
            level=load.level,
            quantity=load.quantity,
            good_until=load.good_until,
            reason=f"Goes to {target}",
            created_at=at,
        )
        for load, demand in zip(loads, kept, strict=True)
    ]
    raised: dict[int, dict[str, Decimal]] = defaultdict(lambda: {"allocated": ZERO})
    for load in loads:
        raised[load.level.pk]["allocated"] += load.quantity
    bulk.add(StockLevel, raised)
    bulk.insert(kept, (allocations, "demand"))
    lines = [
        TransferLine(
            transfer=transfer,
            position=position,
            product_id=load.level.product_id,
            quantity=load.quantity,
            kept_by=demand,
            wanted_by_id=load.wanted_by_id,
        )
        for position, (load, demand) in enumerate(zip(loads, kept, strict=True), 1)
    ]
    bulk.insert([transfer], (lines, "transfer"))
    return lines


def give_up(demand_ids: Sequence[int], *, goes: Mapping[int, Decimal], at: datetime) -> None:
    """Set free what locked demands of a transfer keep beyond what goes, and lower them to that."""
    promised = lock_promises(demand_ids=demand_ids)
    cuts, cancelled = [], {}
    for demand_id, one in promised.items():
        spare = sum((cut.quantity for cut in one.firm), ZERO) - goes[demand_id]
        if one.backordered + spare > 0:
            cancelled[demand_id] = one.backordered + spare
        for cut in one.firm:
            part = min(cut.quantity, spare)
            if part > 0:
                cuts.append(replace(cut, quantity=part))
                spare -= part
    free_allocations(cuts=cuts, at=at)
    cancel_demand(cancelled=cancelled, at=at)


@atomic
def cancel_transfers(*, transfer_ids: Collection[int], actor: User, at: datetime) -> dict[int, Done | Refused]:
    """Call drafts off: what they kept is free again, and given at once to those who waited for it as far as they need.

    :raises NotAllowed: where the actor may not move stock between warehouses.
    """
    require(actor, "inventory.transfer")
    transfers = list(Transfer.objects.for_user(actor).filter(pk__in=transfer_ids).locked())
    drafts = [transfer for transfer in transfers if transfer.status == Status.DRAFT]
    if drafts:
        lines = locked_lines(drafts)
        pegged = pegged_demands([line.pk for line in lines], to=TransferLine)
        kept = [line.kept_by_id for line in lines]
        lock_promises(demand_ids=pegged | set(kept))
        for line in lines:
            line.sent = ZERO
        bulk.update(lines, ["sent"])
        free_pegs(lines)
        give_up(kept, goes=dict.fromkeys(kept, ZERO), at=at)
        transitions.apply(drafts, "cancel", at=at, fields=["done_at"])
        look_anew(pegged, "transfer_cancelled", ", ".join(draft.number for draft in drafts), at)
        peg_later({line.product_id for line in lines})
    return {
        transfer.pk: Done(transfer.pk, transfer.number)
        if transfer.status == Status.CANCELLED
        else ChangedMeanwhile(f"{transfer} is {transfer.get_status_display().lower()}.")
        for transfer in transfers
    }


@atomic
def date_transfer(*, transfer_id: int, expected_on: date, actor: User, at: datetime) -> None:
    """Expect a transfer on another day; the promises on it move with it, and their orders are told.

    :raises NotAllowed: where the actor may not move stock between warehouses.
    :raises Blocked: where nothing of it is to come any more.
    """
    require(actor, "inventory.transfer")
    transfer = locked_transfer(transfer_id, actor)
    if transfer.status not in Transfer.OPEN:
        raise Blocked(f"{transfer} is {transfer.get_status_display().lower()}: it has no date to change.")
    lines = locked_lines([transfer])
    pegged = pegged_demands([line.pk for line in lines], to=TransferLine)
    lock_promises(demand_ids=pegged)
    transfer.expected_on = expected_on
    bulk.update([transfer], ["expected_on"])
    settle_promises(demand_ids=pegged, at=at, cause="transfer_moved", number=transfer.number)


def look_anew(demand_ids: Collection[int], cause: str, number: str, at: datetime) -> None:
    """Let locked demands that lost what was to come look for stock, and tell their orders what came of it."""
    if demand_ids:
        allocate_demands(demand_ids=demand_ids, at=at)
        settle_promises(demand_ids=demand_ids, at=at, cause=cause, number=number)
        events.promises_cut.send(sender=Demand, event=events.PromisesCut(tuple(sorted(demand_ids)), at))


def locked_transfer(transfer_id: int, actor: User) -> Transfer:
    """Lock one transfer that the actor may see, and bring its ends.

    :raises Blocked: where there is none.
    """
    rows = Transfer.objects.for_user(actor).filter(pk=transfer_id).select_related("from_warehouse", "to_warehouse")
    found: list[Transfer] = list(rows.locked())
    if not found:
        raise Blocked("There is no such transfer.")
    return found[0]


def locked_lines(transfers: Collection[Transfer]) -> list[TransferLine]:
    """Lock the lines of locked transfers, and bring their products and lots."""
    rows = TransferLine.objects.filter(transfer__in=transfers).select_related("transfer", "product__unit", "lot")
    return list(rows.locked())


def check_works_in(actor: User, warehouse: Warehouse) -> None:
    """See that somebody works in a warehouse.

    :raises Blocked: where they do not.
    """
    if not Warehouse.objects.for_user(actor).filter(pk=warehouse.pk).exists():
        raise Blocked(f"You do not work in {warehouse}.")


def note_postings(transfer: Transfer, posting_ids: Sequence[int]) -> None:
    """Note what a transfer caused."""
    bulk.later([TransferPosting(transfer=transfer, posting_id=pk) for pk in posting_ids])


def plain(units: Decimal) -> str:
    """Return units as a sentence says them."""
    return f"{units.normalize():f}"
