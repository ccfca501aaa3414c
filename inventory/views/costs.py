"""The page that adds what goods of a supplier order cost besides."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms
from django.urls import reverse
from django.views.generic.edit import FormView

from core.pages import FormPageMixin, moment, person
from inventory import services
from inventory.models import SupplierOrder
from inventory.views.supply import one_of


class LateCostForm(forms.Form):
    """An amount, and the bill that names it."""

    amount = forms.DecimalField(
        max_digits=18,
        decimal_places=4,
        widget=forms.TextInput(
            attrs={"class": "numeric", "inputmode": "decimal", "autocomplete": "off", "autofocus": True}
        ),
    )
    reference = forms.CharField(
        label="What for, or the number of the bill",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class AddCostView(FormPageMixin, FormView):
    """Adds freight, duty or another cost to what a supplier order brought."""

    verb = "inventory.purchase"
    form_class = LateCostForm
    submit_label = "Add the cost"
    done = "Cost added."

    @cached_property
    def order(self) -> SupplierOrder:
        """The order, where it is one of the person's companies'."""
        found: SupplierOrder = one_of(person(self.request), self.kwargs["pk"])
        return found

    @property
    def title(self) -> str:  # type: ignore[override]
        """The order."""
        return f"Add a cost to {self.order}"

    def save(self, form: LateCostForm) -> int:
        """Add the cost."""
        services.add_late_cost(
            order_id=self.order.pk, **form.cleaned_data, actor=person(self.request), at=moment(self.request)
        )
        return self.order.pk

    def url_of(self, reference: Any) -> str:
        """Return the order's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the order's page."""
        return reverse("supply:order", args=[self.order.pk])
