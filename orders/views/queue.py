"""The order queue, and the verbs done to orders from it or from an order's own page."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from core.pages import person
from core.queues import Alert, BulkAction, QueueActionView, QueueView, Tab, Work
from orders import services
from orders.filters import OrderQueueFilter
from orders.models import SalesOrder
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
LIFT = BulkAction("orders:lift_holds", "orders.lift_hold", "Lift the holds", key="l")


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
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("drafts", "To confirm", Q(status__in=["DRAFT", "REVIEW"])),
        Tab("late", "Late", Q(late=True)),
        Tab("backordered", "Backordered", Q(status__in=["CONFIRMED", "RELEASED"], waits=True)),
        Tab("confirmed", "Confirmed", Q(status="CONFIRMED")),
        Tab("held", "On hold", Q(status__in=["CONFIRMED", "RELEASED"], held=True)),
        Tab("released", "Released", Q(status="RELEASED")),
        Tab("completed", "Completed", Q(status__in=["COMPLETED", "CLOSED"])),
        Tab("all", "All", Q()),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("drafts", "orders.confirm"),)
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
        return queue_queries.orders_in_queue(person(self.request), timezone.localdate())

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each order how far it is, how long it has waited, and what is wrong with it."""
        return queue_queries.shown(rows, timezone.now())

    @cached_property
    def shown_bulk_actions(self) -> list[tuple[BulkAction, str]]:
        """What can be done to the orders of the current tab."""
        tab = self.current_tab.slug if self.current_tab else ""
        offered = {
            "drafts": [CONFIRM, DISCARD],
            "late": [ALLOCATE, HOLD],
            "confirmed": [ALLOCATE, HOLD],
            "backordered": [ALLOCATE, HOLD],
            "released": [HOLD],
            "held": [LIFT],
            "all": [CONFIRM, ALLOCATE],
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
