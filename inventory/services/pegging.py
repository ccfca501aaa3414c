"""Pegging: what waits is promised what comes, and keeps that promise or loses it as either changes.

What comes are the lines of supplier orders and those of transfers from other warehouses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Q

from core import bulk, jobs
from core.models import Company
from core.transactions import atomic
from inventory import events, sql
from inventory.decide import Inbound, Waiting, peg
from inventory.models import Allocation, BrokenPeg, Demand, SupplierOrder, SupplierOrderLine, Transfer, TransferLine

ZERO = Decimal(0)
Line = SupplierOrderLine | TransferLine
# By which column of a peg a line is named
_COLUMN = {SupplierOrderLine: "supply", TransferLine: "transfer_line"}


@dataclass(slots=True)
class Settled:
    """What settling came to: units that demands gave back, by demand and supplier's line, and the dates that moved.

    `gave_back`: the demands that gave back any, of transfers as well.
    """

    given_back: dict[tuple[int, int], Decimal] = field(default_factory=dict)
    gave_back: set[int] = field(default_factory=set)
    moves: list[events.PromiseMoved] = field(default_factory=list)


@atomic
def peg_demands(*, product_ids: Collection[int], at: datetime) -> int:
    """Promise what is on its way to demands that wait, and return how many pegs were made; safe to run at any time.

    The most urgent demand is served first, from what comes first. No peg that stands is moved for it, so that what one
    customer was told is not taken away for another.
    """
    if not product_ids:
        return 0
    lines: list[Line] = [*lock_supply(product_ids), *lock_transfers(product_ids)]
    if lines:
        at = document_of(lines[0]).company.local(at)
    return peg_waiting(lines=lines, demands=lock_waiting({line.product_id for line in lines}), at=at)


def peg_later(product_ids: Collection[int]) -> None:
    """Have demands of products pegged after this transaction, by a job that may lock what is on its way.

    Whoever has locked a demand must not lock that any more.
    """
    if product_ids:
        jobs.defer("inventory.peg_demands", product_ids=sorted(product_ids))


def lock_supply(product_ids: Collection[int], *, line_ids: Collection[int] = ()) -> list[SupplierOrderLine]:
    """Lock the lines on which some products are to come, and those named besides, before any demand is locked."""
    coming = Q(product__in=product_ids, open__gt=0, order__status__in=SupplierOrder.OPEN)
    rows = SupplierOrderLine.objects.filter(coming | Q(pk__in=line_ids)).select_related("order__company")
    return list(rows.locked())


def lock_transfers(product_ids: Collection[int], *, line_ids: Collection[int] = ()) -> list[TransferLine]:
    """Lock the lines on which products come from other warehouses, and those named besides, after `lock_supply`."""
    rows = TransferLine.objects.filter(Q(product__in=product_ids, open__gt=0) | Q(pk__in=line_ids))
    return list(rows.select_related("transfer__company").locked())


def lock_waiting(product_ids: Collection[int], *, demand_ids: Collection[int] = ()) -> list[Demand]:
    """Lock the demands that wait for products, and those named besides."""
    waits = Q(product__in=product_ids, backordered__gt=0, is_held=False)
    return list(Demand.objects.filter(waits | Q(pk__in=demand_ids)).locked())


def peg_waiting(
    *,
    lines: Sequence[Line],
    demands: Sequence[Demand],
    at: datetime,
    first: Collection[int] = (),
    cause: str = "pegged",
    number: str = "",
) -> int:
    """Peg locked demands that wait to locked lines as far as both go, and set their dates; return how many pegs.

    Those named `first` had a promise, which is made anew before any other.
    """
    taken = pegged_of_lines(lines)
    has = pegged_of_demands([demand.pk for demand in demands])
    waiting = [
        Waiting(demand.pk, demand.product_id, demand.backordered - has[demand.pk])
        for demand in sorted(demands, key=lambda d: (d.pk not in first, d.priority, d.due_on, d.pk))
        if not demand.is_held
    ]
    inbounds = [
        Inbound(place, line.product_id, line.expected_on, line.open - taken[line])
        for place, line in enumerate(lines)
        if line in taken
    ]
    company_of = {demand.pk: demand.company_id for demand in demands}
    made = [
        Allocation(
            company_id=company_of[grant.demand_id],
            demand_id=grant.demand_id,
            quantity=grant.quantity,
            status=Allocation.Status.SOFT,
            reason=f"{document_of(lines[grant.line_id])} brings it",
            created_at=at,
            **on_line(lines[grant.line_id]),
        )
        for grant in peg(waiting, inbounds, at.date())
    ]
    bulk.insert(made)
    touched = {demand.pk for demand in demands}
    settle_promises(demand_ids=touched, at=at, cause=cause, number=number)
    return len(made)


def settle_promises(*, demand_ids: Collection[int], at: datetime, cause: str = "", number: str = "") -> Settled:
    """Take from locked demands the pegs that they need no more, the last to come first, and set their dates.

    Where all that waits is on its way the date is that of the last of it; what is late has none. Where a cause is
    given, those above are told of the dates that moved.
    """
    settled = Settled()
    if not demand_ids:
        return settled
    with connection.cursor() as cursor:
        cursor.execute(sql.SETTLE_PROMISES, [bulk.array(sorted(demand_ids)), at.date()])
        for demand_id, supply_id, transfer_line_id, quantity, before, after in cursor.fetchall():
            if supply_id is not None:
                settled.given_back[demand_id, supply_id] = quantity
            if supply_id is not None or transfer_line_id is not None:
                settled.gave_back.add(demand_id)
            else:
                settled.moves.append(events.PromiseMoved(demand_id, before, after))
    if cause and settled.moves:
        moves = tuple(sorted(settled.moves, key=lambda move: move.demand_id))
        events.promises_moved.send(sender=Demand, event=events.PromisesMoved(moves, cause, number, at))
    return settled


def document_of(line: Line) -> SupplierOrder | Transfer:
    """Return the document that a line is of, whose name is its number."""
    return line.order if isinstance(line, SupplierOrderLine) else line.transfer


def on_line(line: Line) -> dict[str, Line]:
    """Return by what a peg names a line."""
    return {_COLUMN[type(line)]: line}


def free_pegs(lines: Sequence[Line]) -> dict[tuple[int, int], Decimal]:
    """Free every peg of locked lines of one kind, whose demands are locked; return their units by demand and line."""
    if not lines:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql.FREE_PEGS[_COLUMN[type(lines[0])]], [bulk.array(sorted(line.pk for line in lines))])
        return {(demand_id, line_id): quantity for demand_id, line_id, quantity in cursor.fetchall()}


def pegged_demands(line_ids: Collection[int], *, to: type[Line] = SupplierOrderLine) -> set[int]:
    """Return the demands that are pegged to lines of a kind."""
    pegs = Allocation.objects.filter(**{f"{_COLUMN[to]}__in": line_ids}, status=Allocation.Status.SOFT)
    return set(pegs.values_list("demand_id", flat=True))


def pegs_of(lines: Sequence[Line]) -> dict[Line, list[Allocation]]:
    """Return the pegs on lines of one kind, each with its demand."""
    if not lines:
        return {}
    column = _COLUMN[type(lines[0])]
    of_line = {line.pk: line for line in lines}
    found: dict[Line, list[Allocation]] = {line: [] for line in lines}
    pegs = Allocation.objects.filter(**{f"{column}__in": of_line}, status=Allocation.Status.SOFT)
    for one in pegs.select_related("demand"):
        found[of_line[getattr(one, f"{column}_id")]].append(one)
    return found


def ask(
    *, kind: BrokenPeg.Kind, broken: Mapping[tuple[int, int], Decimal], company_of: Mapping[int, int], at: datetime
) -> None:
    """Ask the other side what happens with units whose peg is broken, by demand and line."""
    bulk.later(
        [
            BrokenPeg(
                company_id=company_of[demand_id],
                kind=kind,
                demand_id=demand_id,
                supply_id=supply_id,
                quantity=quantity,
                asked_at=at,
            )
            for (demand_id, supply_id), quantity in broken.items()
        ]
    )


def pegged_of_lines(lines: Sequence[Line]) -> dict[Line, Decimal]:
    """Return what is pegged of lines that are to come, read after their locks."""
    if not lines:
        return {}
    by_name = {(_COLUMN[type(line)], line.pk): line for line in lines}
    ids = [[pk for name, pk in by_name if name == column] for column in _COLUMN.values()]
    with connection.cursor() as cursor:
        cursor.execute(sql.PEGGED_OF_LINES, [bulk.array(some) for some in ids])
        return {by_name[name, pk]: quantity for name, pk, quantity in cursor.fetchall()}


def pegged_of_demands(demand_ids: Sequence[int]) -> dict[int, Decimal]:
    """Return what demands are pegged to, nothing for the others; read after their locks."""
    found: dict[int, Decimal] = defaultdict(Decimal)
    if demand_ids:
        with connection.cursor() as cursor:
            cursor.execute(sql.PEGGED_OF_DEMANDS, [bulk.array(demand_ids)])
            found.update(cursor.fetchall())
    return found


def note_late(*, at: datetime) -> int:
    """Take the date from promises on lines that are late, tell their orders, and return how many there were."""
    return sum(_note_late(company, company.local(at)) for company in Company.objects.order_by("pk"))


@atomic
def _note_late(company: Company, at: datetime) -> int:
    lines = SupplierOrderLine.objects.filter(
        order__company=company, order__status__in=SupplierOrder.OPEN, expected_on__lt=at.date(), open__gt=0
    )
    transfers = TransferLine.objects.filter(transfer__company=company, transfer__expected_on__lt=at.date(), open__gt=0)
    late = pegged_demands([line.pk for line in lines.locked()])
    by_transfer = pegged_demands([line.pk for line in transfers.locked()], to=TransferLine)
    rows = Demand.objects.filter(pk__in=late | by_transfer, promised_on__isnull=False)
    demands = [demand.pk for demand in rows.locked()]
    settled = settle_promises(demand_ids=[pk for pk in demands if pk in late], at=at, cause="late")
    others = settle_promises(demand_ids=[pk for pk in demands if pk not in late], at=at, cause="transfer_late")
    return len(settled.moves) + len(others.moves)
