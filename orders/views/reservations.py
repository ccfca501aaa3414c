"""Reservations: the queue, one of them, and the forms that make one, keep it longer, or give it up."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import FormView, View

from core import notes
from core.pages import FormPageMixin, VerbRequiredMixin, moment, person, today_of
from core.queues import BulkAction, QueueActionView, QueueView, Tab
from orders import services
from orders.filters import ReservationFilter
from orders.forms import ChangeReservationForm, FreeReservationForm, ReservationForm
from orders.models import Reservation
from orders.queries import reservations as reservation_queries
from orders.tables import ReservationTable

_TABS = {
    "open": "Open",
    "out": "Running out",
    "short": "Short",
    "taken": "Taken",
    "expired": "Expired",
    "freed": "Freed",
}
# A reservation is kept for two weeks unless something else is said
USUAL = timedelta(days=14)


class ReservationQueueView(QueueView):
    """What is kept for later, by how it stands."""

    verb = "orders.view_reservations"
    model = Reservation
    table_class = ReservationTable
    filterset_class = ReservationFilter
    template_name = "orders/reservations/queue.html"
    row_template = "orders/reservations/_row.html"
    empty_template = "orders/reservations/_empty.html"
    title = "Reservations"
    noun = "reservation"
    default_sort = "expires_on"

    @property
    def tabs(self) -> tuple[Tab, ...]:  # type: ignore[override]
        """The states as they are today."""
        found = reservation_queries.tabs(today_of(self.request))
        return tuple(Tab(slug, _TABS[slug], condition) for slug, condition in found.items())

    def get_queryset(self) -> QuerySet[Any]:
        """Return the reservations with what they keep."""
        return reservation_queries.reservations(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Say of each how it stands."""
        today = today_of(self.request)
        return [standing(row, today) for row in rows]

    @cached_property
    def shown_bulk_actions(self) -> list[tuple[BulkAction, str]]:
        """What is kept can be given up."""
        is_open = self.current_tab is not None and self.current_tab.slug in {"open", "out", "short"}
        return [(FREE, reverse(FREE.url_name))] if is_open and person(self.request).can(FREE.verb) else []

    def extra_context(self) -> dict[str, Any]:
        """Say whether the person reserves."""
        return {"can_reserve": person(self.request).can("orders.reserve")}


FREE = BulkAction("reservations:free", "orders.reserve", "Free", key="r", opens=True)


def standing(row: Any, today: date) -> Any:
    """Add to a reservation what it lacks, and whether its day is near."""
    is_open = row.status == Reservation.Status.OPEN
    row.short = max(row.demand.backordered - row.comes, 0) if is_open else 0
    row.runs_out = is_open and row.expires_on <= today + reservation_queries.RUNS_OUT
    return row


class ReservationView(VerbRequiredMixin, View):
    """One reservation: what it keeps and where, what it lacks, and which orders took it over."""

    verb = "orders.view_reservations"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the reservation."""
        user = person(request)
        reservation = one_of(request, pk)
        return render(
            request,
            "orders/reservations/reservation.html",
            {
                "title": reservation.number,
                "reservation": reservation,
                "kept": reservation_queries.kept_by(reservation),
                "noted": notes.desk_of("reservation", pk, user),
                "uses": list(reservation_queries.uses_of(reservation)),
                "may_change": user.can("orders.reserve") and reservation.status == Reservation.Status.OPEN,
                "can_order": user.can("orders.create") and reservation.customer is not None,
                "sees_orders": user.can("orders.view"),
            },
        )


def one_of(request: HttpRequest, pk: int) -> Any:
    """Return a reservation that the person may see, with how it stands.

    :raises Http404: where there is none.
    """
    row = get_object_or_404(reservation_queries.reservations(person(request)), pk=pk)
    return standing(row, today_of(request))


class CreateReservationView(FormPageMixin, FormView):
    """Keeps units for later."""

    verb = "orders.reserve"
    form_class = ReservationForm
    template_name = "orders/reservations/form.html"
    title = "New reservation"
    submit_label = "Reserve"

    def get_initial(self) -> dict[str, Any]:
        """Offer two weeks, and the item or the customer from whose page the person came."""
        asked = self.request.GET
        today = today_of(self.request)
        return {
            "item": asked.get("item", "")[:60],
            "customer": asked.get("customer", "")[:160],
            "wanted_on": today + USUAL,
            "expires_on": today + USUAL,
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the person."""
        return {**super().get_form_kwargs(), "actor": person(self.request)}

    def save(self, form: ReservationForm) -> int:
        """Reserve, and say what is kept and what is not to be had yet."""
        typed = form.cleaned_data
        pk = services.make_reservation(
            product_id=typed["item"].pk,
            quantity=typed["quantity"],
            wanted_on=typed["wanted_on"],
            expires_on=typed["expires_on"],
            customer_id=typed["customer"].pk if typed["customer"] else None,
            project=typed["project"],
            warehouse_id=typed["warehouse"].pk if typed["warehouse"] else None,
            actor=person(self.request),
            at=moment(self.request),
        )
        made = one_of(self.request, pk)
        sku = typed["item"].sku
        self.done = f"{typed['quantity'].normalize():,f} of {sku} reserved."
        if made.short:
            kept = made.quantity - made.short
            self.done = f"{kept.normalize():,f} of {sku} reserved; {made.short.normalize():,f} are not to be had yet."
        return pk

    def url_of(self, reference: Any) -> str:
        """Return the reservation's page."""
        return reverse("reservations:reservation", args=[reference])

    def cancel_url(self) -> str:
        """Return the queue."""
        return reverse("reservations:queue")


class ChangeReservationView(FormPageMixin, FormView):
    """Keeps a reservation longer or shorter, and names the customer of a project."""

    verb = "orders.reserve"
    form_class = ChangeReservationForm
    template_name = "orders/reservations/form.html"
    done = "Saved."

    @cached_property
    def reservation(self) -> Any:
        """The reservation, where the person may know of it."""
        return one_of(self.request, self.kwargs["pk"])

    @property
    def title(self) -> str:  # type: ignore[override]
        """The reservation."""
        return f"Change {self.reservation}"

    def get_initial(self) -> dict[str, Any]:
        """Show the day as it is."""
        return {"expires_on": self.reservation.expires_on}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the person and the reservation."""
        return {**super().get_form_kwargs(), "actor": person(self.request), "reservation": self.reservation}

    def save(self, form: ChangeReservationForm) -> int:
        """Save the day."""
        customer = form.cleaned_data.get("customer")
        services.change_reservation(
            reservation_id=self.reservation.pk,
            expires_on=form.cleaned_data["expires_on"],
            customer_id=customer.pk if customer else None,
            actor=person(self.request),
            at=moment(self.request),
        )
        return int(self.reservation.pk)

    def url_of(self, reference: Any) -> str:
        """Return the reservation's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the reservation's page."""
        return reverse("reservations:reservation", args=[self.kwargs["pk"]])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the reservation."""
        return super().get_context_data(reservation=self.reservation, **kwargs)


class FreeReservationsView(QueueActionView):
    """Gives up what reservations keep, with the reason."""

    verb = "orders.reserve"
    queue, queue_url = ReservationQueueView, "reservations:queue"
    service, ids_name = services.free_reservations, "reservation_ids"
    form_class = FreeReservationForm
    done, done_many = "Freed: those who wait for it got it first.", "{n} reservations freed."
