"""Holds: placing one after showing what it gives free, and lifting one, or all of several orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import FormView, View

from core.pages import FormPageMixin, VerbRequiredMixin, go_to, moment, next_url, person, today_of
from core.queues import QueueActionView
from core.refusals import Refused
from core.transactions import undone
from inventory.models import Product
from orders import services
from orders.models import Hold
from orders.queries import holds
from orders.views.cancelling import OrderFormMixin
from orders.views.queue import OrderQueueView


class HoldTermsForm(forms.Form):
    """Why orders are put on hold, whether their stock stays promised, and until when."""

    kind = forms.ChoiceField(label="Why", choices=Hold.Kind.choices)
    reason = forms.CharField(
        label="In words",
        required=False,
        max_length=Hold._meta.get_field("reason").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="The warehouse reads it too.",
    )
    keep = forms.BooleanField(label="Keep the stock promised", required=False, initial=True)
    expires_on = forms.DateField(
        label="Lifts itself on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write the day as 2026-11-30."},
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_expires_on(self) -> date | None:
        """Return the day, which is still to come.

        :raises ValidationError: where it is not.
        """
        day: date | None = self.cleaned_data["expires_on"]
        if day is not None and day <= self.today:
            raise forms.ValidationError("This day has come already.")
        return day

    def terms(self) -> services.HoldTerms:
        """Return the hold as it was keyed."""
        return services.HoldTerms(
            kind=Hold.Kind(self.cleaned_data["kind"]),
            keep_reservation=self.cleaned_data["keep"],
            reason=self.cleaned_data["reason"].strip(),
            expires_on=self.cleaned_data["expires_on"],
        )


class HoldForm(HoldTermsForm):
    """What of one order is put on hold, and how: all of it or lines."""

    lines = forms.MultipleChoiceField(label="Only these lines", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, lines: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["lines"]
        field.choices = [
            (line.pk, f"{line.position} · {line.product.sku} {line.description}")
            for line in lines
            if line.product.kind in Product.GOODS
        ]
        if len(field.choices) < 2:
            del self.fields["lines"]


class HoldFormMixin(OrderFormMixin):
    """The form over an order, and the call that it asks for."""

    def hold_form(self, data: Any = None) -> HoldForm:
        """Return the form, offering the order's lines."""
        return HoldForm(data, lines=self.lines, today=today_of(self.request))

    def call(self, form: HoldForm) -> list[services.Held | Refused]:
        """Place the holds that the form asks for, and return what came of each."""
        actor, at = person(self.request), moment(self.request)
        lines = [int(pk) for pk in form.cleaned_data.get("lines", ())]
        if lines:
            results = services.hold_lines(line_ids=lines, terms=form.terms(), actor=actor, at=at)
        else:
            results = services.hold_orders(order_ids=[self.order.pk], terms=form.terms(), actor=actor, at=at)
        return list(results.values())

    def blocked(self) -> Refused | None:
        """Return why the order cannot be put on hold, or nothing."""
        found = holds.may_be_held([self.order.pk])
        return Refused.because(found[self.order.pk]) if found else None


class HoldOrderView(HoldFormMixin, FormPageMixin, FormView):
    """Puts one order, or lines of it, on hold."""

    verb = "orders.hold"
    template_name = "orders/hold.html"
    fragment_name = "orders/_hold_form.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Serve the form, or say why there is nothing to hold.

        :raises Refused: where the order cannot be put on hold.
        """
        self.request = request
        if person(request).can(self.verb) and (refusal := self.blocked()):
            raise refusal
        return super().dispatch(request, *args, **kwargs)

    def get_form(self, form_class: Any = None) -> HoldForm:
        """Return the form, with what was typed where something was."""
        return self.hold_form(self.request.POST if self.request.method == "POST" else None)

    def save(self, form: HoldForm) -> int:
        """Place the hold.

        :raises Refused: where something stands against it.
        """
        for result in self.call(form):
            if isinstance(result, Refused):
                raise result
        self.done = f"{self.order} is on hold." if not form.cleaned_data.get("lines") else "The lines are on hold."
        return int(self.order.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the order."""
        words = {"title": f"Hold {self.order}", "submit_label": "Put on hold"}
        return super().get_context_data(**words, order=self.order, **kwargs)


class PreviewHoldView(HoldFormMixin, VerbRequiredMixin, View):
    """Shows what a hold would give free, while its form is filled in."""

    verb = "orders.hold"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Place it, read what came of it, and undo it.

        :raises Refused: where the order cannot be put on hold.
        """
        if refusal := self.blocked():
            raise refusal
        form = self.hold_form(request.POST)
        results = undone(partial(self.call, form)) if form.is_valid() else []
        first = next((result for result in results if isinstance(result, Refused)), results[0] if results else None)
        return render(request, "orders/_effect.html", {"result": first, "keeps": form.data.get("keep")})


class HoldOrdersView(QueueActionView):
    """Puts orders on hold as a whole; its page asks why, and until when."""

    verb = "orders.hold"
    queue, queue_url = OrderQueueView, "orders:queue"
    service, ids_name = services.hold_orders, "order_ids"
    form_class = HoldTermsForm
    done, done_many = "Order put on hold.", "{n} orders put on hold."

    def form_kwargs(self) -> dict[str, Any]:
        """Give the form the company's day."""
        return {"today": today_of(self.request)}

    def called_with(self, form: Any) -> dict[str, Any]:
        """Return the hold as it was keyed."""
        return {"terms": form.terms()}


class LiftHoldView(VerbRequiredMixin, View):
    """Lifts one hold."""

    verb = "orders.lift_hold"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Lift the hold and go back to its order.

        :raises Refused: where the person may not lift one of its kind.
        """
        hold = get_object_or_404(Hold.objects.for_user(person(request)), pk=pk)
        result = services.release_holds(hold_ids=[pk], actor=person(request), at=moment(request))[pk]
        if isinstance(result, Refused):
            raise result
        messages.success(request, lifted_sentence(result))
        return go_to(request, next_url(request) or reverse("orders:detail", args=[hold.order_id]))


def lifted_sentence(lifted: services.Lifted) -> str:
    """Return what the toast says of a hold that was lifted: what got stock again, and what waits."""
    said = ["Hold lifted."]
    if lifted.allocated:
        said.append(f"{lifted.allocated.normalize():,f} units have stock again.")
    if lifted.backordered:
        said.append(f"{lifted.backordered.normalize():,f} units wait for stock.")
    return " ".join(said)


class LiftHoldsView(QueueActionView):
    """Lifts every hold of orders."""

    verb = "orders.lift_hold"
    queue, queue_url = OrderQueueView, "orders:queue"
    service, ids_name = services.release_holds_of_orders, "order_ids"
    done, done_many = "Hold lifted.", "{n} orders go on."
