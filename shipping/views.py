"""Shipping's pages: what waits at the dock, sending it off, what is on its way and what has arrived."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from core import notes
from core.models import User
from core.pages import VerbRequiredMixin, go_to, moment, next_url, person, today_of, wants_fragment
from core.queues import Alert, BulkAction, QueueActionView, QueueView, Run, Tab, Work
from core.refusals import Refused
from orders.models import SalesOrder
from shipping import queries, services
from shipping.filters import DispatchFilter, ShipmentFilter
from shipping.forms import DeliveryForm, DispatchForm, FailureForm, LossForm
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
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("ready", "At the dock", queries.HAS_PARCELS_AT_THE_DOCK),
        Tab("held", "On hold", queries.HAS_PARCELS_ON_HOLD),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("ready", "shipping.dispatch"),)
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction("shipping:dispatch", "shipping.dispatch", "Dispatch", key="t", opens=True),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the orders that are with a warehouse or have left it."""
        return queries.orders_at_the_dock(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each order what of it waits at the dock, and whether it is late."""
        facts = queries.dock_facts([row.pk for row in rows]) if rows else {}
        today = today_of(self.request)
        for row in rows:
            row.facts = facts[row.pk]
            row.late = row.requested_on < today
        return rows


class DispatchOrdersView(QueueActionView):
    """Sends parcels of an order or of several off; its page says which, where to, and asks with whom.

    A form without a carrier leads to the page, one that names no parcel means all that are at the dock.
    """

    verb = "shipping.dispatch"
    http_method_names = ["get", "post"]
    queue, queue_url = DispatchQueueView, "shipping:dispatch_queue"
    done, done_many = "Order dispatched.", "{n} orders dispatched."

    def get(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Show what would leave, and the form."""
        ids = self.asked_ids(pk)
        orders = self.orders(ids)
        form = DispatchForm(
            initial={"carrier": queries.last_carrier(person(request))},
            carriers=queries.carriers(person(request)),
            parcels=list(queries.parcels_at_the_dock(ids, person(request))),
        )
        return self.show(orders, form)

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponseBase:
        """Dispatch, go and ask with whom, or show the form again with what is wrong."""
        ids = self.asked_ids(pk)
        if "carrier" not in request.POST:
            return self.ask(ids)
        parcels = list(queries.parcels_at_the_dock(ids, person(request)))
        form = DispatchForm(request.POST, parcels=parcels, carriers=queries.carriers(person(request)))
        if not form.is_valid():
            return self.show(self.orders(ids), form, status=422)
        chosen = queries.orders_of_parcels(person(request), form.chosen) if form.names_parcels else {}
        if form.names_parcels and (not chosen or not set(chosen.values()) <= set(ids)):
            raise Http404("No such parcel.")
        self.service = partial(self.dispatch_chosen, form, chosen)
        return self.answer(ids, self.run(sorted(set(chosen.values())) or ids, {}))

    @staticmethod
    def dispatch_chosen(
        form: DispatchForm, chosen: Mapping[int, int], *, ids: Sequence[int], actor: User, at: datetime
    ) -> Mapping[int, Any]:
        """Dispatch the chosen parcels of some orders, or all of them where none is named."""
        consignment = form.consignment()
        if not form.names_parcels:
            return services.dispatch_orders(
                order_ids=ids,
                carrier=consignment.carrier,
                tracking_number=consignment.tracking_number,
                carrier_id=consignment.carrier_id,
                actor=actor,
                at=at,
            )
        return services.dispatch_parcels(
            parcel_ids=[parcel_id for parcel_id, order_id in chosen.items() if order_id in set(ids)],
            consignment=consignment,
            actor=actor,
            at=at,
        )

    def ask(self, ids: list[int]) -> HttpResponseBase:
        """Go to the page that asks, unless nothing of the orders is at the dock."""
        blocked = queries.blockers(ids, self.verb)
        if len(blocked) == len(ids):
            return self.refused({pk: Refused.because(blockers) for pk, blockers in blocked.items()})
        if len(ids) == 1:
            return go_to(self.request, reverse("shipping:dispatch_order", args=ids))
        return go_to(self.request, f"{reverse('shipping:dispatch')}?{urlencode({'id': ids}, doseq=True)}")

    def orders(self, ids: Sequence[int]) -> Sequence[SalesOrder]:
        """Return the orders that a warehouse has or had, those that are wanted first before others.

        :raises Refused: where none of them is.
        """
        orders = list(
            queries.orders_at_the_dock(person(self.request))
            .filter(pk__in=ids)
            .annotate(said=notes.for_warehouse(salesorder="pk", customer="customer"))
            .order_by("requested_on", "pk")
        )
        if not orders:
            raise Refused.because(queries.blockers(ids, self.verb)[ids[0]])
        return orders

    def asked_ids(self, pk: int | None) -> list[int]:
        """Return the keys of the orders in the address or the form."""
        return self.checked_ids({str(pk)} if pk is not None else set(self.asked.getlist("id")))

    @property
    def asked(self) -> QueryDict:
        """What the address or the form says."""
        return self.request.POST if self.request.method == "POST" else self.request.GET

    def done_sentence(self, done: Collection[int]) -> str:
        """Return which order was dispatched, or how many were."""
        if len(done) != 1:
            return super().done_sentence(done)
        return f"{queries.orders_at_the_dock(person(self.request)).get(pk__in=done)} dispatched."

    def answer(self, ids: Sequence[int], run: Run) -> HttpResponseBase:
        """Go back to the dock, or say which orders stayed and why."""
        if run.refused:
            return super().answer(ids, run)
        messages.success(self.request, self.done_sentence(run.done))
        return go_to(self.request, next_url(self.request) or reverse(self.queue_url))

    def show(self, orders: Sequence[Any], form: DispatchForm, status: int = 200) -> HttpResponse:
        """Draw the page, or the form alone for htmx."""
        form.fields["carrier"].help_text = form.said_of_collections(moment(self.request))
        rows = form.rows()
        for order in orders:
            order.rows = [row for row in rows if row["parcel"].order_id == order.pk]
        only = orders[0] if len(orders) == 1 else None
        at_the_dock = [order for order in orders if order.rows]
        context = {
            "title": f"Dispatch {only}" if only else f"Dispatch {len(at_the_dock)} orders",
            "form": form,
            "order": only,
            "orders": at_the_dock,
            "gone": [order for order in orders if not order.rows],
            "next": self.asked.get("next", ""),
        }
        name = "shipping/_dispatch_form.html" if wants_fragment(self.request) else "shipping/dispatch.html"
        return render(self.request, name, context, status=status)


class ShipmentQueueView(QueueView):
    """What has left and is on its way, the longest first; and beside it what has arrived."""

    verb = "shipping.view"
    model = Shipment
    table_class = ShipmentQueueTable
    filterset_class = ShipmentFilter
    row_template = "shipping/_shipment_row.html"
    empty_template = "shipping/_shipment_empty.html"
    title = "Shipments"
    noun = "shipment"
    default_sort = "-pk"
    archive_sorts: ClassVar[tuple[str, ...]] = ("number",)
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("transit", "In transit", Q(status=Shipment.Status.DISPATCHED)),
        Tab("delivered", "Delivered", Q(status=Shipment.Status.DELIVERED), is_archive=True),
        Tab("returning", "Coming back", Q(status=Shipment.Status.RETURNING)),
        Tab("lost", "Lost", Q(status=Shipment.Status.LOST)),
        Tab("returned", "Came back", Q(status=Shipment.Status.RETURNED), is_archive=True),
    )
    alerts: ClassVar[tuple[Alert, ...]] = (
        Alert(
            "Shipments that did not arrive",
            Q(status__in=[Shipment.Status.RETURNING, Shipment.Status.LOST]),
            *("dispatched_at", "shipping.deliver", "tab=returning"),
            party="order__number",
        ),
    )
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction("shipping:deliver", "shipping.deliver", "Deliver", key="v", opens=True),
        BulkAction("shipping:fail", "shipping.deliver", "Not delivered", opens=True, phrase="Note {} as not delivered"),
        BulkAction("shipping:lose", "shipping.deliver", "Lost", opens=True, phrase="Note {} as lost"),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the shipments of the person's companies."""
        return queries.shipments(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each shipment for how many days it has been on its way."""
        company, today = person(self.request).company, today_of(self.request)
        for row in rows:
            row.days = (today - company.local(row.dispatched_at).date()).days
        return rows

    @cached_property
    def shown_bulk_actions(self) -> list[tuple[BulkAction, str]]:
        """Delivering, where something is on its way."""
        return super().shown_bulk_actions if self.current_tab == self.tabs[0] else []


class DeliverShipmentsView(QueueActionView):
    """Notes that shipments have arrived; its page asks who took them in, and when."""

    verb = "shipping.deliver"
    queue, queue_url = ShipmentQueueView, "shipping:shipments"
    service, ids_name = services.deliver_shipments, "shipment_ids"
    form_class = DeliveryForm
    done, done_many = "Shipment delivered.", "{n} shipments delivered."

    def blank_form(self) -> DeliveryForm:
        """Return the form, with this moment in it."""
        return DeliveryForm(initial={"received_at": timezone.localtime().replace(second=0, microsecond=0)})


class FailDeliveriesView(QueueActionView):
    """Notes that shipments were not delivered; its page asks what happened, and when."""

    verb = "shipping.deliver"
    queue, queue_url = ShipmentQueueView, "shipping:shipments"
    service, ids_name = services.fail_deliveries, "shipment_ids"
    form_class = FailureForm
    done, done_many = "Kept.", "Kept of {n} shipments."

    def blank_form(self) -> FailureForm:
        """Return the form, with this moment in it."""
        return FailureForm(initial={"happened_at": timezone.localtime().replace(second=0, microsecond=0)})


class LoseShipmentsView(QueueActionView):
    """Notes that the carrier lost shipments; its page asks for the claim."""

    verb = "shipping.deliver"
    queue, queue_url = ShipmentQueueView, "shipping:shipments"
    service, ids_name = services.lose_shipments, "shipment_ids"
    form_class = LossForm
    done, done_many = "Shipment lost.", "{n} shipments lost."


class ShipmentView(VerbRequiredMixin, View):
    """One shipment: what left in which parcel, where to, and whether it has arrived."""

    verb = "shipping.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the shipment."""
        shipment = get_object_or_404(queries.shipments(person(request)), pk=pk)
        context = {
            "title": shipment.number,
            "shipment": shipment,
            "parcels": queries.parcels_of_shipment(shipment),
            "can_deliver": shipment.status in {Shipment.Status.DISPATCHED, Shipment.Status.RETURNING}
            and person(request).can("shipping.deliver"),
            "failures": queries.failures_of(shipment),
            "noted": notes.desk_of("shipment", pk, person(request)),
        }
        return render(request, "shipping/shipment.html", context)
