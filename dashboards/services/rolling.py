"""Rolling up: facts of orders made anew where something happened to them, and the figures of their days with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from core import bulk
from core.models import Company
from core.transactions import atomic
from dashboards.models import DayFigure, LineFact, Occurrence, OrderFact, RollUp
from dashboards.sql import figures
from orders.models import SalesOrder

# Orders of a statement
SLICE = 1_000
# A rebuild looks so often whether transactions that were open when it began have ended
LOOKS = 100


class _Mark(NamedTuple):
    """The last number that events have taken, when, and since when the oldest of others' transactions runs."""

    event_id: int
    at: datetime
    open_since: datetime | None


@atomic
def roll_up(*, company_id: int, at: datetime, with_open: bool = False) -> int:
    """Bring a company's figures up to date with what happened to its orders, and return how many orders that were.

    `with_open` takes in all that are not over, whatever happened. The first time all orders are taken in.
    """
    state, is_new = RollUp.objects.get_or_create(company_id=company_id, defaults={"rolled_at": at})
    state = RollUp.objects.filter(company=company_id).locked().get()
    if is_new:
        return _rebuild(state, at)
    mark = _mark()
    with connection.cursor() as cursor:
        cursor.execute(figures.TOUCHED, [state.event_id, company_id])
        order_ids = {order_id for (order_id,) in cursor.fetchall()}
    if with_open:
        order_ids |= set(
            SalesOrder.objects.filter(company=company_id, status__in=SalesOrder.OPEN).values_list("pk", flat=True)
        )
    _make_anew(sorted(order_ids))
    if with_open:
        DayFigure.objects.filter(company=company_id, number=0).delete()
    # All that had a number by the last time is there now, unless a transaction that is older is still open
    if state.mark_at and not _is_open_before(mark, state.mark_at):
        state.event_id = state.mark_id
    _note(state, mark, at)
    return len(order_ids)


@atomic
def rebuild(*, company_id: int, at: datetime) -> int:
    """Make all facts and figures of a company anew, and return of how many orders."""
    RollUp.objects.get_or_create(company_id=company_id, defaults={"rolled_at": at})
    return _rebuild(RollUp.objects.filter(company=company_id).locked().get(), at)


def _rebuild(state: RollUp, at: datetime) -> int:
    mark = _mark()
    now, looks = mark, 0
    while (is_behind := _is_open_before(now, mark.at)) and looks < LOOKS:
        now, looks = _mark(after="50 milliseconds"), looks + 1
    for model in (LineFact, OrderFact, Occurrence, DayFigure):
        model.objects.filter(company=state.company_id).delete()
    order_ids = list(SalesOrder.objects.filter(company=state.company_id).order_by("pk").values_list("pk", flat=True))
    _make_anew(order_ids, are_new=True)
    state.event_id = state.event_id if is_behind else mark.event_id
    _note(state, mark, at)
    return len(order_ids)


def _make_anew(order_ids: Sequence[int], *, are_new: bool = False) -> None:
    for place in range(0, len(order_ids), SLICE):
        given = bulk.array(order_ids[place : place + SLICE])
        with connection.cursor() as cursor:
            if not are_new:
                cursor.execute(figures.TAKE_BACK, [given, given, given])
            cursor.execute(figures.BRING_IN, [given])


def _mark(*, after: str = "") -> _Mark:
    with connection.cursor() as cursor:
        if after:
            cursor.execute("SELECT pg_sleep_for(%s)", [after])
        cursor.execute(figures.LAST_EVENT)
        (event_id,) = cursor.fetchone()
        cursor.execute(figures.OPEN_SINCE)
        return _Mark(event_id, *cursor.fetchone())


def _is_open_before(mark: _Mark, at: datetime) -> bool:
    """Return whether a transaction that began before a time is still open, so that its events may still come."""
    return mark.open_since is not None and mark.open_since <= at


def _note(state: RollUp, mark: _Mark, at: datetime) -> None:
    state.mark_id, state.mark_at, state.rolled_at = mark.event_id, mark.at, at
    state.save(update_fields=["event_id", "mark_id", "mark_at", "rolled_at"])


def roll_up_all(*, at: datetime, with_open: bool = False) -> None:
    """Bring the figures of every company up to date, each in a transaction of its own."""
    for company_id in Company.objects.order_by("pk").values_list("pk", flat=True):
        roll_up(company_id=company_id, at=at, with_open=with_open)
