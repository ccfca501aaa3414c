"""Bringing an order together: what it was promised in several warehouses goes to one of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import FormView

from core.pages import FormPageMixin, moment, person
from orders import services
from orders.models import SalesOrder
from orders.queries import promises


class BringForm(forms.Form):
    """To which warehouse an order is brought, and by when."""

    warehouse = forms.ChoiceField(label="Bring together in", widget=forms.RadioSelect)
    expected_on = forms.DateField(
        label="Expected there",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text="Blank is the first day on which it can be there.",
        error_messages={"invalid": "Write the day as 2026-11-30."},
    )

    def __init__(self, *args: Any, places: list[promises.Place], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites: dict[int, str] = {}
        for place in places:
            sites[place.warehouse_id] = place.warehouse
        field: Any = self.fields["warehouse"]
        field.choices = list(sites.items())
        if sites and not self.is_bound:
            # Where most of it lies already least has to travel
            units = {pk: sum(place.quantity for place in places if place.warehouse_id == pk) for pk in sites}
            self.initial["warehouse"] = max(sites, key=lambda pk: (units[pk], -pk))


class BringTogetherView(FormPageMixin, FormView):
    """Makes the transfers that bring an order's stock to one warehouse."""

    verb = "orders.move_stock"
    form_class = BringForm
    template_name, fragment_name = "orders/bring.html", "core/_form.html"
    submit_label = "Bring together"
    done = "The transfers are made: each warehouse sends what it keeps for the order."

    @cached_property
    def order(self) -> SalesOrder:
        """The order, where it is one of the person's companies'."""
        found: SalesOrder = get_object_or_404(
            SalesOrder.objects.for_user(person(self.request)).select_related("customer"), pk=self.kwargs["pk"]
        )
        return found

    @property
    def title(self) -> str:  # type: ignore[override]
        """The order."""
        return f"Bring {self.order} together"

    @cached_property
    def places(self) -> list[promises.Place]:
        """Where its stock lies."""
        return promises.places_of(self.order)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the places."""
        return {**super().get_form_kwargs(), "places": self.places}

    def save(self, form: BringForm) -> int:
        """Make the transfers."""
        services.bring_together(
            order_id=self.order.pk,
            warehouse_id=int(form.cleaned_data["warehouse"]),
            expected_on=form.cleaned_data["expected_on"],
            actor=person(self.request),
            at=moment(self.request),
        )
        return int(self.order.pk)

    def url_of(self, reference: Any) -> str:
        """Return the order's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the order's page."""
        return reverse("orders:detail", args=[self.order.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the order and where its stock lies."""
        is_apart = len({place.warehouse_id for place in self.places}) > 1
        return super().get_context_data(order=self.order, places=self.places, is_apart=is_apart, **kwargs)
