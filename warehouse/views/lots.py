"""A lot by hand: its last day, and whether it is blocked for its quality."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.forms import Form
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic.edit import FormView

from core.pages import FormPageMixin, moment, person
from inventory.models import Lot
from inventory.queries import lots as lot_queries
from warehouse import services
from warehouse.forms import LotDayForm, LotReasonForm


class LotPage(FormPageMixin, FormView):
    """A form about one lot of the person's company, which leads back to its page."""

    verb = "inventory.keep_lots"
    form_class: type[Form] = LotReasonForm
    what = ""
    template_name = "warehouse/lot.html"

    @cached_property
    def lot(self) -> Lot:
        """The lot."""
        found: Lot = get_object_or_404(lot_queries.lots(person(self.request)), pk=self.kwargs["pk"])
        return found

    def act(self, **typed: Any) -> None:
        """Do what the page is for."""
        raise NotImplementedError

    def save(self, form: Any) -> int:
        """Do it, and give the lot's key."""
        self.act(lot_id=self.lot.pk, **form.cleaned_data, actor=person(self.request), at=moment(self.request))
        return self.lot.pk

    def url_of(self, reference: Any) -> str:
        """Return the lot's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the lot's page."""
        return reverse("inventory:lot", args=[self.lot.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the lot."""
        return super().get_context_data(lot=self.lot, what=self.what, **kwargs)


class DateLotView(LotPage):
    """Corrects a lot's last day."""

    form_class = LotDayForm
    submit_label = "Correct the day"
    done = "Corrected: promises that it cannot keep were made anew."
    what = "Promises that it does not last for any more are made anew at once, or wait; their orders are told."

    @property
    def title(self) -> str:  # type: ignore[override]
        """The lot."""
        return f"Last day of {self.lot}"

    def get_initial(self) -> dict[str, Any]:
        """Show the day as it is."""
        return {"expires_on": self.lot.expires_on}

    def act(self, **typed: Any) -> None:
        """Correct the day."""
        services.date_lot(**typed)


class HoldLotView(LotPage):
    """Blocks a lot for its quality."""

    submit_label = "Block the lot"
    done = "Blocked: nobody is promised or sent any of it."
    what = (
        "Picks of it are called off, and its promises are made anew from other stock, or wait; their orders are told."
    )

    @property
    def title(self) -> str:  # type: ignore[override]
        """The lot."""
        return f"Block {self.lot}"

    def act(self, **typed: Any) -> None:
        """Block it."""
        services.hold_lot(**typed)


class LiftLotView(LotPage):
    """Unblocks a lot that was blocked for its quality."""

    submit_label = "Unblock the lot"
    done = "Unblocked: what waited for it has it."
    what = "It can be promised and picked again, unless it has expired."

    @property
    def title(self) -> str:  # type: ignore[override]
        """The lot."""
        return f"Unblock {self.lot}"

    def act(self, **typed: Any) -> None:
        """Unblock it."""
        services.lift_lot(**typed)
