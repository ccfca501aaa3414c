"""The bins of a warehouse: the queue of them, many from a pattern, one by itself, and retiring those unused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import FormView

from core.pages import FormPage, FormPageMixin, PreviewMixin, person
from core.queues import BulkAction, QueueActionView, QueueView, Tab
from inventory.filters import BinFilter
from inventory.forms.bins import BinForm, BinsForm
from inventory.models import Bin, Warehouse
from inventory.queries import sites
from inventory.services import bins
from inventory.tables import BinTable

KEEPS = bins.KEEPS
# So many codes of many are shown from either end
_SHOWN = 6


class OfSiteMixin:
    """What pages within one warehouse share."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def site(self) -> Warehouse:
        """The warehouse in the address, where the person works in it."""
        return get_object_or_404(Warehouse.objects.for_user(person(self.request)), pk=self.kwargs["warehouse_pk"])

    def bins_url(self) -> str:
        """Return the warehouse's bins."""
        return reverse("sites:bins", args=[self.site.pk])


class BinQueueView(OfSiteMixin, QueueView):
    """The bins of a warehouse, in walking order."""

    verb = KEEPS
    model = Bin
    table_class = BinTable
    filterset_class = BinFilter
    template_name = "inventory/sites/bins.html"
    row_template = "inventory/sites/_bin_row.html"
    empty_template = "inventory/sites/_no_bins.html"
    noun = "bin"
    default_sort = "sequence"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("used", "In use", ~Q(kind=Bin.Kind.RETIRED)),
        Tab("retired", "Retired", Q(kind=Bin.Kind.RETIRED)),
    )
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction(
            "sites:retire_bins",
            KEEPS,
            "Retire",
            key="r",
            confirm="Retire {n} bins? Nothing is put into them from now on.",
        ),
    )

    @property
    def title(self) -> str:  # type: ignore[override]
        """Name the warehouse."""
        return f"Bins of {self.site.name}"

    @property
    def site_shown(self) -> Warehouse | None:
        """The warehouse, unless a verb came from an address that nobody can read."""
        return self.site if "warehouse_pk" in self.kwargs else None

    def get_queryset(self) -> QuerySet[Any]:
        """Return the warehouse's bins with how many products lie in each; of all, where the address names none."""
        return sites.bins_of(person(self.request), self.site_shown)

    def extra_context(self) -> dict[str, Any]:
        """Add the warehouse."""
        return {"site": self.site_shown}


class AddBinsView(OfSiteMixin, PreviewMixin, FormPageMixin, FormView):
    """Adds the bins that a pattern names, and shows before which these are."""

    verb = KEEPS
    form_class = BinsForm
    template_name, fragment_name = "inventory/sites/add_bins.html", "inventory/sites/_bins_form.html"
    preview_template = "inventory/sites/_bins_preview.html"
    title = "Add bins"
    submit_label = "Add bins"
    done = "Bins added."

    def preview(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the codes at either end of what would be made."""
        if not typed.get("pattern"):
            return {"new": None}
        new = bins.plan_bins(warehouse=self.site, pattern=typed["pattern"], sequence=typed.get("sequence"))
        codes = new.codes
        ends = (codes, ()) if len(codes) <= 2 * _SHOWN else (codes[:_SHOWN], codes[-_SHOWN:])
        last = new.sequence + len(codes) - 1
        return {"new": new, "first_codes": ends[0], "last_codes": ends[1], "last_place": last}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the warehouse."""
        return super().get_context_data(site=self.site, **kwargs)

    def save(self, form: Any) -> Any:
        """Add them."""
        typed = form.cleaned_data
        return bins.add_bins(
            warehouse_id=self.site.pk,
            pattern=typed["pattern"],
            kind=Bin.Kind(typed["kind"]),
            sequence=typed["sequence"],
            actor=person(self.request),
        )

    def url_of(self, reference: Any) -> str:
        """Return the bins."""
        return self.bins_url()

    def cancel_url(self) -> str:
        """Return the bins."""
        return self.bins_url()


class EditBinView(OfSiteMixin, FormPage):
    """Changes a bin."""

    verb = KEEPS
    model = Bin
    form_class = BinForm
    template_name = "inventory/sites/bin.html"
    title = "Edit bin"
    submit_label = "Save bin"
    done = "Bin saved."

    def get_queryset(self) -> QuerySet[Any]:
        """Return the warehouse's bins."""
        return Bin.objects.for_user(person(self.request)).filter(warehouse=self.site)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the warehouse."""
        return super().get_context_data(site=self.site, **kwargs)

    def save(self, form: Any) -> Any:
        """Keep it."""
        typed = form.cleaned_data
        return bins.change_bin(
            bin_id=self.object.pk,
            code=typed["code"],
            kind=Bin.Kind(typed["kind"]),
            sequence=typed["sequence"],
            actor=person(self.request),
        ).pk

    def url_of(self, reference: Any) -> str:
        """Return the bins, at this one."""
        return f"{self.bins_url()}#bin-{reference}"

    def cancel_url(self) -> str:
        """Return the bins."""
        return self.url_of(self.object.pk)


class RetireBinsView(QueueActionView):
    """Retires bins that are empty."""

    verb = KEEPS
    queue, queue_url = BinQueueView, "sites:warehouses"
    service, ids_name = bins.retire_bins, "bin_ids"
    done, done_many = "Bin retired.", "{n} bins retired."
