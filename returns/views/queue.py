"""The queue of returns by step, and what is answered there."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Q, QuerySet

from core.pages import person, today_of
from core.queues import Alert, BulkAction, QueueActionView, QueueView, Tab, Work
from returns import queries, services
from returns.filters import ReturnFilter
from returns.forms import ReasonForm
from returns.models import ReturnOrder
from returns.queries import pages
from returns.tables import ReturnQueueTable

Status = ReturnOrder.Status


class ReturnQueueView(QueueView):
    """Returns, a tab for each step that waits for somebody."""

    verb = "returns.view"
    model = ReturnOrder
    table_class = ReturnQueueTable
    filterset_class = ReturnFilter
    row_template = "returns/_return_row.html"
    empty_template = "returns/_return_empty.html"
    title = "Returns"
    noun = "return"
    default_sort = "pk"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("requested", "To authorize", Q(status=Status.REQUESTED)),
        Tab("awaited", "Awaited", Q(status=Status.AUTHORIZED)),
        Tab("received", "To inspect", Q(status=Status.RECEIVED)),
        Tab("inspected", "To put away", Q(status=Status.INSPECTED)),
        Tab("decided", "To settle", Q(status=Status.DECIDED)),
        Tab("quarantine", "In quarantine", pages.IS_QUARANTINED),
        Tab("closed", "Closed", ~pages.IS_OPEN, is_archive=True),
    )
    work: ClassVar[tuple[Work, ...]] = (
        Work("requested", "returns.authorize"),
        Work("received", "returns.inspect"),
        Work("inspected", "returns.inspect"),
        Work("decided", "returns.settle"),
    )
    alerts: ClassVar[tuple[Alert, ...]] = (
        Alert(
            "Returns asked for and not answered",
            Q(status=Status.REQUESTED),
            *("requested_at", "returns.authorize", "tab=requested"),
            after=timedelta(days=1),
            party="order__customer__name",
        ),
    )
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction("returns:authorize", "returns.authorize", "Authorize", key="a"),
        BulkAction("returns:reject", "returns.authorize", "Reject", opens=True),
        BulkAction("returns:cancel", "returns.request", "Cancel", opens=True),
    )

    @cached_property
    def shown_bulk_actions(self) -> list[tuple[BulkAction, str]]:
        """The verbs of the tab: what is requested is answered, and what has not come can be cancelled."""
        tab = self.current_tab.slug if self.current_tab else ""
        offered = {"requested": self.bulk_actions, "awaited": self.bulk_actions[2:]}.get(tab, ())
        return [shown for shown in super().shown_bulk_actions if shown[0] in offered]

    def get_queryset(self) -> QuerySet[Any]:
        """Return the returns of the person's companies."""
        return queries.returns(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each return how far its units are, and whether its time is nearly over."""
        units = queries.units_of([row.pk for row in rows]) if rows else {}
        today = today_of(self.request)
        for row in rows:
            row.units = units.get(row.pk, pages.Units())
            row.is_late = row.status == Status.AUTHORIZED and row.expires_on is not None and row.expires_on < today
        return rows


class AuthorizeReturnsView(QueueActionView):
    """Lets requested goods come."""

    verb = "returns.authorize"
    queue, queue_url = ReturnQueueView, "returns:queue"
    service, ids_name = services.authorize_returns, "return_ids"
    done, done_many = "Return authorized.", "{n} returns authorized."


class RejectReturnsView(QueueActionView):
    """Tells customers no, with the reason that its page asks for."""

    verb = "returns.authorize"
    queue, queue_url = ReturnQueueView, "returns:queue"
    service, ids_name = services.reject_returns, "return_ids"
    form_class = ReasonForm
    done, done_many = "Return rejected.", "{n} returns rejected."


class CancelReturnsView(QueueActionView):
    """Gives returns up before anything came, with the reason that its page asks for."""

    verb = "returns.request"
    queue, queue_url = ReturnQueueView, "returns:queue"
    service, ids_name = services.cancel_returns, "return_ids"
    form_class = ReasonForm
    done, done_many = "Return cancelled.", "{n} returns cancelled."
