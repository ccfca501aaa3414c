"""What the apps above tell orders: facts are kept below, in the teller's own transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.models import F

from core import bulk, jobs, transitions
from core.models import User
from core.reading import Among
from core.transactions import atomic
from orders import sql
from orders.models import LinePart, OrderEvent, SalesOrder
from orders.services.recording import Fact, record


def mark_released(*, orders: Sequence[SalesOrder], in_part: Container[int], at: datetime) -> None:
    """Note that at least one unit of each locked order is with a warehouse, and of which there is more to release.

    :raises ChangedMeanwhile: where an order is neither confirmed nor released.
    """
    for order in orders:
        order.to_release = order.pk in in_part
    transitions.apply_later(orders, "release", at=at, fields=["to_release"])


def note_picked(*, picked: Mapping[int, Decimal]) -> None:
    """Raise the parts' picked totals, by part id, without locking their orders.

    The table's constraints are the guard.
    """
    bulk.add(LinePart, {part_id: {"picked": quantity} for part_id, quantity in picked.items()})


def note_packed(*, packed: Mapping[int, Decimal]) -> None:
    """Raise the parts' packed totals, by part id, or lower them where parcels were opened again.

    Never above what was picked, nor below what was shipped.
    """
    bulk.add(LinePart, {part_id: {"packed": quantity} for part_id, quantity in packed.items()})


def note_shipped(*, shipped: Mapping[int, Decimal]) -> None:
    """Raise the parts' shipped totals, by part id, and set the fulfilment and return facets.

    The caller holds the orders' locks.
    """
    ids = sorted(shipped)
    with connection.cursor() as cursor:
        cursor.execute(sql.ADD_SHIPPED, [bulk.array(ids), bulk.array([shipped[pk] for pk in ids])])


def note_delivered(*, delivered: Mapping[int, Decimal]) -> None:
    """Raise the parts' delivered totals, by part id; never above what was shipped."""
    bulk.add(LinePart, {part_id: {"delivered": quantity} for part_id, quantity in delivered.items()})


def note_returned(*, returned: Mapping[int, Decimal]) -> None:
    """Raise the parts' returned totals, by part id, or lower them where goods went back to the customer.

    Sets the return facet; never above what was shipped. The caller holds the orders' locks.
    """
    ids = sorted(returned)
    with connection.cursor() as cursor:
        cursor.execute(sql.ADD_RETURNED, [bulk.array(ids), bulk.array([returned[pk] for pk in ids])])


def defer_allocation(*, order_ids: Collection[int]) -> None:
    """Have orders' allocation facet set after this transaction, by a job that may lock them; they are due till then."""
    jobs.defer("orders.note_allocation", order_ids=sorted(order_ids))


def defer_allocation_of(*, demand_ids: Collection[int]) -> None:
    """Have the allocation facet of the orders that placed demands set after this transaction."""
    defer_allocation(order_ids=set(LinePart.objects.filter(demand__in=demand_ids).values_list("order_id", flat=True)))


@atomic
def note_allocation(*, order_ids: Collection[int]) -> None:
    """Set how far the promise of orders goes, how it stands, and from where they leave, as it is now."""
    ids = list(SalesOrder.objects.filter(pk__in=order_ids).locked().values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(sql.SET_ALLOCATION, [ids])


def note_promises(
    *, moves: Mapping[int, tuple[date | None, date | None]], cause: str, number: str, at: datetime
) -> None:
    """Tell orders that the days moved on which units that wait can leave, by demand id as (before, after).

    An order is told once: of the last day of the units that moved, which is unknown where that of some of them is.
    """
    of_order: dict[tuple[int, int], list[int]] = defaultdict(list)
    parts = LinePart.objects.filter(demand__in=moves).order_by("order_id", "pk")
    for order_id, company_id, demand_id in parts.values_list("order_id", "order__company_id", "demand_id"):
        of_order[order_id, company_id].append(demand_id)
    record(
        facts=[
            Fact(
                order_id,
                company_id,
                OrderEvent.Kind.PROMISED,
                "order",
                order_id,
                {
                    "before": _last(moves[pk][0] for pk in demand_ids),
                    "after": _last(moves[pk][1] for pk in demand_ids),
                    "cause": cause,
                    "supplier_order": number,
                },
            )
            for (order_id, company_id), demand_ids in of_order.items()
        ],
        actor=None,
        at=at,
    )
    if of_order:
        defer_allocation(order_ids={order_id for order_id, _company in of_order})


def _last(days: Iterable[date | None]) -> str | None:
    known = list(days)
    return None if None in known else max(day for day in known if day).isoformat()


def note_received(*, got: Mapping[int, Decimal], company_id: int, number: str, actor: User, at: datetime) -> None:
    """Tell orders what they got of goods that came in, by demand id, and have their allocation facet set by a job."""
    note_allocated(got=got, company_id=company_id, actor=actor, at=at, supplier_order=number)


def note_allocated(
    *, got: Mapping[int, Decimal], company_id: int, actor: User | None, at: datetime, **words: str | int
) -> None:
    """Tell orders of a company, whose locks nobody holds, what they got by demand id, and through what.

    Their allocation facet is set by a job.
    """
    units: dict[int, Decimal] = defaultdict(Decimal)
    parts = LinePart.objects.filter(Among(F("demand_id"), list(got))).order_by("order_id", "pk")
    for order_id, demand_id in parts.values_list("order_id", "demand_id"):
        units[order_id] += got[demand_id]
    if not units:
        return
    record(
        facts=[
            Fact(
                *(order_id, company_id, OrderEvent.Kind.ALLOCATED, "order", order_id),
                {"allocated": str(quantity), **words},
            )
            for order_id, quantity in units.items()
        ],
        actor=actor,
        at=at,
    )
    defer_allocation(order_ids=units)


def note_invoiced(*, invoiced: Mapping[int, tuple[Decimal, Decimal]]) -> None:
    """Raise the lines' invoiced quantity and net, by line id, and set the billing facet.

    The caller holds the orders' locks.
    """
    _add_billed(sql.ADD_INVOICED, invoiced)


def note_credited(*, credited: Mapping[int, tuple[Decimal, Decimal]]) -> None:
    """Raise the quantity and net of lines that credit notes took back, and set the billing facet.

    What was taken back can be billed again, or cancelled. The caller holds the orders' locks.
    """
    _add_billed(sql.ADD_CREDITED, credited)


def _add_billed(statement: str, changes: Mapping[int, tuple[Decimal, Decimal]]) -> None:
    ids = sorted(changes)
    with connection.cursor() as cursor:
        cursor.execute(statement, [bulk.array(ids), *_arrays(changes[pk] for pk in ids)])


def note_settled(*, settled: Mapping[int, tuple[Decimal, Decimal]]) -> None:
    """Set the payment facet of orders from (settled, gross) of their invoices; the caller holds the orders' locks."""
    ids = sorted(settled)
    bulk.execute_later(sql.SET_PAYMENT, [bulk.array(ids), *_arrays(settled[pk] for pk in ids)], count=len(ids))


def _arrays(pairs: Iterable[tuple[Decimal, Decimal]]) -> list[str]:
    return [bulk.array(column) for column in zip(*pairs, strict=True)]
