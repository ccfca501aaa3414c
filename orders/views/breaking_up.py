"""Breaking up a kit of which some components have left, from its order's page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from core.pages import VerbRequiredMixin, go_to, moment, person
from orders import services
from orders.queries.substituting import lines_of


class BreakUpKitView(VerbRequiredMixin, View):
    """Turns a kit's line into lines of its components."""

    verb = "orders.cancel"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Break it up and go back to its order.

        :raises Refused: where it cannot be.
        """
        line = get_object_or_404(lines_of(person(request)), pk=pk)
        done = services.break_up_kit(line_id=pk, actor=person(request), at=moment(request))
        messages.success(request, f"{done.sku} is {len(done.lines)} lines now: bill, ship or cancel each by itself.")
        return go_to(request, reverse("orders:detail", args=[line.order_id]))
