"""The order queue, and the verbs done to orders from it or from an order's own page."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from core import notes
from core.forms import OwnerForm
from core.pages import moment, person, today_of
from core.queues import Alert, BulkAction, QueueActionView, QueueView, Tab, Work
from orders import services
from orders.filters import OrderQueueFilter
from orders.models import SalesOrder, Standing
from orders.queries import holds
from orders.queries import queue as queue_queries
from orders.tables import OrderQueueTable, PricedOrderQueueTable

CONFIRM = BulkAction("orders:confirm", "orders.confirm", "Confirm", key="c")
ALLOCATE = BulkAction("orders:allocate", "orders.confirm", "Allocate", key="a")
DISCARD = BulkAction(
    "orders:discard",
    "orders.create",
    "Discard",
    key="d",
    confirm="Discard the chosen drafts? Their PO numbers are free again.",
)
HOLD = BulkAction("orders:hold_many", "orders.hold", "Hold", key="h", opens=True)
LIFT = BulkAction("orders:lift_holds", "orders.lift_hold", "Lift the holds", key="l", phrase="Lift the holds of {}")
ASSIGN = BulkAction(
    *("orders:assign", "core.assign_owner", "Give to a colleague"),
    key="o",
    opens=True,
    phrase="Give {} to a colleague",
)


class OrderQueueView(QueueView):
    """Orders, by what has to be done with them."""

    verb = "orders.view"
    model = SalesOrder
    table_class = OrderQueueTable
    filterset_class = OrderQueueFilter
    template_name = "orders/queue.html"
    row_template = "orders/_queue_row.html"
    empty_template = "orders/_queue_empty.html"
    title = "Orders"
    noun = "order"
    default_sort = "requested_on"
    archive_sorts: ClassVar[tuple[str, ...]] = ("number",)
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("drafts", "To confirm", Q(status__in=["DRAFT", "REVIEW"])),
        Tab("late", "Late", Q(late=True)),
        Tab("backordered", "Backordered", queue_queries.stands(Standing.WAITS)),
        Tab("confirmed", "Confirmed", Q(status="CONFIRMED")),
        Tab("held", "On hold", Q(holds.ORDER_IS_HELD, status__in=["CONFIRMED", "RELEASED"])),
        Tab("credit", "Credit hold", Q(holds.order_is_held_for_credit(), status__in=["CONFIRMED", "RELEASED"])),
        Tab("released", "Released", Q(status="RELEASED")),
        Tab("completed", "Completed", Q(status__in=["COMPLETED", "CLOSED"]), is_archive=True),
        Tab("all", "All", Q(), is_archive=True),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("drafts", "orders.confirm"), Work("credit", "orders.lift_credit_hold"))
    alerts: ClassVar[tuple[Alert, ...]] = (
        Alert("Late orders", Q(late=True), "requested_on", "orders.confirm", "tab=late", party="customer__name"),
        Alert(
            "Orders at risk: expected later than first promised",
            Q(queue_queries.SLIPS, late=False),
            *("confirmed_at", "orders.confirm", "tab=all&promise=slips"),
            party="customer__name",
        ),
    )

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Add the value of the orders for those who may see it."""
        super().setup(request, *args, **kwargs)
        self.shows_prices = person(request).can("orders.view_prices")
        if self.shows_prices:
            self.table_class = PricedOrderQueueTable

    def get_queryset(self) -> QuerySet[Any]:
        """Return the orders with their customer, and whether they are late or wait for stock."""
        return queue_queries.orders_in_queue(person(self.request), today_of(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each order how far it is, how long it has waited, and what is wrong with it."""
        return queue_queries.shown(rows, moment(self.request))

    @cached_property
    def shown_bulk_actions(self) -> list[tuple[BulkAction, str]]:
        """What can be done to the orders of the current tab."""
        tab = self.current_tab.slug if self.current_tab else ""
        offered = {
            "drafts": [CONFIRM, DISCARD, ASSIGN],
            "late": [ALLOCATE, HOLD, ASSIGN],
            "confirmed": [ALLOCATE, HOLD, ASSIGN],
            "backordered": [ALLOCATE, HOLD, ASSIGN],
            "released": [HOLD, ASSIGN],
            "held": [LIFT, ASSIGN],
            "credit": [LIFT, ASSIGN],
            "all": [CONFIRM, ALLOCATE, ASSIGN],
        }
        user = person(self.request)
        return [(action, reverse(action.url_name)) for action in offered.get(tab, []) if user.can(action.verb)]

    def extra_context(self) -> dict[str, Any]:
        """Say what the person may do beside the queue, and see in it."""
        user = person(self.request)
        return {
            "shows_prices": self.shows_prices,
            "can_create": user.can("orders.create"),
            "can_import": user.can("orders.import"),
        }


class ConfirmOrdersView(QueueActionView):
    """Confirms drafts: numbers, freezes, and promises stock."""

    verb = "orders.confirm"
    queue, queue_url = OrderQueueView, "orders:queue"
    service, ids_name = services.confirm_orders, "order_ids"
    done, done_many = "Order confirmed.", "{n} orders confirmed."


class AllocateOrdersView(QueueActionView):
    """Promises to backordered units the stock that has come since."""

    verb = "orders.confirm"
    queue, queue_url = OrderQueueView, "orders:queue"
    service, ids_name = services.allocate_orders, "order_ids"
    done, done_many = "Stock allocated.", "Stock allocated to {n} orders."


class AssignOrdersView(QueueActionView):
    """Gives orders to somebody, who looks after them from now on; its page asks to whom."""

    verb = "core.assign_owner"
    queue, queue_url = OrderQueueView, "orders:queue"
    service, ids_name = partial(notes.assign_owner, kind="salesorder"), "document_ids"
    done, done_many = "Order given.", "{n} orders given."

    @property
    def form_class(self) -> Any:  # type: ignore[override]
        """Return the form with the colleagues who may open orders."""
        people = [user for user in notes.colleagues(person(self.request).company.pk) if user.can("orders.view")]
        return partial(OwnerForm, people=people)

    def called_with(self, form: Any) -> dict[str, Any]:
        """Return who was chosen."""
        return {"owner_id": form.cleaned_data["owner"]}
