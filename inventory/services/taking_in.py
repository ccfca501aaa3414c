"""What a supplier brings: it goes on the shelf at its cost, to those whom it was promised first, then to others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core import bulk
from core.models import User
from core.money import round_half_up
from core.quantities import in_steps
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory.models import Bin, Demand, StockPosting, SupplierOrder, SupplierOrderLine
from inventory.queries.supply import IS_INSPECTED
from inventory.services.allocating import allocate_demands
from inventory.services.lasting import LotName
from inventory.services.pegging import (
    free_pegs,
    lock_supply,
    lock_waiting,
    peg_later,
    peg_waiting,
    pegged_demands,
    settle_promises,
)
from inventory.services.promising import locked_levels
from inventory.services.receiving import ReceiptLine, WarehouseNotReady, receive_stock
from inventory.services.serving import serve_pegs
from inventory.services.supplying import ask_orders, finish, one_locked

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Units of one line that came and go into one bin, and of which lot they are.

    `is_last`: no more of the line is expected. What is inspected goes into quarantine, whatever bin is named.
    """

    line_id: int
    bin_id: int | None
    quantity: Decimal
    is_last: bool = False
    lot: LotName | None = None


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What an arrival came to: the posting, what each arrival cost in their order, and the units that demands got.

    `bin_ids`: where each arrival went, in the same order; `to_inspect`: how many units wait in quarantine.
    """

    company_id: int
    posting_id: int | None
    values: tuple[Decimal, ...]
    got: dict[int, Decimal]
    bin_ids: tuple[int | None, ...] = ()
    to_inspect: Decimal = ZERO


@atomic
def take_in(
    *, order_id: int, arrivals: Sequence[Arrival], places: int, reference: str, actor: User, at: datetime
) -> TakenIn:
    """Receive units of a supplier order's lines at their cost: part of a line, all of it, or more within its tolerance.

    The demands that were promised them get them first, the most urgent before others, then whatever else waits by the
    rule of every allocation; what a line brings no more is asked about (case 45). Nothing can be promised twice. What
    is to be inspected first goes into quarantine, and whoever was promised it keeps that promise.

    :raises NotAllowed: where the actor may not receive.
    :raises Blocked: where the order is not on its way, a line is not its own, or more came than may.
    :raises WarehouseNotReady: where goods are to be inspected, and the warehouse has no bin for quarantine.
    """
    require(actor, "inventory.receive")
    order = one_locked(order_id, actor, "warehouse")
    if order.status not in SupplierOrder.OPEN:
        raise Blocked(f"{order} is {order.get_status_display().lower()}: nothing of it is expected.")
    own = dict(SupplierOrderLine.objects.filter(order=order).values_list("pk", "product_id"))
    if not arrivals or not {arrival.line_id for arrival in arrivals} <= own.keys():
        raise Blocked(f"Say what came of which line of {order}.")
    products = {own[arrival.line_id] for arrival in arrivals}
    # All that the steps below lock, in the one order
    lines = {line.pk: line for line in lock_supply(products, line_ids=own) if line.pk in own}
    pegged = pegged_demands(lines)
    values, inspected = _note_arrivals(order, lines, arrivals, places)
    demands = {d.pk: d for d in lock_waiting(products, demand_ids=pegged)}
    locked_levels([order.company_id], products)
    came = [arrival for arrival in arrivals if arrival.quantity]
    worth = [value for arrival, value in zip(arrivals, values, strict=True) if arrival.quantity]
    posting_id = None
    shelves = _shelves(order, came, inspected)
    if came:
        posting_id = receive_stock(
            company_id=order.company_id,
            lines=[
                ReceiptLine(
                    *(bin_id, own[arrival.line_id], arrival.quantity, value, arrival.lot, arrival.line_id),
                    to_inspect=arrival.line_id in inspected,
                )
                for bin_id, arrival, value in zip(shelves, came, worth, strict=True)
            ],
            kind=StockPosting.Kind.RECEIPT,
            reference=reference,
            actor=actor,
            at=at,
        )
    got = hand_out(
        order=order,
        came=[(lines[arrival.line_id], arrival.quantity) for arrival in came if arrival.line_id not in inspected],
        ended=[lines[arrival.line_id] for arrival in arrivals if arrival.is_last],
        demands=demands,
        at=at,
    )
    lies_in = iter(shelves)
    return TakenIn(
        *(order.company_id, posting_id, tuple(values), got),
        bin_ids=tuple(next(lies_in) if arrival.quantity else None for arrival in arrivals),
        to_inspect=sum((arrival.quantity for arrival in came if arrival.line_id in inspected), ZERO),
    )


def hand_out(
    *,
    order: SupplierOrder,
    came: Sequence[tuple[SupplierOrderLine, Decimal]],
    ended: Sequence[SupplierOrderLine],
    demands: dict[int, Demand],
    at: datetime,
) -> dict[int, Decimal]:
    """Give what has come on a shelf of a locked order's lines to those who wait, and return what each got.

    Those to whom it was promised come first. Of lines that have `ended`, at least in part, nothing is promised beyond
    what they still bring. All that this locks is locked.
    """
    got = serve_pegs(warehouse=order.warehouse, number=order.number, came=came, demands=demands, at=at)
    broken = free_pegs(ended)
    for demand_id, units in allocate_demands(demand_ids=list(demands), at=at).items():
        got[demand_id] = got.get(demand_id, ZERO) + units
    lost = list(Demand.objects.filter(pk__in={demand_id for demand_id, _line in broken})) if broken else []
    if lost:
        rest = list(SupplierOrderLine.objects.filter(pk__in={line.pk for line in ended}, open__gt=0))
        peg_waiting(lines=rest, demands=lost, at=at, cause="received", number=order.number)
    settle_promises(demand_ids=list(demands), at=at, cause="received", number=order.number)
    if lost:
        ask_orders(broken, lost, at)
    finish(order, at)
    peg_later({line.product_id for line in (*ended, *(line for line, _units in came))})
    return got


def _note_arrivals(
    order: SupplierOrder, lines: dict[int, SupplierOrderLine], arrivals: Sequence[Arrival], places: int
) -> tuple[list[Decimal], set[int]]:
    """Raise what locked lines have received, or have to be inspected; return what each arrival costs, and the latter.

    The cost of a line's arrivals comes to that of its units whole, to the cent (PRODUCT.md rule 7).
    """
    changes: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    rows = SupplierOrderLine.objects.filter(pk__in=lines).annotate(is_inspected=IS_INSPECTED)
    facts = {pk: facts for pk, *facts in rows.values_list("pk", "product__unit__step", "is_inspected")}
    inspected = {arrival.line_id for arrival in arrivals if arrival.quantity and facts[arrival.line_id][1]}
    values = []
    for arrival in arrivals:
        line, change = lines[arrival.line_id], changes[arrival.line_id]
        if arrival.quantity < 0 or not in_steps(arrival.quantity, facts[line.pk][0]):
            raise Blocked(f"{arrival.quantity.normalize():f} is no number of units of line {line.position}.")
        before = line.received + line.inspecting + change["received"] + change["inspecting"]
        after = before + arrival.quantity
        most = line.quantity * (100 + line.over_percent) / 100 - line.cancelled
        if after > most:
            raise Blocked(
                f"Line {line.position} may bring {max(most - before, ZERO).normalize():f} more, and not"
                f" {arrival.quantity.normalize():f}. Leave the rest with the supplier, or ask the purchaser."
            )
        values.append(round_half_up(line.unit_cost * after, places) - round_half_up(line.unit_cost * before, places))
        change["inspecting" if line.pk in inspected else "received"] += arrival.quantity
        if arrival.is_last:
            change["cancelled"] = max(line.quantity - line.cancelled - after, ZERO)
    bulk.add(SupplierOrderLine, dict(changes))
    return values, inspected


def _shelves(order: SupplierOrder, came: Sequence[Arrival], inspected: Collection[int]) -> list[int]:
    """Return the bin into which each arrival goes.

    :raises Blocked: where one is in another warehouse than the one for which it was ordered.
    :raises WarehouseNotReady: where one is to be inspected, and the warehouse has no bin for quarantine.
    """
    own = Bin.objects.filter(pk__in={arrival.bin_id for arrival in came}, warehouse=order.warehouse_id)
    known: set[int] = set(own.values_list("pk", flat=True))
    aside: Bin | None = None
    if inspected:
        aside = Bin.objects.filter(warehouse=order.warehouse_id, kind=Bin.Kind.QUARANTINE).order_by("sequence").first()
        if aside is None:
            raise WarehouseNotReady(
                "This warehouse has no bin for quarantine yet: an administrator adds one of that kind."
            )
    shelves = []
    for arrival in came:
        if aside is not None and arrival.line_id in inspected:
            shelves.append(aside.pk)
        elif arrival.bin_id in known:
            shelves.append(arrival.bin_id)
    if len(shelves) != len(came):
        raise Blocked("Put it into a bin of the warehouse that ordered it.")
    return shelves
