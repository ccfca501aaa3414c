"""Where a return begins: the dock with its scan, goods that nobody announced, and asking for a return."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import FormView, View

from core.pages import FormPageMixin, VerbRequiredMixin, go_to, moment, person
from core.refusals import Refused
from orders.models import SalesOrder
from returns import queries, services
from returns.forms import BlindArrivalForm, RequestForm
from returns.models import ReturnOrder
from shipping.models import Shipment


class DockView(VerbRequiredMixin, View):
    """The dock: one scan finds the return, by its number, the carrier's, the order's or an item's."""

    verb = "returns.receive"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for a scan, or go where the scan in the address leads."""
        code = request.GET.get("code", "").strip()[:80]
        if not code:
            return self.show(request, code, None)
        found = queries.find(person(request), code)
        if found.shipment is not None and found.shipment.status in Shipment.OUT:
            out = {"shipment": found.shipment.pk, **({"parcel": found.parcel_id} if found.parcel_id else {})}
            url = reverse("returns:receive_blind", args=[found.shipment.order_id])
            return go_to(request, f"{url}?{urlencode({'scanned': code, **out})}")
        if len(found.returns) == 1 and not found.orders:
            return go_to(request, f"{reverse('returns:return', args=[found.returns[0].pk])}?{_scan(code)}")
        if len(found.orders) == 1 and not found.returns:
            return go_to(request, f"{reverse('returns:receive_blind', args=[found.orders[0].pk])}?{_scan(code)}")
        return self.show(request, code, found)

    def show(self, request: HttpRequest, code: str, found: queries.Scanned | None) -> HttpResponse:
        """Draw the scan box, and what was found where that is not one thing."""
        context = {"title": "Returns dock", "code": code, "found": found, "scan": _scan(code)}
        return render(request, "returns/dock.html", context, status=404 if found and found.refusal else 200)


def _scan(code: str) -> str:
    return urlencode({"scanned": code})


class OrderFormView(FormPageMixin, FormView):
    """What the pages share that begin a return of one order."""

    @cached_property
    def order(self) -> SalesOrder:
        """The order, where it is one of the person's companies'."""
        orders = SalesOrder.objects.for_user(person(self.request)).select_related("customer")
        return get_object_or_404(orders, pk=self.kwargs["pk"])

    def parts(self) -> list[queries.ShippedPart]:
        """Return the items of the order that may still come back."""
        lines = queries.lines_in_reach([self.order.pk], person(self.request)).get(self.order.pk, [])
        return [part for part in queries.shipped_parts(lines).values() if part.free > 0]

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the items."""
        return {**super().get_form_kwargs(), "parts": self.parts()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the order, and why nothing of it can come back."""
        context = super().get_context_data(**kwargs)
        blocked = queries.blockers([self.order.pk], "returns.request").get(self.order.pk, [])
        return {**context, "order": self.order, "blockers": blocked}

    def url_of(self, reference: Any) -> str:
        """Go to the return."""
        return reverse("returns:return", args=[reference])


class CreateReturnView(OrderFormView):
    """Asks for a return of an order; whoever may authorize it does so at once."""

    verb = "returns.request"
    form_class = RequestForm
    template_name, fragment_name = "returns/create.html", "returns/_create_form.html"
    done = "Return requested."

    @property
    def authorizes(self) -> bool:
        """Whether the person may authorize what they ask for."""
        return person(self.request).can("returns.authorize")

    def save(self, form: RequestForm) -> int:
        """Make the return and give its key.

        :raises Refused: where somebody else claimed the units meanwhile.
        """
        draft = services.ReturnDraft(
            self.order.pk,
            form.units(),
            reason=ReturnOrder.Reason(form.cleaned_data["reason"]),
            wish=ReturnOrder.Wish(form.cleaned_data["wish"]),
            note=form.cleaned_data["note"],
        )
        (made,) = services.create_returns(
            drafts=[draft], authorize=self.authorizes, actor=person(self.request), at=moment(self.request)
        )
        if isinstance(made, Refused):
            raise made
        self.done = f"{made} {made.get_status_display().lower()}."
        return int(made.pk)

    def cancel_url(self) -> str:
        """Go back to the order."""
        return reverse("orders:detail", args=[self.order.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the words."""
        return super().get_context_data(
            title=f"Return of {self.order}",
            submit_label="Authorize return" if self.authorizes else "Request return",
            **kwargs,
        )


class ReceiveBlindView(OrderFormView):
    """Takes in goods of an order that nobody announced."""

    verb = "returns.receive"
    form_class = BlindArrivalForm
    template_name, fragment_name = "returns/receive.html", "returns/_receive_form.html"
    done = "Goods received."

    @cached_property
    def shipment(self) -> Shipment | None:
        """The shipment that the carrier brings back undelivered, where one was scanned."""
        return queries.shipment_out(person(self.request), self.order.pk, self.request.GET.get("shipment", ""))

    @cached_property
    def lines(self) -> list[queries.ShippedLine]:
        """What of the shipment, or of the parcel that was scanned, was neither delivered nor came back."""
        lines = queries.lines_in_reach([self.order.pk], person(self.request)).get(self.order.pk, [])
        out = [line for line in lines if self.shipment and line.shipment_id == self.shipment.pk and line.out > 0]
        parcel = self.request.GET.get("parcel", "")
        return [line for line in out if str(line.parcel_id) == parcel] or out

    def parts(self) -> list[queries.ShippedPart]:
        """Return the items that may come: of a shipment that comes back, all that is out."""
        if self.shipment is None:
            return super().parts()
        return [replace(part, free=part.out) for part in queries.shipped_parts(self.lines).values()]

    def get_form_kwargs(self) -> dict[str, Any]:
        """Say whether it comes back undelivered."""
        return {**super().get_form_kwargs(), "is_failure": self.shipment is not None}

    def get_initial(self) -> dict[str, Any]:
        """Keep what was scanned; a refused shipment was refused."""
        initial = {"scanned": self.request.GET.get("scanned", "")[:80]}
        if self.shipment is not None:
            was_refused = self.shipment.status == Shipment.Status.RETURNING
            initial["reason"] = ReturnOrder.Reason.REFUSED if was_refused else ReturnOrder.Reason.UNDELIVERED
        return initial

    def save(self, form: BlindArrivalForm) -> int:
        """Receive the goods and return the key of their return."""
        draft = services.ReturnDraft(
            self.order.pk,
            {},
            reason=ReturnOrder.Reason(form.cleaned_data["reason"]),
            wish=ReturnOrder.Wish(form.cleaned_data["wish"]),
        )
        if self.shipment is not None:
            draft = replace(
                draft,
                kind=ReturnOrder.Kind.DELIVERY_FAILURE,
                shipment_id=self.shipment.pk,
                shipment_lines=tuple(line.shipment_line_id for line in self.lines),
            )
        made = services.receive_blind(
            draft=draft, arrival=form.arrival(), actor=person(self.request), at=moment(self.request)
        )
        self.done = f"{made} received."
        return int(made.pk)

    def cancel_url(self) -> str:
        """Go back to the scan."""
        return reverse("returns:dock")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the words."""
        words = {"title": f"Receive goods of {self.order}", "submit_label": "Receive", "shipment": self.shipment}
        return super().get_context_data(**words, **kwargs)
