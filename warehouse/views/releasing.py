"""What can be released, and releasing it; and what the queues of orders share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import QuerySet

from core.pages import person, today_of
from core.queues import BulkAction, QueueActionView, QueueView, Tab, Work
from orders.models import SalesOrder
from warehouse import queries, services
from warehouse.filters import OrderFilter
from warehouse.tables import ReleaseQueueTable


class OrderQueueView(QueueView):
    """What the warehouse's queues of orders share."""

    model = SalesOrder
    filterset_class = OrderFilter
    noun = "order"
    default_sort = "requested_on"
    statuses: ClassVar[Sequence[SalesOrder.Status]] = ()

    def get_queryset(self) -> QuerySet[Any]:
        """Return the orders that are at this point, whether they wait there or not."""
        return queries.orders_with_the_warehouse(person(self.request), *self.statuses)

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each order how far it is in the warehouse, and whether it is late."""
        facts = queries.order_facts([row.pk for row in rows]) if rows else {}
        today = today_of(self.request)
        for row in rows:
            row.facts = facts[row.pk]
            row.late = row.requested_on < today
        return rows


class ReleaseQueueView(OrderQueueView):
    """Orders with allocated stock that no wave has yet."""

    verb = "warehouse.release"
    table_class = ReleaseQueueTable
    row_template = "warehouse/_release_row.html"
    empty_template = "warehouse/_release_empty.html"
    title = "To release"
    statuses = (SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED)
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("ready", "Ready", queries.HAS_STOCK_TO_RELEASE),
        Tab("waiting", "Waiting for stock", queries.WAITS_FOR_STOCK & ~queries.HAS_STOCK_TO_RELEASE),
        Tab("held", "On hold", queries.HAS_STOCK_ON_HOLD),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("ready", "warehouse.release"),)
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction(
            "warehouse:release",
            "warehouse.release",
            "Release",
            key="r",
            confirm="What is in stock of the selected orders goes to the pickers at once.",
        ),
    )

    @cached_property
    def shown_bulk_actions(self) -> list[tuple[BulkAction, str]]:
        """Releasing, where there is something to release."""
        return super().shown_bulk_actions if self.current_tab == self.tabs[0] else []


class ReleaseOrdersView(QueueActionView):
    """Releases the allocated stock of orders to the warehouses."""

    verb = "warehouse.release"
    queue, queue_url = ReleaseQueueView, "warehouse:release_queue"
    service, ids_name = services.release_orders, "order_ids"
    done, done_many = "Order released.", "{n} orders released."
