"""Inspecting what suppliers brought: what is good goes on a shelf and to those who wait, what is not stays blocked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core import bulk, transitions
from core.models import User
from core.money import exponent, round_half_up
from core.quantities import in_steps
from core.refusals import Blocked, ChangedMeanwhile
from core.roles import require
from core.transactions import atomic
from inventory.models import Inspection, InspectionStep, StockPosting, SupplierOrder, SupplierOrderLine
from inventory.queries.supply import home_bins_of
from inventory.services.pegging import lock_supply, lock_waiting, pegged_demands
from inventory.services.promising import locked_levels
from inventory.services.returning import DisposedUnits, dispose_returns
from inventory.services.supplying import one_locked
from inventory.services.taking_in import hand_out

ZERO = Decimal(0)
Kind = InspectionStep.Kind
# How rejected units leave the house
_WAYS_OUT = {Kind.SCRAPPED: StockPosting.Kind.SCRAP, Kind.SENT_BACK: StockPosting.Kind.RETURN_OUT}


@dataclass(frozen=True, slots=True)
class Found:
    """What somebody found of units that wait: so many are good, and go to a shelf, so many are not, and why."""

    accepted: Decimal = ZERO
    rejected: Decimal = ZERO
    reason: str = ""
    bin_id: int | None = None


@dataclass(frozen=True, slots=True)
class Inspected:
    """What an inspection came to: the supplier's order, and the units that demands got."""

    inspection: Inspection
    order_number: str
    got: dict[int, Decimal]


@atomic
def inspect_goods(*, inspection_id: int, found: Found, actor: User, at: datetime) -> Inspected:
    """Note what was found of goods in quarantine, of some of them or of all.

    What is accepted is received now: those to whom it was promised get it first, then whatever else waits, as at any
    receipt. What is rejected stays blocked; who was promised it is promised something else, or their desk is asked.

    :raises NotAllowed: where the actor may not inspect.
    :raises Blocked: where there is no such inspection, a reason is missing, or the numbers are none of it.
    :raises ChangedMeanwhile: where fewer units wait than were found good or bad.
    """
    require(actor, "inventory.inspect")
    inspection, order = _locked(inspection_id, actor)
    line_id, reason = inspection.line_id, found.reason.strip()[:200]
    waits = inspection.quantity - inspection.accepted - inspection.rejected
    both = found.accepted + found.rejected
    if min(found.accepted, found.rejected) < 0 or both <= 0 or not _in_steps(inspection, found.accepted, both):
        raise Blocked(f"Say how many units of {inspection} are good, and how many are not.")
    if both > waits:
        raise ChangedMeanwhile(f"Only {waits.normalize():f} of {inspection} wait for inspection: look again.")
    if found.rejected and not reason:
        raise Blocked("Say why they are rejected: the purchaser tells the supplier.")
    # All that the steps below lock, in the one order
    lines = {line.pk: line for line in lock_supply([inspection.product_id], line_ids=[line_id])}
    line = lines[line_id]
    pegged = pegged_demands([line_id])
    bulk.add(SupplierOrderLine, {line_id: {"received": both, "inspecting": -both}})
    demands = {one.pk: one for one in lock_waiting([inspection.product_id], demand_ids=pegged)}
    locked_levels([order.company_id], [inspection.product_id])
    steps = []
    if found.accepted:
        homes = home_bins_of(inspection.warehouse_id, [inspection.product_id])
        shelf_id = found.bin_id or homes[inspection.product_id].pk
        good = _Units(Kind.ACCEPTED, StockPosting.Kind.INSPECTION, found.accepted, shelf_id)
        steps.append(_move(inspection, good, "" if found.rejected else reason, actor, at))
    if found.rejected:
        steps.append(_step(inspection, Kind.REJECTED, found.rejected, reason, actor, at))
    got = hand_out(
        order=order,
        came=[(line, found.accepted)] if found.accepted else [],
        ended=[line] if found.rejected else [],
        demands=demands,
        at=at,
    )
    inspection.accepted += found.accepted
    inspection.rejected += found.rejected
    bulk.update([inspection], ["accepted", "rejected", "value"])
    bulk.insert(steps)
    if both == waits:
        transitions.apply([inspection], "finish", at=at, fields=["done_at"])
    return Inspected(inspection, order.number, got)


