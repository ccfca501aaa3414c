"""What was promised of an order's lines: first and now, from where and why, and what can be had of those that wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Coalesce

from core.models import User
from inventory.atp import Arrival, Availability
from inventory.models import Allocation, Product
from inventory.queries.atp import available
from orders.models import LinePart, SalesOrder, SalesOrderLine
from orders.queries.queue import Stage

# What is cancelled or closed waits for nothing
_OPEN = (SalesOrder.Status.DRAFT, SalesOrder.Status.REVIEW, SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED)


def free_now(available: Availability, wanted: Decimal) -> Stage:
    """Return whether what is free of a product now is enough, in words, and what there is that is for others."""
    is_enough = available.now > 0 and wanted <= available.now
    kept = "" if is_enough or not available.kept else f", {available.kept.normalize():,f} kept for other channels"
    if available.now <= 0:
        return Stage(f"None free now{kept}", "wrong")
    return Stage(f"{available.now.normalize():,f} free now{kept}", "done" if is_enough else "waiting")


@dataclass(frozen=True, slots=True)
class Source:
    """Units of a line from one warehouse, or from what is to come on a day, and why from there.

    `warehouse_id` is there for stock that no pick was planned for.
    """

    quantity: Decimal
    reason: str
    comes_on: date | None
    warehouse_id: int | None = None
    sku: str = ""

    def of(self, sku: str | None) -> Source:
        """Return it as that of a component, where one is named."""
        return replace(self, sku=sku) if sku else self


@dataclass(frozen=True, slots=True)
class LinePromise:
    """On what day a line was first promised and is now, nothing where nobody knows, and from where it comes.

    `available` is there for lines that wait or were never promised, and for those who may see stock.
    """

    first_on: date | None = None
    now_on: date | None = None
    waits: Decimal = Decimal(0)
    sources: tuple[Source, ...] = ()
    available: Availability | None = None

    @property
    def has_moved(self) -> bool:
        """Whether it is not what was said first."""
        return self.first_on is not None and self.first_on != self.now_on

    @property
    def stock(self) -> Stage | None:
        """Whether what is free now is enough for what waits."""
        return free_now(self.available, self.waits) if self.available else None

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """What becomes free until there is enough for what waits."""
        return self.available.until(self.waits) if self.available else ()


@dataclass(frozen=True, slots=True)
class OrderPromise:
    """On which day the first goods of an order can leave, and on which it is complete (PRODUCT.md case 43).

    Nothing where nobody knows. Charges and services keep no goods waiting.
    """

    first_on: date | None
    complete_on: date | None


@dataclass(frozen=True, slots=True)
class _Part:
    """A part's demand, and the days of its promise."""

    line_id: int
    demand_id: int
    first_on: date | None
    now_on: date | None


def line_promises(
    order: SalesOrder, lines: Sequence[SalesOrderLine], user: User, today: date
) -> dict[int, LinePromise]:
    """Return the promise of each line of goods, by its key, in at most three statements whatever the lines."""
    goods = [line for line in lines if line.product.kind in Product.GOODS]
    parts: dict[int, list[_Part]] = defaultdict(list)
    for part in _parts(order) if order.number and goods else ():
        parts[part.line_id].append(part)
    sources = _sources([part.demand_id for of_line in parts.values() for part in of_line])
    others = (part for line in goods for part in (*getattr(line, "components", ()), *getattr(line, "instead", ())))
    names = {part.demand_id: part.product.sku for part in others}
    waits = {line.pk: _waiting(order, line) for line in goods}
    shows_stock = order.status in _OPEN and user.can("inventory.view_stock")
    asked = {line.product_id: line.product.kind for line in goods if waits[line.pk] > 0} if shows_stock else {}
    kits = {pk for pk, kind in asked.items() if kind == Product.Kind.KIT}
    found = available(asked.keys() - kits, today, kits=kits, channel_id=order.channel_id)
    return {
        line.pk: LinePromise(
            _last([part.first_on for part in parts[line.pk]]),
            _last([part.now_on for part in parts[line.pk]]),
            waits[line.pk],
            tuple(
                source.of(names.get(part.demand_id)) for part in parts[line.pk] for source in sources[part.demand_id]
            ),
            found.get(line.product_id) if waits[line.pk] > 0 else None,
        )
        for line in goods
    }


def order_promise(promises: Iterable[LinePromise]) -> OrderPromise:
    """Return an order's promise from those of its lines."""
    days = [promise.now_on for promise in promises]
    return OrderPromise(min((day for day in days if day), default=None), _last(days))


def is_apart(promises: Iterable[LinePromise]) -> bool:
    """Return whether what an order was promised lies in several warehouses, and no pick was planned for it."""
    return len({one.warehouse_id for promise in promises for one in promise.sources if one.warehouse_id}) > 1


@dataclass(frozen=True, slots=True)
class Place:
    """Units of a product that an order was promised in a warehouse, for which no pick was planned."""

    warehouse_id: int
    warehouse: str
    sku: str
    quantity: Decimal


def places_of(order: SalesOrder) -> list[Place]:
    """Return where an order's stock lies for which no pick was planned, by warehouse and product."""
    demands = LinePart.objects.filter(order=order, demand__isnull=False).values("demand")
    firm = Allocation.objects.filter(demand__in=demands, status=Allocation.Status.FIRM)
    names = ("level__warehouse", "level__warehouse__name", "level__product__sku")
    rows = firm.order_by(*names).values_list(*names).annotate(units=Sum(F("quantity") - F("picked")))
    return [Place(*row) for row in rows]


def _waiting(order: SalesOrder, line: SalesOrderLine) -> Decimal:
    """Return how many units of a line have no stock: all of them until the order is confirmed."""
    waits: Decimal = line.steps.backordered if order.number else line.quantity  # type: ignore[attr-defined]
    return waits


def _parts(order: SalesOrder) -> list[_Part]:
    """Return what was promised of each part of an order that still wants something."""
    parts: QuerySet[Any] = LinePart.objects.filter(order=order, demand__quantity__gt=0).order_by("pk")
    names = ("line", "demand", "demand__first_promised_on", "demand__promised_on")
    return [_Part(*row) for row in parts.values_list(*names)]


def _last(days: Sequence[date | None]) -> date | None:
    """Return the last of days, nothing where one is not known."""
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None


def _sources(demand_ids: Collection[int]) -> dict[int, list[Source]]:
    """Return by demand from where its goods come or came, and when those that are still to come to us."""
    rows: QuerySet[Any] = Allocation.objects.filter(demand__in=demand_ids).exclude(status=Allocation.Status.FREED)
    sources: dict[int, list[Source]] = defaultdict(list)
    comes_on = Coalesce("supply__expected_on", "transfer_line__transfer__expected_on")
    names = ("demand", "quantity", "reason", comes_on, "status", "level__warehouse")
    found = rows.order_by("pk").values_list(*names) if demand_ids else ()
    for demand_id, quantity, reason, day, status, warehouse_id in found:
        lies_in = warehouse_id if status == Allocation.Status.FIRM else None
        sources[demand_id].append(Source(quantity, reason, day, lies_in))
    return sources
