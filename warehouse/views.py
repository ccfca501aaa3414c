"""The warehouse's pages: what can be released, the waves and the walk through one, what can be packed, and paper."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View
from django.views.generic.edit import FormView

from core.pages import FormPageMixin, VerbRequiredMixin, go_to, next_url, person, wants_fragment
from core.queues import BulkAction, QueueActionView, QueueView, Tab
from core.refusals import Refused
from inventory.models import Warehouse
from orders.models import SalesOrder
from warehouse import documents, queries, services
from warehouse.filters import OrderFilter, WaveFilter
from warehouse.forms import PackForm
from warehouse.models import Parcel, PickTask, Wave
from warehouse.tables import PackQueueTable, ReleaseQueueTable, WaveQueueTable


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
        today = timezone.localdate()
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
    )
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction("warehouse:release", "warehouse.release", "Release", key="r"),
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


class PackQueueView(OrderQueueView):
    """Orders with goods in totes."""

    verb = "warehouse.pack"
    table_class = PackQueueTable
    row_template = "warehouse/_pack_row.html"
    empty_template = "warehouse/_pack_empty.html"
    title = "To pack"
    statuses = (SalesOrder.Status.RELEASED,)
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("ready", "Picked", queries.HAS_GOODS_TO_PACK & ~queries.IS_BEING_PICKED),
        Tab("picking", "Still being picked", queries.IS_BEING_PICKED),
    )
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (BulkAction("warehouse:pack", "warehouse.pack", "Pack", key="k"),)


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
        orders = SalesOrder.objects.for_user(person(self.request)).select_related("customer")
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
        box = services.Box(self.order.pk, self.warehouse_id, form.units())
        result = services.pack_parcels(boxes=[box], actor=person(self.request), at=timezone.now())[self.order.pk]
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
        result = services.unpack_parcels(parcel_ids=[pk], actor=person(request), at=timezone.now())[pk]
        if isinstance(result, Refused):
            raise result
        messages.success(request, f"{parcel} opened: what was in it is to be packed again.")
        return go_to(request, reverse("warehouse:pack_order", args=[parcel.order_id]))


class WaveQueueView(QueueView):
    """Waves, with how far each is."""

    verb = "warehouse.view"
    model = Wave
    table_class = WaveQueueTable
    filterset_class = WaveFilter
    row_template = "warehouse/_wave_row.html"
    empty_template = "warehouse/_wave_empty.html"
    title = "To pick"
    noun = "wave"
    default_sort = "pk"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("open", "Open", Q(status__in=queries.OPEN_WAVES)),
        Tab("done", "Done", Q(status=Wave.Status.DONE)),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the waves of the person's companies."""
        return queries.waves(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each wave how far it is."""
        facts = queries.wave_facts([row.pk for row in rows]) if rows else {}
        for row in rows:
            row.facts = facts.get(row.pk)
        return rows


class WaveView(VerbRequiredMixin, View):
    """The picker's walk through a wave: one task at a time, on a phone in one hand."""

    verb = "warehouse.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the task after the one in the address, or the first."""
        wave = get_object_or_404(queries.waves(person(request)), pk=pk)
        after = request.GET.get("after", "")
        return render_walk(request, wave, after=int(after) if after.isdecimal() and len(after) < 19 else 0)


def render_walk(request: HttpRequest, wave: Wave, *, after: int) -> HttpResponse:
    """Draw the next task of a wave, as a page or as the fragment that replaces the one before."""
    context = {
        "title": wave.number,
        "wave": wave,
        "task": queries.next_task(wave.pk, after=after),
        "facts": queries.wave_facts([wave.pk])[wave.pk],
        "can_pick": person(request).can("warehouse.pick"),
        "can_pack": person(request).can("warehouse.pack"),
    }
    template = "warehouse/_walk.html" if wants_fragment(request) else "warehouse/walk.html"
    return render(request, template, context)


class PickTaskView(VerbRequiredMixin, View):
    """Picks one task in full and shows the next."""

    verb = "warehouse.pick"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Pick the task, or say why not.

        :raises Http404: where there is no such task in the person's companies.
        """
        task = get_object_or_404(PickTask.objects.for_user(person(request)).select_related("wave"), pk=pk)
        result = services.pick_tasks(task_ids=[pk], actor=person(request), at=timezone.now())[pk]
        if isinstance(result, Refused):
            raise result
        if wants_fragment(request):
            wave = get_object_or_404(queries.waves(person(request)), pk=task.wave_id)
            return render_walk(request, wave, after=pk)
        return go_to(request, f"{reverse('warehouse:wave', args=[task.wave_id])}?after={pk}")


class PickOrdersView(QueueActionView):
    """Picks everything that is planned for orders: for goods that were taken with the paper list in hand."""

    verb = "warehouse.pick"
    queue, queue_url = PackQueueView, "warehouse:waves"
    service, ids_name = services.pick_orders, "order_ids"
    done, done_many = "Order picked.", "{n} orders picked."


class PickListView(VerbRequiredMixin, View):
    """A wave's pick list on paper."""

    verb = "warehouse.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Print what is still to be picked of the wave, along the walk."""
        wave = get_object_or_404(queries.waves(person(request)).select_related("company"), pk=pk)
        return pdf(documents.render_pick_list(queries.pick_list(wave)), f"pick-list-{wave.number}.pdf")


class PackingSlipView(VerbRequiredMixin, View):
    """A parcel's packing slip on paper."""

    verb = "warehouse.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Print what is in the parcel and what of its order is to follow, as things stand now."""
        parcels = Parcel.objects.for_user(person(request)).select_related("company", "order__customer", "warehouse")
        parcel = get_object_or_404(parcels, pk=pk, status=Parcel.Status.PACKED)
        return pdf(documents.render_packing_slip(queries.packing_slip(parcel)), f"packing-slip-{parcel.number}.pdf")


def pdf(content: bytes, name: str) -> HttpResponse:
    """Return a file that the browser shows and, when it is saved, names."""
    return HttpResponse(
        content, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
    )
