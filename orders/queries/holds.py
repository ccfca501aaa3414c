"""Reads of holds: which orders and lines are on hold and why, and what that is to the verbs of other apps."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from core.models import User
from core.reading import day_at, is_one_of
from core.refusals import Blocker
from orders.models import Hold, SalesOrder

OPEN = Q(released_at__isnull=True)
# For statements of other apps. Whether a part's order, or its line, is on hold; {order}, {line}: the part's columns
HELD = (
    "EXISTS (SELECT 1 FROM orders_hold h WHERE h.order_id = {order} AND h.released_at IS NULL"
    " AND (h.line_id IS NULL OR h.line_id = {line}))"
)
# The same for a line alone, whatever its order
LINE_HELD = (
    "EXISTS (SELECT 1 FROM orders_hold h WHERE h.order_id = {order} AND h.released_at IS NULL AND h.line_id = {line})"
)
# Why an order, or lines of it, are on hold, for `sentence()`
REASONS = (
    "ARRAY(SELECT concat_ws(chr(31), h.kind, coalesce(hl.position, 0), h.reason) FROM orders_hold h"
    " LEFT JOIN orders_salesorderline hl ON hl.id = h.line_id"
    " WHERE h.order_id = {order} AND h.released_at IS NULL ORDER BY h.id)"
)
_GOING = (SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED)


def order_is_held() -> Exists:
    """Return whether an order, or a line of it, is on hold, for a query over orders."""
    return Exists(Hold.objects.filter(OPEN, order=OuterRef("pk")))


# The same for a queue, which finds those orders first
ORDER_IS_HELD = Q(is_one_of(Hold.objects.filter(OPEN).values("order")))


def whole_order_is_held() -> Exists:
    """Return whether an order as such is on hold, for a query over orders."""
    return Exists(Hold.objects.filter(OPEN, order=OuterRef("pk"), line__isnull=True))


def order_is_held_for_credit() -> Exists:
    """Return whether a hold of credit stops an order, or a line of it, for a query over orders."""
    return Exists(Hold.objects.filter(OPEN, order=OuterRef("pk"), kind=Hold.Kind.CREDIT))


def line_is_held() -> Exists:
    """Return whether a part's line is on hold for itself, for a query over parts."""
    return Exists(Hold.objects.filter(OPEN, order=OuterRef("order_id"), line=OuterRef("line_id")))


def part_is_held() -> Exists:
    """Return whether a part's order, or its line, is on hold, for a query over parts."""
    concerns = Q(line__isnull=True) | Q(line=OuterRef("line_id"))
    return Exists(Hold.objects.filter(OPEN, concerns, order=OuterRef("order_id")))


def shown_holds(order: Any, user: User) -> list[Hold]:
    """Return an order's open holds with who placed each, and whether this person `may_lift` it."""
    if not order.held:
        return []
    rows = Hold.objects.filter(OPEN, order=order).select_related("line", "placed_by").order_by("pk")
    shown = list(rows)
    for hold in shown:
        hold.may_lift = user.can("orders.lift_hold") and user.can(hold.lifted_by)
    return shown


def expired_holds(at: datetime) -> QuerySet[Hold]:
    """Return the open holds whose day has come at their company."""
    today = day_at(at)
    return Hold.objects.filter(OPEN, expires_on__isnull=False).annotate(today=today).filter(expires_on__lte=F("today"))


def said(hold: Hold) -> str:
    """Return a hold in words: what of the order, which kind, and the reason that was given."""
    return _said(hold.kind, hold.line.position if hold.line else 0, hold.reason)


def sentence(reason: str) -> str:
    """Return an entry of REASONS in words."""
    kind, position, text = reason.split(chr(31), 2)
    return _said(kind, int(position), text)


def _said(kind: str, position: int, reason: str) -> str:
    what = f"Line {position} is on hold" if position else "On hold"
    return f"{what}: {Hold.Kind(kind).label.lower()}{f' – {reason}' if reason else ''}."


def may_be_held(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    """Return why orders cannot be put on hold: only what is under way and has goods that have not left can be."""
    rows = SalesOrder.objects.filter(pk__in=order_ids).order_by()
    found: dict[int, list[Blocker]] = {}
    status: Any
    for pk, status, fulfilment in rows.values_list("pk", "status", "fulfilment"):
        if status in (SalesOrder.Status.DRAFT, SalesOrder.Status.REVIEW):
            found[pk] = [Blocker("already_draft", "A draft goes nowhere: it needs no hold.")]
        elif status not in _GOING:
            label = SalesOrder.Status(status).label.lower()
            found[pk] = [Blocker("already_over", f"The order is {label}: there is nothing to hold.")]
        elif fulfilment in ("FULL", "OVER"):
            found[pk] = [Blocker("already_left", "Everything has left: there is nothing to hold.")]
    return found
