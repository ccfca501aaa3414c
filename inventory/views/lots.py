"""A lot's page: until when it is good, where it lies, from whom it came and to whom it went."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.views.generic import DetailView

from core import notes
from core.pages import VerbRequiredMixin, person, today_of
from inventory.models import Lot
from inventory.queries import lots as lot_queries


class LotView(VerbRequiredMixin, DetailView):
    """One lot, or one unit by its serial number, and its trace."""

    verb = "inventory.view_stock"
    template_name = "inventory/lot.html"
    context_object_name = "lot"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the lots of the person's companies."""
        return lot_queries.lots(person(self.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add where it lies and its trace."""
        lot: Lot = self.object
        today = today_of(self.request)
        steps = lot_queries.steps_of(lot, person(self.request))
        bins, more_bins = lot_queries.bins_of(lot.product, lot)
        return super().get_context_data(
            title=f"{lot} of {lot.product.sku}",
            today=today,
            may_keep=person(self.request).can("inventory.keep_lots"),
            changes=lot_queries.changes_of(lot),
            days_left=lot_queries.days_left(lot, today),
            in_house=lot_queries.in_house(lot),
            bins=bins,
            more_bins=more_bins,
            came=[step for step in steps if not step.is_out],
            went=[step for step in steps if step.is_out],
            noted=notes.desk_of("lot", lot.pk, person(self.request)),
            **kwargs,
        )
