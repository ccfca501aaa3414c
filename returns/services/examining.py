"""Inspecting what came, unit by unit a grade, and deciding where it goes: to the shelf, aside, away, or back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core import bulk, transitions
from core.models import User
from core.money import ZERO, cumulative_share
from core.quantities import in_steps
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import StockPosting
from inventory.queries.places import warehouse_ids
from orders import services as orders_services
from orders.models import OrderEvent, SalesOrder
from returns import queries
from returns.models import Grade, ReturnDisposition, ReturnInspection, ReturnLine, ReturnOrder
from returns.services.requesting import ReturnInvalid, plain, tell

Kind = ReturnDisposition.Kind
# Where goods of a grade go unless somebody decides otherwise
PRESET: Mapping[str, ReturnDisposition.Kind] = {
    Grade.A: Kind.RESTOCK,
    Grade.B: Kind.QUARANTINE,
    Grade.C: Kind.SCRAP,
    Grade.X: Kind.SCRAP,
}


@dataclass(frozen=True, slots=True)
class Graded:
    """Units of a part that were looked at; with a disposition they go there at once, RESTOCK into `bin_id` if given."""

    part_id: int
    grade: Grade
    quantity: Decimal
    note: str = ""
    disposition: ReturnDisposition.Kind | None = None
    bin_id: int | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """Where units of a part go that have a grade."""

    part_id: int
    grade: Grade
    disposition: ReturnDisposition.Kind
    quantity: Decimal
    bin_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Going:
    """Units of one inspection that go somewhere now."""

    line: ReturnLine
    inspection: ReturnInspection
    kind: ReturnDisposition.Kind
    quantity: Decimal
    bin_id: int | None


@atomic
def inspect_return(*, return_id: int, graded: Sequence[Graded], actor: User, at: datetime) -> ReturnOrder:
    """Give units that came a grade, and take those with a disposition where it says, at their original cost.

    :raises NotAllowed: where the actor may not inspect.
    :raises Blocked: where nothing of the return waits for inspection.
    :raises ReturnInvalid: where more is graded than came, or not in whole steps.
    :raises WarehouseNotReady: where the warehouse has no bin for it.
    """
    require(actor, "returns.inspect")
    order, row, lines = locked(return_id, actor)
    if not any(line.received > line.inspected for line in lines):
        raise Blocked(f"{row} is {row.get_status_display().lower()}: nothing of it waits for inspection.")
    inspections, going = _grade(graded, lines, actor, at)
    dispositions = _dispose(row, order, going, actor, at)
    _save(row, lines, going, at)
    tell([row], _told(row), actor, at, {row.pk: _said(inspections, going)})
    bulk.insert(inspections, (dispositions, "inspection"))
    return row


@atomic
def decide_return(*, return_id: int, decided: Sequence[Decided], actor: User, at: datetime) -> ReturnOrder:
    """Take graded units where they belong, each disposition by a posting at their original cost.

    :raises NotAllowed: where the actor may not inspect.
    :raises Blocked: where nothing of the return waits for a decision.
    :raises ReturnInvalid: where more goes somewhere than has the grade, or not in whole steps.
    :raises WarehouseNotReady: where the warehouse has no bin for it.
    """
    require(actor, "returns.inspect")
    order, row, lines = locked(return_id, actor)
    if not any(line.inspected > line.disposed for line in lines):
        raise Blocked(f"{row} is {row.get_status_display().lower()}: nothing of it waits for a decision.")
    inspections = list(ReturnInspection.objects.filter(line__return_order=row).order_by("pk"))
    going = _choose(decided, lines, inspections)
    dispositions = _dispose(row, order, going, actor, at)
    moved: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for one in going:
        moved[one.inspection.pk]["disposed"] += one.quantity
    bulk.add(ReturnInspection, moved)
    _save(row, lines, going, at)
    tell([row], OrderEvent.Kind.RETURN_DECIDED, actor, at, {row.pk: _said([], going)})
    bulk.insert(dispositions)
    return row


def locked(return_id: int, actor: User) -> tuple[SalesOrder, ReturnOrder, list[ReturnLine]]:
    """Lock a return's order and return it, the return, and its lines as they stand now.

    :raises Blocked: where it is not in the actor's companies and warehouses.
    """
    orders = queries.locked_orders_of_returns(actor.company_ids, [return_id])
    lines = queries.lines_of_returns(warehouse_ids(actor), [return_id])
    if not orders or not lines:
        raise Blocked("There is no such return.")
    return orders[0], lines[0].return_order, lines


def check_units(part_id: int, quantity: Decimal, lines: Sequence[ReturnLine], most: Decimal, what: str) -> None:
    """Check that units of a part are of the return, in whole steps, and no more than there are.

    :raises ReturnInvalid: where they are not.
    """
    product = next((line.product for line in lines if line.part_id == part_id), None)
    if product is None:
        raise ReturnInvalid("An item is not of this return.")
    if quantity <= 0 or not in_steps(quantity, product.unit.step):
        raise ReturnInvalid(f"{product.sku} is counted in steps of {plain(product.unit.step)}.")
    if quantity > most:
        raise ReturnInvalid(f"Only {plain(most)} of {product.sku} {what}.")


def _grade(
    graded: Sequence[Graded], lines: Sequence[ReturnLine], actor: User, at: datetime
) -> tuple[list[ReturnInspection], list[_Going]]:
    inspections: list[ReturnInspection] = []
    going: list[_Going] = []
    for one in graded:
        of_part = [line for line in lines if line.part_id == one.part_id]
        most = sum((line.received - line.inspected for line in of_part), ZERO)
        check_units(
            one.part_id, one.quantity, lines, most, "waits for inspection" if most == 1 else "wait for inspection"
        )
        rest = one.quantity
        for line in of_part:
            here = min(rest, line.received - line.inspected)
            if here <= 0:
                continue
            inspection = ReturnInspection(
                line=line, grade=one.grade, quantity=here, note=one.note.strip()[:200], inspected_by=actor, at=at
            )
            if one.disposition is not None:
                inspection.disposed = here
                going.append(_Going(line, inspection, one.disposition, here, one.bin_id))
            inspections.append(inspection)
            line.inspected += here
            rest -= here
    if not inspections:
        raise ReturnInvalid("Say how many units have which grade.")
    return inspections, going


def _choose(
    decided: Sequence[Decided], lines: Sequence[ReturnLine], inspections: Sequence[ReturnInspection]
) -> list[_Going]:
    line_of = {line.pk: line for line in lines}
    going: list[_Going] = []
    for one in decided:
        open_ones = [
            found for found in inspections if line_of[found.line_id].part_id == one.part_id and found.grade == one.grade
        ]
        most = sum((found.quantity - found.disposed for found in open_ones), ZERO)
        check_units(one.part_id, one.quantity, lines, most, f"of grade {one.grade} wait for a decision")
        rest = one.quantity
        for found in open_ones:
            here = min(rest, found.quantity - found.disposed)
            if here > 0:
                going.append(_Going(line_of[found.line_id], found, one.disposition, here, one.bin_id))
                found.disposed += here
                rest -= here
    if not going:
        raise ReturnInvalid("Say where the goods go.")
    return going


def _dispose(
    row: ReturnOrder, order: SalesOrder, going: Sequence[_Going], actor: User, at: datetime
) -> list[ReturnDisposition]:
    """Post what goes at its share of what the units cost when they left, and return the dispositions, not saved."""
    if not going:
        return []
    sent_back: dict[int, Decimal] = defaultdict(Decimal)
    values = []
    for one in going:
        line = one.line
        share = cumulative_share(
            line.received_value,
            done_before=line.disposed,
            done_now=one.quantity,
            of=line.received,
            billed_before=line.disposed_value,
            currency=order.company.currency,
        )
        # More may have come since the last decision, at a cent less a unit
        share = max(share, ZERO)
        line.disposed += one.quantity
        line.disposed_value += share
        if one.kind == Kind.SEND_BACK:
            line.sent_back += one.quantity
            line.sent_back_value += share
            sent_back[line.part_id] -= one.quantity
        elif one.kind == Kind.QUARANTINE:
            line.quarantined += one.quantity
            line.quarantined_value += share
        values.append(share)
    if sent_back:
        orders_services.note_returned(returned=sent_back)
    lots = queries.lots_of({one.line.pk: one.line for one in going}.values())
    postings = inventory_services.dispose_returns(
        company_id=row.company_id,
        warehouse_id=row.warehouse_id,
        units=[
            inventory_services.DisposedUnits(
                StockPosting.Kind(one.kind),
                one.line.product_id,
                one.quantity,
                value,
                bin_id=one.bin_id,
                lot_id=lots.get(one.line.pk),
            )
            for one, value in zip(going, values, strict=True)
        ],
        reference=row.number,
        actor=actor,
        at=at,
    )
    return [
        ReturnDisposition(
            inspection=one.inspection,
            kind=one.kind,
            quantity=one.quantity,
            value=value,
            bin_id=one.bin_id,
            posting_id=postings[StockPosting.Kind(one.kind)],
            decided_by=actor,
            at=at,
        )
        for one, value in zip(going, values, strict=True)
    ]


def _save(row: ReturnOrder, lines: Sequence[ReturnLine], going: Sequence[_Going], at: datetime) -> None:
    """Write the lines as they were counted here under the order's lock, and bring the return as far as it is."""
    columns = [
        *("inspected", "disposed", "disposed_value", "sent_back", "sent_back_value"),
        *("quarantined", "quarantined_value"),
    ]
    bulk.update_later(lines, columns if going else columns[:1])
    received = sum((line.received for line in lines), ZERO)
    if sum((line.disposed for line in lines), ZERO) == received:
        verb, target = "decide", ReturnOrder.Status.DECIDED
    elif sum((line.inspected for line in lines), ZERO) == received:
        verb, target = "inspect", ReturnOrder.Status.INSPECTED
    else:
        return
    if row.status != target:
        transitions.apply([row], verb, at=at)


def _told(row: ReturnOrder) -> OrderEvent.Kind:
    decided = row.status == ReturnOrder.Status.DECIDED
    return OrderEvent.Kind.RETURN_DECIDED if decided else OrderEvent.Kind.RETURN_INSPECTED


def _said(inspections: Sequence[ReturnInspection], going: Sequence[_Going]) -> dict[str, object]:
    grades: dict[str, Decimal] = defaultdict(Decimal)
    for inspection in inspections:
        grades[str(inspection.grade)] += inspection.quantity
    kinds: dict[str, Decimal] = defaultdict(Decimal)
    for one in going:
        kinds[str(one.kind)] += one.quantity
    said: dict[str, object] = {}
    if grades:
        said["grades"] = {grade: plain(quantity) for grade, quantity in sorted(grades.items())}
    if kinds:
        said["dispositions"] = {kind: plain(quantity) for kind, quantity in sorted(kinds.items())}
    return said
