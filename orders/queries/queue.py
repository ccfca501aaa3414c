"""Reads of the order queue: rows with what the page says of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, QuerySet

from core.models import User
from orders.models import Facet, LinePart, SalesOrder


@dataclass(frozen=True, slots=True)
class Stage:
    """How far an order is in one respect: its word, and what that means to the eye."""

    label: str
    tone: str


# Of each facet the values worth a word; a stage that is not begun is not news.
_STAGES: dict[str, dict[str, Stage]] = {
    "fulfilment": {Facet.PART: Stage("Part shipped", "waiting"), Facet.FULL: Stage("Shipped", "done")},
    "billing": {
        Facet.PART: Stage("Part invoiced", "waiting"),
        Facet.FULL: Stage("Invoiced", "done"),
        Facet.OVER: Stage("Over-invoiced", "wrong"),
    },
    "payment": {
        Facet.PART: Stage("Part paid", "waiting"),
        Facet.FULL: Stage("Paid", "done"),
        Facet.OVER: Stage("Overpaid", "wrong"),
    },
}
_UNDER_WAY = {SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED}


def orders_in_queue(user: User) -> QuerySet[SalesOrder]:
    """Return the person's orders with their customer and with `waits`: whether units of them wait for stock."""
    waiting = LinePart.objects.filter(order=OuterRef("pk"), demand__backordered__gt=0)
    orders: QuerySet[SalesOrder] = SalesOrder.objects.for_user(user).select_related("customer")
    return orders.annotate(waits=Exists(waiting))


def stages_of(order: SalesOrder, *, waits: bool) -> list[Stage]:
    """Return how far an order is: its promise until it is shipped, then what was shipped, invoiced and paid."""
    stages = []
    if order.status in _UNDER_WAY and order.fulfilment != Facet.FULL:
        if order.allocation == Facet.FULL:
            stages.append(Stage("Allocated", "going"))
        elif waits:
            label = "Part allocated" if order.allocation == Facet.PART else "Backordered"
            stages.append(Stage(label, "waiting"))
    for facet, words in _STAGES.items():
        if stage := words.get(getattr(order, facet)):
            stages.append(stage)
    return stages


def is_late(order: SalesOrder, today: date) -> bool:
    """Say whether the day asked for has passed and the goods have not all left."""
    return order.status in SalesOrder.OPEN and order.fulfilment != Facet.FULL and order.requested_on < today


def shown(orders: Iterable[SalesOrder], today: date) -> list[SalesOrder]:
    """Return the orders of orders_in_queue with `stages` and `late` on each, for rows and files."""
    rows = []
    for order in orders:
        order.stages = stages_of(order, waits=order.waits)  # type: ignore[attr-defined]
        order.late = is_late(order, today)  # type: ignore[attr-defined]
        rows.append(order)
    return rows
