"""Transfers are sent: their goods leave their bins at cost, and what was promised of them goes with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from core import bulk, transitions
from core.models import User
from core.quantities import in_steps
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory.models import Allocation, StockLevel, StockMove, StockPosting, Transfer, TransferLine
from inventory.services.choosing import BinPick, release_allocations
from inventory.services.freeing import Cut, lock_promises
from inventory.services.moving import StockIssue, issue_allocations, pick_allocations
from inventory.services.pegging import Line, peg_later, pegged_demands, pegs_of
from inventory.services.transferring import (
    NotEnoughFree,
    check_works_in,
    give_up,
    locked_lines,
    locked_transfer,
    look_anew,
    note_postings,
    plain,
)

ZERO = Decimal(0)
Status = Transfer.Status
# Units and cost of what left, by lot
Left = dict[int | None, tuple[Decimal, Decimal]]


@atomic
def send_transfer(
    *, transfer_id: int, units: Mapping[int, Decimal], places: int, actor: User, at: datetime
) -> Transfer:
    """Send a draft's goods from bins in walking order: so many units of each line, else all that it keeps.

    Of lots those that are good for the shortest time go first, and each becomes a line of its own. Who was promised
    what is not sent looks for other stock. One that was sent already is left as it is.

    :raises NotAllowed: where the actor may not move stock between warehouses.
    :raises Blocked: where there is no such draft, the person does not work where it is sent, or nothing would be.
    :raises NotEnoughFree: where more is to be sent than is kept.
    """
    require(actor, "inventory.transfer")
    transfer = locked_transfer(transfer_id, actor)
    if transfer.status in (*Transfer.TRAVELS, Status.RECEIVED):
        return transfer
    if transfer.status != Status.DRAFT:
        raise Blocked(f"{transfer} is {transfer.get_status_display().lower()}.")
    check_works_in(actor, transfer.from_warehouse)
    lines = locked_lines([transfer])
    pegged = pegged_demands([line.pk for line in lines], to=TransferLine)
    kept = lock_promises(demand_ids=pegged | {line.kept_by_id for line in lines})
    pegs = pegs_of(lines)
    goes = _sent_of(lines, {line.pk: kept[line.kept_by_id].firm for line in lines}, units)
    give_up([line.kept_by_id for line in lines], goes={line.kept_by_id: goes[line.pk] for line in lines}, at=at)
    # Before any bin is: what leaves lowers both
    list(StockLevel.objects.filter(pk__in={cut.level_id for one in kept.values() for cut in one.firm}).locked())
    picks = release_allocations(demand_ids=[line.kept_by_id for line in lines if goes[line.pk]], at=at)
    if sum((pick.quantity for pick in picks), ZERO) != sum(goes.values()):
        raise Blocked("Some of it has expired and is not blocked yet: send less, or wait for the night.")
    bulk.flush()
    parts = _leave(transfer, picks, places, actor, at)
    became = _divide(lines, goes, parts)
    lost = _follow(pegs, became, at)
    transitions.apply([transfer], "send", at=at, fields=["sent_at"])
    look_anew(lost, "sent_less", transfer.number, at)
    peg_later({line.product_id for line in lines})
    return transfer


@atomic
def plan_transfer(*, transfer_id: int, actor: User, at: datetime) -> list[BinPick]:
    """Choose the bins from which a draft would be sent; called in `core.transactions.undone`, it writes nothing."""
    transfer = Transfer.objects.for_user(actor).filter(pk=transfer_id, status=Status.DRAFT).first()
    lines = TransferLine.objects.filter(transfer=transfer) if transfer else TransferLine.objects.none()
    return release_allocations(demand_ids=list(lines.values_list("kept_by_id", flat=True)), at=at)


def _sent_of(
    lines: Sequence[TransferLine], kept: Mapping[int, Sequence[Cut]], units: Mapping[int, Decimal]
) -> dict[int, Decimal]:
    """Return how much of each line is to go, where it is there."""
    goes = {}
    for line in lines:
        there = sum((cut.quantity for cut in kept[line.pk]), ZERO)
        goes[line.pk] = asked = units.get(line.pk, there)
        if asked < 0 or not in_steps(asked, line.product.unit.step):
            raise Blocked(f"{plain(asked)} is no number of units of {line.product.sku}.")
        if asked > there:
            raise NotEnoughFree(f"{plain(there)} of {line.product.sku} are kept for it, not {plain(asked)}.")
    if not any(goes.values()):
        raise Blocked("Nothing would be sent: cancel the transfer instead.")
    return goes


def _leave(transfer: Transfer, picks: Sequence[BinPick], places: int, actor: User, at: datetime) -> dict[int, Left]:
    """Post goods out of their bins and onto the way; return units and cost by the demand that kept them, and lot."""
    company_id, number = transfer.company_id, transfer.number
    kind = StockPosting.Kind.TRANSFER
    picked_id = pick_allocations(company_id=company_id, picks=picks, reference=number, actor=actor, at=at, kind=kind)
    issued = issue_allocations(
        company_id=company_id,
        issues=[
            StockIssue(p.allocation_id, p.demand_id, p.level_id, p.product_id, p.tote_id, p.quantity, p.lot_id)
            for p in picks
        ],
        places=places,
        reference=number,
        actor=actor,
        at=at,
        kind=kind,
        to=StockMove.Place.TRANSIT,
    )
    note_postings(transfer, [picked_id, issued.posting_id])
    parts: dict[int, Left] = defaultdict(dict)
    for pick, cost in zip(picks, issued.costs, strict=True):
        units, value = parts[pick.demand_id].get(pick.lot_id, (ZERO, ZERO))
        parts[pick.demand_id][pick.lot_id] = units + pick.quantity, value + cost
    return parts


def _divide(
    lines: Sequence[TransferLine],
    goes: Mapping[int, Decimal],
    parts: Mapping[int, Left],
) -> dict[Line, list[TransferLine]]:
    """Note on each line what of it left and at what cost; each further lot becomes a line. Return what lines became."""
    became: dict[Line, list[TransferLine]] = {}
    made: list[TransferLine] = []
    position = max(line.position for line in lines)
    for line in lines:
        (lot_id, (line.sent, line.value)), *others = parts.get(line.kept_by_id, {None: (ZERO, ZERO)}).items()
        line.lot_id = lot_id
        became[line] = [line]
        for other_id, (units, value) in others:
            position += 1
            line.quantity -= units
            became[line].append(
                TransferLine(
                    transfer_id=line.transfer_id,
                    position=position,
                    product_id=line.product_id,
                    lot_id=other_id,
                    quantity=units,
                    sent=units,
                    value=value,
                    kept_by_id=line.kept_by_id,
                    wanted_by_id=line.wanted_by_id,
                )
            )
        made += became[line][1:]
    bulk.update(list(lines), ["lot", "quantity", "sent", "value"])
    bulk.insert(made)
    return became


def _follow(
    pegs: Mapping[Line, Sequence[Allocation]],
    became: Mapping[Line, Sequence[TransferLine]],
    at: datetime,
) -> set[int]:
    """Put the pegs of lines onto what was sent of them, the most urgent first; return the demands that lost any."""
    changed, made, lost = [], [], set()
    for line, of_line in pegs.items():
        left = {one: one.sent or ZERO for one in became[line]}
        for peg in sorted(of_line, key=lambda p: (p.demand.priority, p.demand.due_on, p.demand_id, p.pk)):
            shares, missing = [], peg.quantity
            for one in became[line]:
                part = min(left[one], missing)
                if part > 0:
                    shares.append((one, part))
                    left[one] -= part
                    missing -= part
            if missing:
                lost.add(peg.demand_id)
            if not shares:
                peg.free(at=at)
            else:
                peg.transfer_line, peg.quantity = shares[0]
            changed.append(peg)
            made += [
                Allocation(
                    company_id=peg.company_id,
                    demand_id=peg.demand_id,
                    transfer_line=one,
                    quantity=part,
                    status=Allocation.Status.SOFT,
                    reason=peg.reason,
                    created_at=at,
                )
                for one, part in shares[1:]
            ]
    bulk.update(changed, ["transfer_line", "quantity", "status"])
    bulk.insert(made)
    return lost
