"""Substituting: what could stand in for a line's product, what is free of it when, and shipping it instead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import FormView

from core.pages import FormPageMixin, moment, person, today_of
from core.refusals import Blocked
from orders import services
from orders.models import Substitutes
from orders.queries import substituting
from orders.queries.cancelling import DRAFTS

ASK_FIRST = "Ask the customer first, and say who said yes."


class SubstituteForm(forms.Form):
    """What is shipped instead, how many units, and who of the customer's said yes."""

    product = forms.ChoiceField(label="Ship instead", widget=forms.RadioSelect)
    quantity = forms.DecimalField(
        label="Units",
        max_digits=18,
        decimal_places=6,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "numeric", "autocomplete": "off"}),
    )
    answered_by = forms.CharField(
        label="Who said yes",
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="The person at the customer's who was asked.",
        error_messages={"required": ASK_FIRST},
    )
    answered_on = forms.DateField(
        label="On",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Write the day as 2026-11-30."},
    )

    def __init__(
        self, *args: Any, offers: Sequence[substituting.Offer], is_draft: bool, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.offers, self.today = offers, today
        field: Any = self.fields["product"]
        field.choices = [(str(one.product.pk), one) for one in offers]
        field.error_messages["required"] = "Choose what is shipped instead."
        if is_draft:
            # All of a draft's line becomes the other product
            del self.fields["quantity"]
        for name in ("answered_by", "answered_on"):
            self.fields[name].required = all(one.asks for one in offers)
            if not any(one.asks for one in offers):
                del self.fields[name]

    def choices(self) -> list[tuple[substituting.Offer, bool]]:
        """Return what could stand in, each with whether it is chosen."""
        chosen = self["product"].value()
        return [(one, str(one.product.pk) == chosen) for one in self.offers]

    def clean(self) -> dict[str, Any]:
        """Check that whoever has to be asked was."""
        typed = self.cleaned_data
        chosen = next((one for one in self.offers if str(one.product.pk) == typed.get("product")), None)
        by, on = typed.get("answered_by", "").strip(), typed.get("answered_on")
        if chosen and chosen.asks and not by and "answered_by" not in self.errors:
            self.add_error("answered_by", ASK_FIRST)
        if (by or (chosen and chosen.asks)) and on is None and "answered_on" not in self.errors:
            self.add_error("answered_on", "Say on what day.")
        if on is not None and on > self.today:
            self.add_error("answered_on", "This day has not come yet.")
        return typed

    def answer(self) -> services.Answer | None:
        """Return who said yes and when, nothing where nobody was asked."""
        by, on = self.cleaned_data.get("answered_by", "").strip(), self.cleaned_data.get("answered_on")
        return services.Answer(by, on) if by and on else None


class SubstituteView(FormPageMixin, FormView):
    """Ships another product for units of a line."""

    verb = "orders.substitute"
    template_name, fragment_name = "orders/substitute.html", "orders/_substitute_form.html"
    submit_label = "Ship it instead"

    @cached_property
    def line(self) -> Any:
        """The line, where its order is one of the person's companies'."""
        return get_object_or_404(substituting.lines_of(person(self.request)), pk=self.kwargs["pk"])

    @cached_property
    def offers(self) -> list[substituting.Offer]:
        """What could stand in for it."""
        return substituting.offers(self.line, today_of(self.request))

    @cached_property
    def left(self) -> substituting.Left | None:
        """What of a confirmed order's line could be substituted."""
        return substituting.left_of_line(self.line)

    @property
    def is_draft(self) -> bool:
        """Whether the order is not confirmed yet."""
        return self.line.order.status in DRAFTS

    @property
    def title(self) -> str:  # type: ignore[override]
        """The line."""
        return f"Substitute {self.line.product.sku}"

    def get_form(self, form_class: Any = None) -> SubstituteForm:
        """Return the form; what waits stands in it."""
        data = self.request.POST if self.request.method == "POST" else None
        only = str(self.offers[0].product.pk) if self.offers else ""
        units = (self.left.waits or self.left.units) if self.left else Decimal(0)
        initial = {"product": only, "quantity": f"{units.normalize():f}", "answered_on": today_of(self.request)}
        return SubstituteForm(
            data, offers=self.offers, is_draft=self.is_draft, today=today_of(self.request), initial=initial
        )

    def save(self, form: SubstituteForm) -> int:
        """Ship it instead.

        :raises Refused: where the customer takes none, or there are not as many units any more.
        """
        if not self.offers:
            raise Blocked(f"Nothing stands in for {self.line.product.sku}.")
        typed = form.cleaned_data
        done = services.substitute(
            line_id=self.line.pk,
            product_id=int(typed["product"]),
            quantity=typed.get("quantity", self.line.quantity),
            answer=form.answer(),
            actor=person(self.request),
            at=moment(self.request),
        )
        chosen = next(one for one in self.offers if one.product.pk == int(typed["product"]))
        self.done = f"{done.quantity.normalize():,f} of {chosen.product.sku} instead, at the same price."
        return done.order_id

    def url_of(self, reference: Any) -> str:
        """Return the order's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the order's page."""
        return reverse("orders:detail", args=[self.line.order_id])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the line, what stands against it, and what could stand in."""
        customer = self.line.order.customer
        return super().get_context_data(
            line=self.line,
            order=self.line.order,
            left=self.left,
            is_draft=self.is_draft,
            offers=self.offers,
            takes_none=customer.substitutes == Substitutes.NEVER,
            **kwargs,
        )
