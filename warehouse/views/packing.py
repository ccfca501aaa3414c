"""What can be packed, and the packing desk."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View
from django.views.generic.edit import FormView

from core import notes
from core.pages import FormPageMixin, VerbRequiredMixin, go_to, moment, next_url, person
from core.queues import BulkAction, QueueActionView, Tab, Work
from core.refusals import Refused
from inventory.models import Warehouse
from orders.models import SalesOrder
from warehouse import queries, services
from warehouse.forms import PackForm
from warehouse.models import Parcel
from warehouse.tables import PackQueueTable
from warehouse.views.releasing import OrderQueueView


class PackQueueView(OrderQueueView):
    """Orders with goods in totes."""

    verb = "warehouse.pack"
    table_class = PackQueueTable
    row_template = "warehouse/_pack_row.html"
    empty_template = "warehouse/_pack_empty.html"
    title = "To pack"
    statuses = (SalesOrder.Status.RELEASED,)
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("ready", "Picked", queries.HAS_GOODS_TO_PACK & queries.IS_NOT_BEING_PICKED),
        Tab("picking", "Still being picked", queries.IS_BEING_PICKED),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("ready", "warehouse.pack"),)
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction(
            "warehouse:pack",
            "warehouse.pack",
            "Pack",
            key="p",
            confirm="Everything picked goes into one parcel for each order and warehouse.",
        ),
    )


class PackOrdersView(QueueActionView):
    """Packs what is picked of orders."""

    verb = "warehouse.pack"
    queue, queue_url = PackQueueView, "warehouse:pack_queue"
    service, ids_name = services.pack_orders, "order_ids"
    done, done_many = "Order packed.", "{n} orders packed."


class PackOrderView(FormPageMixin, FormView):
    """The packing desk of one order: what lies in totes goes into one parcel after the other."""

    verb = "warehouse.pack"
    template_name, fragment_name = "warehouse/pack.html", "warehouse/_pack_form.html"
    done = "Parcel packed."

    @cached_property
    def order(self) -> SalesOrder:
        """The order, where it is one of the person's companies'."""
        orders = (
            SalesOrder.objects.for_user(person(self.request))
            .select_related("customer")
            .annotate(said=notes.for_warehouse(salesorder="pk", customer="customer"))
        )
        return get_object_or_404(orders, pk=self.kwargs["pk"])

    @property
    def warehouse_id(self) -> int:
        """The warehouse whose form was sent."""
        asked = self.request.POST.get("warehouse", "")
        return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else 0

    def get_form(self, form_class: Any = None) -> PackForm:
        """Return the form over what lies in the totes of the warehouse that was asked for."""
        lines = queries.unpacked_lines(self.order.pk, person(self.request))
        data = self.request.POST if self.request.method == "POST" else None
        return PackForm(data, lines=lines.get(self.warehouse_id, []))

    def save(self, form: PackForm) -> int:
        """Pack the parcel and return its key.

        :raises NothingToPack: where somebody packed of it meanwhile, or nothing was put in.
        """
        box = services.Box(self.order.pk, self.warehouse_id, form.units(), form.weight_g())
        result = services.pack_parcels(boxes=[box], actor=person(self.request), at=moment(self.request))[self.order.pk]
        if isinstance(result, Refused):
            raise result
        (parcel_id,) = result.parcel_ids
        self.done = f"{Parcel(pk=parcel_id)} packed."
        return parcel_id

    def url_of(self, reference: Any) -> str:
        """Stay where more is to be packed, or else go on."""
        if queries.unpacked_lines(self.order.pk, person(self.request)):
            return self.request.path
        return next_url(self.request) or self.cancel_url()

    def cancel_url(self) -> str:
        """Return the queue."""
        return reverse("warehouse:pack_queue")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add a form per warehouse, the one that was sent as it was, and the parcels so far."""
        context = super().get_context_data(**kwargs)
        sent: PackForm = context["form"]
        lines = queries.unpacked_lines(self.order.pk, person(self.request))
        parcels = list(queries.parcels_of_order(self.order.pk, person(self.request)))
        gone = queries.unpack_blockers([parcel.pk for parcel in parcels])
        asked = self.request.POST if self.request.method == "POST" else self.request.GET
        return context | {
            "title": f"Pack {self.order}",
            "order": self.order,
            "desks": [
                (site, sent if site.pk == self.warehouse_id else PackForm(lines=lines[site.pk]))
                for site in Warehouse.objects.for_user(person(self.request))
                .filter(pk__in=lines)
                .order_by("priority", "pk")
            ],
            "parcels": [(parcel, parcel.pk in gone) for parcel in parcels],
            "blockers": queries.blockers([self.order.pk], self.verb).get(self.order.pk, []),
            "next": asked.get("next", ""),
        }


class UnpackParcelView(VerbRequiredMixin, View):
    """Opens a packed parcel again; its goods are to be packed anew."""

    verb = "warehouse.pack"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Open the parcel, or say why not.

        :raises Http404: where there is no such parcel in the person's companies.
        """
        parcel = get_object_or_404(Parcel.objects.for_user(person(request)), pk=pk)
        result = services.unpack_parcels(parcel_ids=[pk], actor=person(request), at=moment(request))[pk]
        if isinstance(result, Refused):
            raise result
        messages.success(request, f"{parcel} opened: what was in it is to be packed again.")
        return go_to(request, reverse("warehouse:pack_order", args=[parcel.order_id]))
