"""What of a queue waits for somebody, and what of it is an alert: the queue says it, and it is counted and listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import DateTimeField, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import resolve, reverse

from core import registry
from core.models import User
from core.planner import planned_anew

if TYPE_CHECKING:
    from core.queues.listing import QueueView

# Who sees what nobody saw to in time
OVERSEES = "core.oversee"
# Of one alert; the rest is in its queue
MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Work:
    """A tab of a queue that is work for those who may do a verb."""

    tab: str
    verb: str


@dataclass(frozen=True, slots=True)
class Alert:
    """Rows of a queue that went wrong, or will: what is wrong, for whom to see to, and where they are listed.

    `called` and `party` are paths to what a row is called, where not by itself, and to whose it is. `since` is the
    column that says when it began, and `after` how long that is no alert yet. What is older by `escalates_after` is
    shown to those who oversee the queue as well.
    """

    name: str
    condition: Q
    since: str
    verb: str
    query: str
    after: timedelta = timedelta(0)
    escalates_after: timedelta = timedelta(days=1)
    called: str = ""
    party: str = ""

    def age_for(self, user: User, queue: type[QueueView]) -> timedelta | None:
        """Return how old it must be for a person to see it; none where they never do."""
        if user.can(self.verb):
            return self.after
        return self.after + self.escalates_after if user.can(OVERSEES) and user.can(queue.verb) else None


@dataclass(frozen=True, slots=True)
class Raised:
    """One row of an alert, as the list shows it."""

    label: str
    url: str
    party: str
    since: date | datetime
    age: str


@dataclass(frozen=True, slots=True)
class Watched:
    """An alert of a queue with the rows that a person sees of it."""

    name: str
    alert: Alert
    queue: QueueView
    url: str
    rows: QuerySet[Any]
    is_escalated: bool

    def listed(self, at: datetime) -> list[Raised]:
        """Return its oldest rows; one statement."""
        pages = {kind: page.url_name for kind, page in registry.subject_pages.items()}
        page = pages.get(str(self.queue.model._meta.model_name))
        with planned_anew(self.rows.db):
            rows = list(self.rows.order_by(self.alert.since, "pk")[:MOST_LISTED])
        return [
            Raised(
                _followed(row, self.alert.called) or str(row),
                reverse(page, args=[row.pk]) if page else self.url,
                _followed(row, self.alert.party),
                getattr(row, self.alert.since),
                age_of(getattr(row, self.alert.since), at),
            )
            for row in rows
        ]


def _followed(row: Any, path: str) -> str:
    for name in filter(None, path.split("__")):
        row = getattr(row, name)
    return str(row) if path else ""


def age_of(since: date | datetime, at: datetime) -> str:
    """Say how long ago something began, in its largest unit."""
    if not isinstance(since, datetime):
        days = (at.date() - since).days
        return f"{days} d" if days > 0 else "today"
    minutes = max(0, int((at - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def queue_at(url_name: str, request: HttpRequest) -> QueueView | None:
    """Return the queue at an address as the person of a request would see it; none where it is another page."""
    view_class: Any = getattr(resolve(reverse(url_name)).func, "view_class", None)
    if not hasattr(view_class, "work"):
        return None
    view: QueueView = view_class()
    view.setup(request)
    view.path = reverse(url_name)
    return view


def work_of(request: HttpRequest, user: User, url_names: Iterable[str]) -> dict[str, QuerySet[Any]]:
    """Return by the address of each queue the rows that are this person's to do."""
    found = {}
    for url_name in url_names:
        queue = queue_at(url_name, request)
        theirs = {work.tab for work in queue.work if user.can(work.verb)} if queue else set()
        if queue is None or not theirs:
            continue
        waits = Q()
        for tab in queue.tabs:
            if tab.slug in theirs:
                waits |= tab.condition
        found[url_name] = queue.get_queryset().filter(waits)
    return found


def watched_by(request: HttpRequest, user: User, at: datetime) -> Iterator[Watched]:
    """Yield the alerts that a person sees, each with its rows that are old enough for them."""
    for url_name in registry.watched_queues:
        queue = queue_at(url_name, request)
        if queue is None or not user.can(queue.verb):
            continue
        rows = queue.get_queryset()
        for alert in queue.alerts:
            age = alert.age_for(user, type(queue))
            if age is None:
                continue
            old_enough = {f"{alert.since}__lte": _moment(queue.model, alert.since, at - age)}
            yield Watched(
                alert.name,
                alert,
                queue,
                f"{queue.path}?{alert.query}",
                rows.filter(alert.condition, **old_enough),
                not user.can(alert.verb),
            )


def _moment(model: type[Model], column: str, at: datetime) -> date | datetime:
    return at if isinstance(model._meta.get_field(column), DateTimeField) else at.date()
