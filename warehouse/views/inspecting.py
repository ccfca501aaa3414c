"""Goods that are inspected at receipt: the queue of them, what is found, and what becomes of rejected ones."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic.edit import FormView

from core import notes
from core.pages import FormPageMixin, moment, person
from core.queues import QueueView, Tab
from inventory import services as inventory_services
from inventory.models import Inspection, InspectionStep
from inventory.queries import supply as supply_queries
from warehouse import services
from warehouse.filters import InspectionFilter
from warehouse.forms import ClearForm, InspectForm
from warehouse.queries import inspecting as queries
from warehouse.tables import InspectionTable


class InspectionQueueView(QueueView):
    """Goods in quarantine that somebody is to look at, the oldest first; what was rejected; and what was done."""

    verb = "inventory.inspect"
    model = Inspection
    table_class = InspectionTable
    filterset_class = InspectionFilter
    row_template = "warehouse/_inspection_row.html"
    empty_template = "warehouse/_inspection_empty.html"
    title = "To inspect"
    noun = "inspection"
    default_sort = "arrived_at"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("open", "To inspect", Q(status=Inspection.Status.OPEN)),
        Tab("rejected", "Rejected, still here", Q(lies__gt=0)),
        Tab("done", "Inspected", Q(status=Inspection.Status.DONE)),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the inspections in the person's warehouses."""
        return queries.inspections(person(self.request))


class InspectionPage(FormPageMixin, FormView):
    """One inspection with the forms of what can be done; each form is sent to an address of its own."""

    verb = "inventory.inspect"
    template_name, fragment_name = "warehouse/inspection.html", "warehouse/_inspection.html"
    form_name = ""

    @cached_property
    def inspection(self) -> Any:
        """The inspection, where it is in a warehouse of the person's."""
        return get_object_or_404(queries.inspections(person(self.request)), pk=self.kwargs["pk"])

    @property
    def title(self) -> str:  # type: ignore[override]
        """The inspection."""
        return f"Inspect {self.inspection.number}"

    def inspect_form(self, **kwargs: Any) -> InspectForm:
        """Return the form of what was found, with the shelf on which the product lies."""
        row = self.inspection
        homes = supply_queries.home_bins_of(row.warehouse_id, {row.product_id})
        home = homes.get(row.product_id)
        return InspectForm(
            **kwargs,
            inspection=row,
            waiting=row.waiting,
            shelf_of=partial(supply_queries.shelf_of, row.line.order),
            initial={"bin": home.code if home else ""},
        )

    def clear_form(self, **kwargs: Any) -> ClearForm:
        """Return the form of how rejected units leave."""
        return ClearForm(**kwargs, inspection=self.inspection, lies=self.inspection.lies)

    def url_of(self, reference: Any) -> str:
        """Stay with the inspection, for what is left of it."""
        return reverse("warehouse:inspection", args=[self.inspection.pk])

    def cancel_url(self) -> str:
        """Return the queue."""
        return reverse("warehouse:inspections")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the inspection, who waits for it, what was found, and the forms; a mistaken one stays as it was typed."""
        row, form = self.inspection, kwargs.pop("form", None)
        forms: dict[str, Any] = {
            "inspect": self.inspect_form() if row.waiting else None,
            "clear": self.clear_form() if row.lies else None,
        }
        if form is not None and form.is_bound:
            forms[self.form_name] = form
        return super().get_context_data(
            form=form,
            inspection=row,
            waits=supply_queries.waits_for({row.line_id}).get(row.line_id, []),
            steps=queries.steps_of(row),
            noted=notes.desk_of("inspection", row.pk, person(self.request)),
            may_see_supply=person(self.request).can("inventory.view_supply"),
            inspect_form=forms["inspect"],
            clear_form=forms["clear"],
            **kwargs,
        )


class InspectionView(InspectionPage):
    """Notes what was found of goods in quarantine."""

    form_name = "inspect"
    done = "Noted: what is good is on its shelf, and with those who waited for it."

    def get_form(self, form_class: Any = None) -> InspectForm:
        """Return the form as it was sent."""
        return self.inspect_form(**({"data": self.request.POST} if self.request.method == "POST" else {}))

    def save(self, form: InspectForm) -> int:
        """Note what was found."""
        row = services.inspect_goods(
            inspection_id=self.inspection.pk, found=form.found, actor=person(self.request), at=moment(self.request)
        )
        return int(row.pk)


class ClearRejectedView(InspectionPage):
    """Takes rejected goods out of the house."""

    form_name = "clear"
    http_method_names = ("post",)
    done = "Taken out of quarantine."

    def get_form(self, form_class: Any = None) -> ClearForm:
        """Return the form as it was sent."""
        return self.clear_form(data=self.request.POST)

    def save(self, form: ClearForm) -> int:
        """Take the units out."""
        row = inventory_services.clear_rejected(
            inspection_id=self.inspection.pk,
            kind=InspectionStep.Kind(form.cleaned_data["kind"]),
            quantity=form.cleaned_data["quantity"],
            reason=form.cleaned_data["reason"],
            actor=person(self.request),
            at=moment(self.request),
        )
        return int(row.pk)
