"""Cancelling from an order's page: the whole of it, the rest, or units of lines, after showing what that undoes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import FormView, View

from core.pages import FormPageMixin, VerbRequiredMixin, moment, person
from core.refusals import Refused
from core.transactions import undone
from orders import services
from orders.models import CancelReason, SalesOrder
from orders.queries import cancelling, order_page

ORDER, REST, LINES = "ORDER", "REST", "LINES"
ZERO = Decimal(0)


class CancelForm(forms.Form):
    """What of an order is cancelled, and why. Lines have a field each, for those of which something is left."""

    scope = forms.ChoiceField(
        label="What", choices=[(ORDER, "The whole order"), (REST, "All that has not left"), (LINES, "Units of lines")]
    )
    reason = forms.ChoiceField(
        choices=[("", "Choose why"), *CancelReason.choices], error_messages={"required": "Say why."}
    )
    seen_status = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, lines: Sequence[Any], scopes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        scope: Any = self.fields["scope"]
        scope.choices = [choice for choice in scope.choices if choice[0] in scopes]
        scope.widget = forms.RadioSelect(choices=scope.choices)
        for line in lines:
            self.fields[f"units-{line.pk}"] = forms.DecimalField(
                label=f"Units of line {line.position}",
                min_value=0,
                required=False,
                widget=forms.NumberInput(
                    attrs={
                        "max": f"{line.cancellable.normalize():f}",
                        "step": f"{line.product.unit.step.normalize():f}",
                        "inputmode": "decimal",
                        "placeholder": "0",
                        "aria-label": f"Units of line {line.position} to cancel",
                    }
                ),
            )

    def rows(self) -> list[tuple[Any, forms.BoundField]]:
        """Return the lines of which something can be cancelled, each with its field."""
        return [(line, self[f"units-{line.pk}"]) for line in self.lines]

    def units(self) -> dict[int, Decimal]:
        """Return the units of each line that were asked for."""
        asked = {line.pk: self.cleaned_data.get(f"units-{line.pk}") or ZERO for line in self.lines}
        return {pk: units for pk, units in asked.items() if units}

    def clean(self) -> dict[str, Any]:
        """Check that lines are named where lines are cancelled."""
        if self.cleaned_data.get("scope") == LINES and not self.errors and not self.units():
            raise forms.ValidationError("Say how many units of which line.")
        return self.cleaned_data


class OrderFormMixin:
    """A form about one order of the person's companies."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def order(self) -> SalesOrder:
        """The order in the address.

        :raises Http404: where it is not one of the person's.
        """
        orders: QuerySet[Any] = SalesOrder.objects.for_user(person(self.request)).select_related("customer")
        order: SalesOrder = get_object_or_404(orders, pk=self.kwargs["pk"])
        return order

    @cached_property
    def lines(self) -> list[Any]:
        """The order's lines, with how far each is."""
        return order_page.order_lines(self.order)

    def url_of(self, _reference: Any) -> str:
        """Return the order's page."""
        return reverse("orders:detail", args=[self.order.pk])

    def cancel_url(self) -> str:
        """Return the order's page."""
        return self.url_of(None)


class CancelFormMixin(OrderFormMixin):
    """The form over an order, and the call that it asks for."""

    @cached_property
    def facts(self) -> cancelling.OrderFacts:
        """What decides how much can be cancelled."""
        return cancelling.order_facts([self.order.pk])[self.order.pk]

    def cancel_form(self, data: Any = None) -> CancelForm:
        """Return the form, offering what can be cancelled of the order as it stands."""
        lines = []
        for line in self.lines:
            line.cancellable = line.quantity - line.cancelled - max(line.begun, line.invoiced - line.credited)
            if line.cancellable > 0:
                lines.append(line)
        whole = self.facts.whole() is None
        scopes = [scope for scope, offered in ((ORDER, whole), (REST, not whole), (LINES, bool(lines))) if offered]
        asked = self.request.GET.get("scope")
        initial = {"scope": asked if asked in scopes else scopes[0], "seen_status": self.order.status}
        return CancelForm(data, lines=lines, scopes=scopes, initial=initial)

    def call(self, form: CancelForm) -> Any:
        """Call the service that the form asks for, and return what came of the order."""
        common: dict[str, Any] = {
            "reason": CancelReason(form.cleaned_data["reason"] or CancelReason.CUSTOMER),
            "actor": person(self.request),
            "at": moment(self.request),
        }
        ids = [self.order.pk]
        if form.cleaned_data["scope"] == ORDER:
            results = services.cancel_orders(order_ids=ids, seen=form.cleaned_data["seen_status"], **common)
        elif form.cleaned_data["scope"] == REST:
            results = services.cancel_rest(order_ids=ids, **common)
        else:
            results = services.cancel_lines(units=form.units(), **common)
        return results[self.order.pk]


class CancelOrderView(CancelFormMixin, FormPageMixin, FormView):
    """Cancels of one order what its form says."""

    verb = "orders.cancel"
    template_name = "orders/cancel.html"
    fragment_name = "orders/_cancel_form.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Serve the form, or say why nothing can be cancelled.

        :raises Refused: where nothing is left to cancel.
        """
        self.request = request
        if person(request).can(self.verb) and not self._is_open():
            blocker = cancelling.cut_blockers([self.order.pk])[self.order.pk]
            raise Refused.because(blocker)
        return super().dispatch(request, *args, **kwargs)

    def _is_open(self) -> bool:
        return self.facts.rest() is None

    def get_form(self, form_class: Any = None) -> CancelForm:
        """Return the form, with what was typed where something was."""
        return self.cancel_form(self.request.POST if self.request.method == "POST" else None)

    def save(self, form: CancelForm) -> int:
        """Cancel.

        :raises Refused: where something stands against it.
        """
        result = self.call(form)
        if isinstance(result, Refused):
            raise result
        self.done = f"{self.order} cancelled." if result.is_whole else f"Cancelled of {self.order}."
        return result.order_id

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the order, and why not all of it can be cancelled."""
        words = {"title": f"Cancel {self.order}", "submit_label": "Cancel it"}
        return super().get_context_data(**words, order=self.order, whole_blocker=self.facts.whole(), **kwargs)


class PreviewCancelView(CancelFormMixin, VerbRequiredMixin, View):
    """Shows what cancelling would undo, while the form is filled in."""

    verb = "orders.cancel"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do it, read what came of it, and undo it."""
        if self.facts.rest() is not None:
            raise Refused.because([self.facts.rest()])  # type: ignore[list-item]
        form = self.cancel_form(request.POST)
        form.fields["reason"].required = False
        result = undone(partial(self.call, form)) if form.is_valid() else None
        return render(request, "orders/_effect.html", {"result": result})
