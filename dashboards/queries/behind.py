"""What stands behind a figure: the lines, orders or occurrences that it counts, or that it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Value

from core.models import User
from dashboards.models import Cause, Clock, LineFact, LineStage, Occurrence, OrderFact, Stage
from dashboards.queries.figures import RISK_DAYS
from dashboards.queries.periods import Period
from dashboards.sql.figures import TO_SEND
from orders.models import Hold
from warehouse.models import PickTask


@dataclass(frozen=True, slots=True)
class Lines:
    """A list of lines: its title, the day it is about, where its cause, units and value are, and which lines it has."""

    title: str
    day: str
    cause: str
    units: str
    value: str
    condition: Q
    is_of_period: bool = True


_LATE = {
    "first": Lines("Late by the first promise", "first_on", "first_cause", "due", "", ~Q(first_cause="")),
    "now": Lines("Late by the current promise", "now_on", "now_cause", "due", "", ~Q(now_cause="")),
    "asked": Lines("Late by the request", "asked_on", "asked_cause", "due", "", ~Q(asked_cause="")),
}
LINES = {
    **_LATE,
    "filled": Lines("Not filled at first", "filled_on", "", "missing", "", Q(filled__lt=F("ordered"))),
    "late": Lines("Late now", "open_on", "open_stage", "due", "open_value", ~Q(open_stage=""), is_of_period=False),
    "risk": Lines("At risk", "open_on", "open_stage", "due", "open_value", ~Q(open_stage=""), is_of_period=False),
    "to-send": Lines(
        "Lines to send", "open_on", "open_stage", "due", "open_value", Q(open_stage__in=TO_SEND), is_of_period=False
    ),
    "waiting": Lines(
        "Lines without stock", "waiting_on", "open_stage", "waiting", "waiting_value", Q(waiting__gt=0), False
    ),
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "": {"": "Less than ordered"},
    "open_stage": {value: str(label) for value, label in LineStage.choices},
}
_CAUSES = {value: str(label) for value, label in Cause.choices}


def cause_of(line: Any) -> str:
    """Return in words why a line of a list is in it."""
    return _WORDS.get(LINES[line.what].cause, _CAUSES)[line.cause]


def lines_behind(user: User, what: str, period: Period) -> QuerySet[LineFact]:
    """Return the lines of a list, each with the day, cause, units and value that the list is about."""
    of = LINES[what]
    rows = LineFact.objects.for_user(user).filter(of.condition)
    if of.is_of_period:
        rows = rows.filter(**{f"{of.day}__range": (period.first, period.last)})
    if what in _LATE:
        rows = rows.filter(**{f"{of.day}__lt": period.today})
    elif what == "late":
        rows = rows.filter(open_on__lt=period.today)
    elif what == "risk":
        soon = period.today + timedelta(days=RISK_DAYS)
        no_stock = Q(open_stage__in=[LineStage.STOCK, LineStage.HOLD], open_on__lte=soon)
        rows = rows.filter(Q(open_stage=LineStage.MOVED) | no_stock, open_on__gte=period.today)
    units = F("ordered") - F("filled") if of.units == "missing" else F(of.units)
    return rows.annotate(
        what=Value(what),
        due_on=F(of.day),
        cause=F(of.cause) if of.cause else Value(""),
        units=units,
        value=F(of.value) if of.value else F("line__net"),
    ).select_related("order__customer", "line__product__unit", "warehouse")


_STRETCHES = {
    Clock.CONFIRM: ("taken_at", "confirmed_at"),
    Clock.RELEASE: ("confirmed_at", "released_at"),
    Clock.PICK: ("released_at", "picked_at"),
    Clock.SHIP: ("picked_at", "shipped_at"),
    Clock.DELIVER: ("shipped_at", "delivered_at"),
    Clock.CASH: ("delivered_at", "paid_at"),
    Clock.WHOLE: ("taken_at", "delivered_at"),
}
ORDERS = {
    **{stage.value.lower(): str(stage.label) for stage in Stage},
    **{f"time-{clock.value.lower()}": str(clock.label) for clock in _STRETCHES},
}


def orders_behind(user: User, what: str, period: Period) -> QuerySet[OrderFact]:
    """Return the orders at a stage, or those that came through a stretch in the period, each with what it took."""
    rows = OrderFact.objects.for_user(user).select_related("order__customer", "warehouse")
    nothing = Value(None, output_field=DurationField())
    if not what.startswith("time-"):
        return rows.filter(stage=what.upper()).annotate(at=F("stage_on"), took=nothing)
    since, until = _STRETCHES[Clock(what.removeprefix("time-").upper())]
    zone = user.company.zone
    rows = rows.filter(
        **{f"{since}__isnull": False, f"{until}__gte": period.begins(zone), f"{until}__lt": period.ends(zone)}
    )
    took = ExpressionWrapper(F(until) - F(since), output_field=DurationField())
    return rows.annotate(at=F(until), took=took)


OCCURRENCES = {
    "shorts": ("Short picks", Q(kind=Occurrence.Kind.SHORT)),
    "holds": ("Holds placed", Q(kind=Occurrence.Kind.HOLD)),
    "open-holds": ("Open holds", Q(kind=Occurrence.Kind.HOLD, is_open=True)),
    "invoices": ("Invoices and credit notes", Q(kind__in=[Occurrence.Kind.INVOICE, Occurrence.Kind.CREDIT])),
}
REASONS = {**dict(PickTask.Reason.choices), **dict(Hold.Kind.choices), "FOREIGN": "Another currency"}


def occurrences_behind(user: User, what: str, period: Period) -> QuerySet[Occurrence]:
    """Return what happened in the period, or of holds those that are open now."""
    rows = Occurrence.objects.for_user(user).filter(OCCURRENCES[what][1])
    if what != "open-holds":
        rows = rows.filter(on__range=(period.first, period.last))
    return rows.select_related("order__customer", "line__product", "warehouse")