@atomic
def clear_rejected(
    *, inspection_id: int, kind: InspectionStep.Kind, quantity: Decimal, reason: str, actor: User, at: datetime
) -> Inspection:
    """Take rejected units out of the house, at what they came with: back to the supplier, or written off.

    :raises NotAllowed: where the actor may not inspect; or, to write off, not adjust stock.
    :raises Blocked: where there is no such inspection, the number is none of it, or units leave no such way.
    :raises ChangedMeanwhile: where fewer rejected units lie there.
    """
    require(actor, "inventory.inspect")
    if kind == Kind.SCRAPPED:
        require(actor, "inventory.adjust")
    inspection, _order = _locked(inspection_id, actor)
    lies = inspection.rejected - inspection.gone
    if kind not in _WAYS_OUT or quantity <= 0 or not _in_steps(inspection, quantity):
        raise Blocked(f"Say how many rejected units of {inspection} leave, and how.")
    if quantity > lies:
        raise ChangedMeanwhile(f"Only {lies.normalize():f} rejected units of {inspection} lie here: look again.")
    locked_levels([inspection.company_id], [inspection.product_id])
    step = _move(inspection, _Units(kind, _WAYS_OUT[kind], quantity), reason.strip()[:200], actor, at)
    inspection.gone += quantity
    bulk.update([inspection], ["gone", "value"])
    bulk.insert([step])
    return inspection


@dataclass(frozen=True, slots=True)
class _Units:
    """Units that leave quarantine, and where they go."""

    kind: InspectionStep.Kind
    posted: StockPosting.Kind
    quantity: Decimal
    shelf_id: int | None = None


def _locked(inspection_id: int, actor: User) -> tuple[Inspection, SupplierOrder]:
    """Lock the order of an inspection, and then that, and return both.

    :raises Blocked: where the actor sees no such inspection.
    """
    rows = Inspection.objects.for_user(actor).filter(pk=inspection_id)
    order_id = rows.values_list("line__order_id", flat=True).first()
    if order_id is None:
        raise Blocked("There is no such inspection.")
    order = one_locked(order_id, actor, "warehouse")
    return rows.select_related("product__unit", "company").locked().get(), order


def _in_steps(inspection: Inspection, *quantities: Decimal) -> bool:
    return all(in_steps(quantity, inspection.product.unit.step) for quantity in quantities)


def _step(
    inspection: Inspection, kind: InspectionStep.Kind, quantity: Decimal, reason: str, actor: User, at: datetime
) -> InspectionStep:
    return InspectionStep(inspection=inspection, kind=kind, quantity=quantity, reason=reason, actor=actor, at=at)


def _move(inspection: Inspection, units: _Units, reason: str, actor: User, at: datetime) -> InspectionStep:
    """Post units out of quarantine at their share of what lies there, and return the step, not saved."""
    lies = inspection.quantity - inspection.accepted - inspection.gone
    value = inspection.value
    if units.quantity < lies:
        value = round_half_up(value * units.quantity / lies, exponent(inspection.company.currency))
    postings = dispose_returns(
        company_id=inspection.company_id,
        warehouse_id=inspection.warehouse_id,
        units=[
            DisposedUnits(
                *(units.posted, inspection.product_id, units.quantity, value),
                bin_id=units.shelf_id,
                lot_id=inspection.lot_id,
                from_bin_id=inspection.bin_id,
                supply_id=inspection.line_id,
            )
        ],
        reference=inspection.number,
        actor=actor,
        at=at,
        from_quarantine=True,
    )
    inspection.value -= value
    step = _step(inspection, units.kind, units.quantity, reason, actor, at)
    step.value, step.bin_id, step.posting_id = value, units.shelf_id, postings[units.posted]
    return step
