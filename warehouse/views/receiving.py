"""The dock: what suppliers are to bring, and checking it in by scan or by hand."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic.edit import FormView

from core.pages import FormPageMixin, moment, person, today_of
from core.queues import QueueView, Tab
from inventory.models import SupplierOrder
from inventory.queries import supply as supply_queries
from warehouse import services
from warehouse.filters import ArrivalFilter
from warehouse.forms import ReceiveForm
from warehouse.models import Receipt
from warehouse.tables import ArrivalTable


class ArrivalQueueView(QueueView):
    """Supplier orders that are to come, the first first."""

    verb = "inventory.receive"
    model = SupplierOrder
    table_class = ArrivalTable
    filterset_class = ArrivalFilter
    row_template = "warehouse/_arrival_row.html"
    empty_template = "warehouse/_arrival_empty.html"
    title = "Goods in"
    noun = "delivery"
    noun_plural = "deliveries"
    default_sort = "expected_on"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("open", "To come", Q(status__in=SupplierOrder.OPEN)),
        Tab("done", "Received", Q(status__in=["RECEIVED", "CLOSED"])),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the orders for the person's warehouses."""
        return supply_queries.supplier_orders(person(self.request), today_of(self.request))


class ReceiveView(FormPageMixin, FormView):
    """Checks goods of one supplier order in; the orders that wait for each item are named beside it."""

    verb = "inventory.receive"
    form_class = ReceiveForm
    template_name, fragment_name = "warehouse/receive.html", "warehouse/_receive_form.html"
    done = "Goods received: what waited for them is allocated."

    @cached_property
    def order(self) -> SupplierOrder:
        """The order, where it is for a warehouse of the person's."""
        found: SupplierOrder = get_object_or_404(
            supply_queries.supplier_orders(person(self.request), today_of(self.request)), pk=self.kwargs["pk"]
        )
        return found

    @property
    def title(self) -> str:  # type: ignore[override]
        """The order."""
        return f"Receive {self.order}"

    @cached_property
    def lines(self) -> list[Any]:
        """The lines of which some may still come."""
        return [line for line in supply_queries.lines_of_order(self.order) if line.most > 0]

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the lines, with the shelf on which each lies."""
        homes = supply_queries.home_bins(self.order, {line.product_id for line in self.lines})
        shelf_of = partial(supply_queries.shelf_of, self.order)
        return {**super().get_form_kwargs(), "lines": self.lines, "homes": homes, "shelf_of": shelf_of}

    def save(self, form: ReceiveForm) -> int:
        """Check the goods in."""
        receipt = services.receive_goods(
            order_id=self.order.pk,
            arrivals=form.arrivals,
            delivery_note=form.cleaned_data["delivery_note"],
            actor=person(self.request),
            at=moment(self.request),
        )
        return int(receipt.pk)

    def url_of(self, reference: Any) -> str:
        """Stay with the order, for what else comes of it."""
        return reverse("warehouse:receive", args=[self.order.pk])

    def cancel_url(self) -> str:
        """Return the dock."""
        return reverse("warehouse:arrivals")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the order, and what came of it before."""
        user = person(self.request)
        receipts = Receipt.objects.for_user(user).filter(order=self.order).select_related("received_by")
        return super().get_context_data(
            order=self.order,
            is_open=self.order.status in SupplierOrder.OPEN,
            receipts=list(
                receipts.prefetch_related("lines__line__product__unit", "lines__bin", "lines__lot").order_by("-pk")
            ),
            can_see=user.can("inventory.view_supply"),
            **kwargs,
        )
