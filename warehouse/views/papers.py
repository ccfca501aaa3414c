"""The warehouse on paper: pick lists and packing slips."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.generic import View

from core.pages import VerbRequiredMixin, person
from warehouse import documents, queries
from warehouse.models import Parcel


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
