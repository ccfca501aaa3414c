"""Shipping's pages: what waits at the dock, sending an order off, and what has left."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from core.pages import VerbRequiredMixin, go_to, next_url, person, wants_fragment
from core.queues import QueueActionView, QueueView, Tab
from core.refusals import Refused
from orders.models import SalesOrder
from shipping import queries, services
from shipping.filters import DispatchFilter, ShipmentFilter
from shipping.forms import DispatchForm
from shipping.models import Shipment
from shipping.tables import DispatchQueueTable, ShipmentQueueTable


class DispatchQueueView(QueueView):
    """Orders with packed parcels that have not left."""

    verb = "shipping.dispatch"
    model = SalesOrder
    table_class = DispatchQueueTable
    filterset_class = DispatchFilter
    row_template = "shipping/_dispatch_row.html"
    empty_template = "shipping/_dispatch_empty.html"
    title = "To dispatch"
    noun = "order"
    default_sort = "requested_on"
    tabs: ClassVar[tuple[Tab, ...]] = (Tab("ready", "At the dock", queries.HAS_PARCELS_AT_THE_DOCK),)

    def get_queryset(self) -> QuerySet[Any]:
        """Return the orders that are with a warehouse or have left it."""
        return queries.orders_at_the_dock(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each order what of it waits at the dock, and whether it is late."""
        facts = queries.dock_facts([row.pk for row in rows]) if rows else {}
        today = timezone.localdate()
        for row in rows:
            row.facts = facts[row.pk]
            row.late = row.requested_on < today
        return rows


class DispatchOrdersView(QueueActionView):
    """Sends orders off with one carrier; without a carrier in the form it asks for it on the order's dispatch page."""

    verb = "shipping.dispatch"
    queue, queue_url = DispatchQueueView, "shipping:dispatch_queue"
    service, ids_name = services.dispatch_orders, "order_ids"
    form_class = DispatchForm
    done, done_many = "Order dispatched.", "{n} orders dispatched."

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponseBase:
        """Dispatch, or go and ask with whom."""
        if "carrier" in request.POST:
            return super().post(request, pk)
        order_id, *_others = self.asked_ids(pk)
        blocked = queries.blockers([order_id], "shipping.dispatch")
        if blocked:
            return self.refused({pk: Refused.because(blockers) for pk, blockers in blocked.items()})
        return go_to(request, reverse("shipping:dispatch_order", args=[order_id]))


class DispatchOrderView(VerbRequiredMixin, View):
    """Sends one order's parcels off: what leaves, where to, with whom."""

    verb = "shipping.dispatch"
    template_name, fragment_name = "shipping/dispatch.html", "shipping/_dispatch_form.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what would leave, and the form."""
        return self.show(request, pk, DispatchForm(initial={"carrier": queries.last_carrier(person(request))}))

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Dispatch the order, or show the form again with what is wrong."""
        form = DispatchForm(request.POST)
        if not form.is_valid():
            return self.show(request, pk, form, status=422)
        results = services.dispatch_orders(
            order_ids=[pk], actor=person(request), at=timezone.now(), **form.cleaned_data
        )
        result = results.get(pk)
        if isinstance(result, Refused):
            raise result
        order = self.order(request, pk)
        messages.success(request, f"{order} dispatched.")
        return go_to(request, next_url(request) or reverse("shipping:dispatch_queue"))

    def order(self, request: HttpRequest, pk: int) -> SalesOrder:
        """Return the order.

        :raises Http404: where it is not one of the person's companies' that a warehouse has or had.
        """
        return get_object_or_404(queries.orders_at_the_dock(person(request)), pk=pk)

    def show(self, request: HttpRequest, pk: int, form: DispatchForm, status: int = 200) -> HttpResponse:
        """Draw the page, or the form alone for htmx."""
        order = self.order(request, pk)
        parcels = list(queries.parcels_at_the_dock(pk))
        context = {"title": f"Dispatch {order}", "order": order, "parcels": parcels, "form": form}
        return render(
            request, self.fragment_name if wants_fragment(request) else self.template_name, context, status=status
        )


class ShipmentQueueView(QueueView):
    """What has left, the latest first."""

    verb = "shipping.view"
    model = Shipment
    table_class = ShipmentQueueTable
    filterset_class = ShipmentFilter
    row_template = "shipping/_shipment_row.html"
    empty_template = "shipping/_shipment_empty.html"
    title = "Shipments"
    noun = "shipment"
    default_sort = "-pk"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the shipments of the person's companies."""
        return queries.shipments(person(self.request))
