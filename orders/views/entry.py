"""Keying an order: the page, what it would cost while it is typed, and whom and what a few letters may mean."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import FormView, View

from core.models import User
from core.pages import FormPageMixin, VerbRequiredMixin, person
from core.refusals import Refused
from orders import services
from orders.forms import MAX_ROWS, OrderEntryForm
from orders.queries import entry

SATURDAY = 5


def next_working_day(day: date) -> date:
    """Return the day after, or the Monday after a weekend."""
    day += timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return day


class OrderEntryMixin:
    """How the entry form is made from a request: on the company's calendar, for the person who keys."""

    request: HttpRequest

    def form_kwargs(self) -> dict[str, Any]:
        """Return what the form needs to know beside what was typed."""
        user = person(self.request)
        now = timezone.now()
        return {"user": user, "at": now, "today": now.astimezone(user.company.zone).date()}


class CreateOrderView(OrderEntryMixin, FormPageMixin, FormView):
    """Keys one order, kept as a draft or confirmed at once."""

    verb = "orders.create"
    form_class = OrderEntryForm
    template_name = "orders/entry.html"
    fragment_name = "orders/_entry.html"
    title = "New order"
    done = "Order saved."

    def get_form(self, form_class: type[OrderEntryForm] | None = None) -> OrderEntryForm:
        """Return the form as it was typed, or an empty one with the usual dates and the customer in the address."""
        kwargs = self.form_kwargs()
        if self.request.method == "POST":
            return OrderEntryForm(self.request.POST, **kwargs)
        initial = {
            "customer": self.request.GET.get("customer", ""),
            "ordered_on": kwargs["today"],
            "requested_on": next_working_day(kwargs["today"]),
        }
        return OrderEntryForm(initial=initial, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take the order in; or add empty lines, where the button for that was pressed without JavaScript."""
        if "more" not in request.POST:
            return super().post(request, *args, **kwargs)
        form = self.get_form()
        form.is_valid()
        form.forget_blanks()
        form.add_blank_rows()
        return self.render_to_response(self.get_context_data(form=form))

    def save(self, form: OrderEntryForm) -> int:
        """Take the order in, confirmed where that was asked.

        :raises Refused: where it was taken in meanwhile from another page.
        """
        user = person(self.request)
        draft = form.draft(cast("Any", form.buyer))
        if self.request.POST.get("then") == "confirm" and user.can("orders.confirm"):
            (taken,) = services.create_and_confirm_orders(drafts=[draft], actor=user, at=form.at)
            if isinstance(taken, Refused):
                raise taken
            self.done = _said(taken)
            return taken.created.order_id
        (created,) = services.create_orders(drafts=[draft], actor=user, at=form.at)
        if isinstance(created, Refused):
            raise created
        self.done = f"Draft {created.order_id} saved."
        return created.order_id

    def url_of(self, reference: Any) -> str:
        """Return the order's page."""
        return reverse("orders:detail", args=[reference])

    def cancel_url(self) -> str:
        """Return the queue."""
        return reverse("orders:queue")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether the person may confirm; at the end of the lines there is always an empty one."""
        context = super().get_context_data(**kwargs)
        form: OrderEntryForm = context["form"]
        if not form.rows:
            form.add_blank_rows()
        elif not form.rows[-1].is_blank:
            form.add_blank_rows(1)
        user = person(self.request)
        return {**context, **_shown(form, user), "can_confirm": user.can("orders.confirm"), "max_rows": MAX_ROWS}


class PreviewOrderView(OrderEntryMixin, VerbRequiredMixin, View):
    """Says what an order that is being keyed would cost and what is wrong with it."""

    verb = "orders.create"
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Return everything that is computed, to be swapped in beside what is typed."""
        form = OrderEntryForm(request.POST, **self.form_kwargs())
        form.is_valid()
        form.forget_blanks()
        context = {**_shown(form, person(request)), "form": form, "oob": True}
        context["is_other_customer"] = request.POST.get("addresses_of", "") != context["addresses_of"]
        return render(request, "orders/_entry_computed.html", context)


class FindCustomersView(VerbRequiredMixin, View):
    """Finds customers by the letters of their number or name."""

    verb = "orders.create"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the customers as options of a list."""
        text = request.GET.get("q", "").strip()
        found = entry.customers_like(person(request), text).filter(is_active=True)[: entry.SHOWN] if text else []
        return render(request, "orders/_customer_options.html", {"customers": found, "text": text})


class FindProductsView(VerbRequiredMixin, View):
    """Finds products by the letters of their SKU, name or GTIN."""

    verb = "orders.create"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the products as options of a list."""
        text = request.GET.get("q", "").strip()
        user = person(request)
        found = entry.products_like(user, text).filter(is_active=True)[: entry.SHOWN] if text else []
        context = {"products": found, "text": text, "shows_stock": user.can("inventory.view_stock")}
        return render(request, "orders/_product_options.html", context)


def _shown(form: OrderEntryForm, user: User) -> dict[str, Any]:
    """Return what the computed parts of the page show."""
    return {
        "buyer": form.buyer,
        "addresses_of": str(form.buyer.pk) if form.buyer else "",
        "quote": form.quote,
        "currency": form.quote.currency if form.quote else "",
        "shows_stock": user.can("inventory.view_stock"),
    }


def _said(taken: services.Taken) -> str:
    """Return what became of an order that was to be confirmed."""
    if isinstance(taken.confirmed, Refused):
        return f"Draft {taken.created.order_id} saved, not confirmed: {taken.confirmed.sentence}"
    waiting = taken.confirmed.backordered
    rest = f" {waiting.normalize():,f} units wait for stock." if waiting else ""
    return f"Order {taken.confirmed.number} confirmed.{rest}"
