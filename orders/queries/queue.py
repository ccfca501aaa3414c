"""Reads of the order queue: rows with what the page says of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import BooleanField, DateField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value

from core.models import User
from orders.models import Facet, LinePart, SalesOrder, Standing
from orders.queries import holds
from orders.queries.blocking import blockers


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
# Of which something may be to bill or to be paid: the others are over or not begun
BILLABLE = [SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED, SalesOrder.Status.COMPLETED]
_TO_CONFIRM = {SalesOrder.Status.DRAFT, SalesOrder.Status.REVIEW}
UNDER_WAY = (SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED)


# The day asked for has passed, and the goods have not all left; `today` is annotated. Charges alone never leave: parts
# are made when an order is confirmed
IS_LATE = (
    Q(status__in=SalesOrder.TO_SHIP, requested_on__lt=F("today"))
    & ~Q(fulfilment__in=[Facet.FULL, Facet.OVER])
    & (Q(status__in=_TO_CONFIRM) | Exists(LinePart.objects.filter(order=OuterRef("pk"))))
)


# How an order's promise stands to the day asked for, and to what was said first
PROMISES = {"slips": Standing.SLIPS, "late": Standing.LATE, "none": Standing.UNKNOWN, "kept": Standing.KEPT}


# What the index of promises is limited to: it is looked into for nothing else
_HAS_PROMISE = ~Q(promise=[])


def stands(word: str) -> Q:
    """Return the condition that the promise of an order under way stands so."""
    return Q(_HAS_PROMISE, status__in=UNDER_WAY, promise__contains=[word])


# Some of it is expected later than was said first, and has not left
SLIPS = stands(Standing.SLIPS)


def leaves_from(warehouse_id: int) -> Q:
    """Return the condition that units of an open order are promised from a warehouse, or left it."""
    return Q(_HAS_PROMISE, status__in=BILLABLE, leaves_from__contains=[warehouse_id])


def orders_in_queue(user: User, today: date) -> QuerySet[SalesOrder]:
    """Return the person's orders with their customer, and with what is wrong with them.

    `waits`: whether units of them wait for stock; `late`: whether they should have left before `today`; `held`: whether
    they, or lines of them, are on hold.
    """
    waiting = LinePart.objects.filter(order=OuterRef("pk"), demand__backordered__gt=0)
    orders: QuerySet[SalesOrder] = SalesOrder.objects.for_user(user).select_related("customer")
    orders = orders.annotate(
        waits=Exists(waiting), held=holds.order_is_held(), today=Value(today, output_field=DateField())
    )
    return orders.annotate(late=ExpressionWrapper(IS_LATE, output_field=BooleanField()))


def stages_of(order: SalesOrder, *, waits: bool, held: bool = False) -> list[Stage]:
    """Return how far an order is: its promise until it is shipped, then what was shipped, invoiced and paid."""
    stages = []
    if held and order.status in UNDER_WAY:
        stages.append(Stage("On hold", "wrong"))
    if order.status in UNDER_WAY and order.fulfilment != Facet.FULL:
        if order.allocation == Facet.FULL:
            stages.append(Stage("Allocated", "going"))
        elif waits:
            label = "Part allocated" if order.allocation == Facet.PART else "Backordered"
            stages.append(Stage(label, "waiting"))
    for facet, words in _STAGES.items():
        if stage := words.get(getattr(order, facet)):
            stages.append(stage)
    return stages


def shown(orders: Iterable[Any], now: datetime) -> list[Any]:
    """Return the orders of orders_in_queue with what rows say of each: its stages, its age, and what is wrong.

    Drafts are asked, by one statement for all of them, what stands against confirming them.
    """
    rows = list(orders)
    drafts = [order.pk for order in rows if order.status in _TO_CONFIRM]
    blocked = blockers(drafts, "orders.confirm") if drafts else {}
    for order in rows:
        order.stages = stages_of(order, waits=order.waits, held=order.held)
        order.on_hold = order.held and order.status in UNDER_WAY
        order.age = max(0, (now - (order.confirmed_at or order.created_at)).days)
        order.late_days = (order.today - order.requested_on).days if order.late else 0
        order.blocked = blocked.get(order.pk, [])
    return rows
