"""Sharing the stock of a product among orders anew: a strategy for each, what that does, and then doing it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views import View

from core.pages import VerbRequiredMixin, go_to, moment, person
from core.refusals import Refused
from core.transactions import undone
from inventory.models import Product
from inventory.strategies import Strategy
from orders import services
from orders.models import MoveReason
from orders.queries import backorders

MOST_LINES = 200
STRATEGIES = (
    (Strategy.WIN, "Win", "gets all it wants"),
    (Strategy.GAIN, "Gain", "keeps what it has, may get more"),
    (Strategy.REDISTRIBUTE, "Redistribute", "may get more or less"),
    (Strategy.FILL, "Fill", "gets no more than it has"),
    (Strategy.LOSE, "Lose", "gives up what it has"),
)


class StrategiesForm(forms.Form):
    """What may become of each line, and why."""

    reason = forms.ChoiceField(label="Why", choices=[("", "Choose why"), *MoveReason.choices])

    def __init__(self, *args: Any, parts: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parts = parts
        for part in parts:
            self.fields[f"part-{part.pk}"] = forms.TypedChoiceField(
                label=f"Strategy of {part.order}",
                choices=[(strategy.value, f"{word}: {means}") for strategy, word, means in STRATEGIES],
                coerce=lambda value: Strategy(int(value)),
                initial=Strategy.GAIN.value,
            )

    @property
    def strategies(self) -> dict[int, Strategy]:
        """The strategies that were chosen, by part."""
        return {part.pk: self.cleaned_data[f"part-{part.pk}"] for part in self.parts}

    def rows(self, effects: dict[int, services.Effect]) -> list[tuple[Any, Any, services.Effect | None]]:
        """Return each line with its choice and what would become of it."""
        return [(part, self[f"part-{part.pk}"], effects.get(part.pk)) for part in self.parts]


class ReallocateView(VerbRequiredMixin, View):
    """Shows who wants and who has a product, and shares it anew as it was looked at (PRODUCT.md E7)."""

    verb = "orders.move_stock"
    http_method_names = ("get", "post")

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the lines, each to keep what it has."""
        return self.answer(self.form(pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what the strategies do, or do it as it was shown."""
        form = self.form(pk, request.POST)
        if not form.parts or not form.is_valid():
            return self.answer(form, status=422)
        share = partial(
            services.reallocate,
            strategies=form.strategies,
            reason=form.cleaned_data["reason"],
            actor=person(request),
            at=moment(request),
        )
        seen = request.POST.get("seen", "") if "do" in request.POST else ""
        try:
            if seen:
                share(seen=seen)
                messages.success(request, f"The stock of {self.product.sku} was given anew.")
                return go_to(request, reverse("orders:reallocate", args=[pk]))
            return self.answer(form, shown=undone(share))
        except Refused as refusal:
            return self.answer(self.form(pk, request.POST), status=409, refusal=refusal)

    def form(self, pk: int, data: Any = None) -> StrategiesForm:
        """Return the form for the lines of the product as they are now."""
        user = person(self.request)
        self.product = get_object_or_404(Product.objects.for_user(user).select_related("unit"), pk=pk)
        return StrategiesForm(data, parts=list(backorders.parts_of_product(user, pk)[:MOST_LINES]))

    def answer(
        self, form: StrategiesForm, *, shown: services.Reallocation | None = None, status: int = 200, **context: Any
    ) -> HttpResponse:
        """Return the page."""
        effects = {effect.part_id: effect for effect in shown.effects} if shown else {}
        changes = any((one.before, one.day_before) != (one.after, one.day_after) for one in effects.values())
        context |= {
            "title": f"Share {self.product.sku} among orders",
            "product": self.product,
            "form": form,
            "rows": form.rows(effects),
            "shown": shown,
            "changes": changes,
            "strategies": STRATEGIES,
        }
        return render(self.request, "orders/backorders/reallocate.html", context, status=status)
