"""Sites: the queue of warehouses, one with its lanes, and the calendars by which they work."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import View

from core.pages import FormPage, VerbRequiredMixin, go_to, moment, person, today_of
from core.queues import QueueView
from inventory.filters import CalendarFilter, WarehouseFilter
from inventory.forms import CalendarForm, LaneForm, WarehouseForm
from inventory.models import Calendar, Lane, Warehouse
from inventory.queries import sites
from inventory.services.bins import open_warehouse
from inventory.services.capacity import leaves_first
from inventory.services.sites import drop_lane
from inventory.tables import CalendarTable, WarehouseTable

KEEPS = "inventory.keep_sites"


class WarehouseQueueView(QueueView):
    """The warehouses, the first choice before others."""

    verb = KEEPS
    model = Warehouse
    table_class = WarehouseTable
    filterset_class = WarehouseFilter
    template_name = "inventory/sites/warehouses.html"
    row_template = "inventory/sites/_warehouse_row.html"
    empty_template = "inventory/sites/_no_warehouses.html"
    title = "Warehouses"
    noun = "warehouse"
    default_sort = "priority"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the warehouses with their figures."""
        return sites.warehouses(person(self.request))


class WarehouseView(VerbRequiredMixin, View):
    """One warehouse: where it is, when goods leave it, and which places it serves."""

    verb = KEEPS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the warehouse."""
        user = person(request)
        site = get_object_or_404(sites.warehouses(user), pk=pk)
        return render(
            request,
            "inventory/sites/warehouse.html",
            {
                "title": site.name,
                "site": site,
                "lanes": list(sites.lanes_of(user, pk)),
                "currency": site.company.currency,
                "leaves_on": leaves_first(site, moment(request)),
            },
        )


class WarehouseFormPage(FormPage):
    """What opening a warehouse and changing one share."""

    verb = KEEPS
    model = Warehouse
    form_class = WarehouseForm
    fragment_name = "inventory/sites/_warehouse_form.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the person, whose calendars can be chosen."""
        return {**super().get_form_kwargs(), "actor": person(self.request)}


class CreateWarehouseView(WarehouseFormPage):
    """Opens a warehouse of the person's company, and goes on to the bins to pick from."""

    title = "New warehouse"
    submit_label = "Add warehouse"
    done = "Warehouse added, with a bin for each use. Now those to pick from."

    def save(self, form: Any) -> Any:
        """Open it."""
        return open_warehouse(warehouse=form.save(commit=False), actor=person(self.request)).pk

    def url_of(self, reference: Any) -> str:
        """Return where its bins are made."""
        return reverse("sites:add_bins", args=[reference])

    def cancel_url(self) -> str:
        """Return the warehouses."""
        return reverse("sites:warehouses")


class EditWarehouseView(WarehouseFormPage):
    """Changes a warehouse; what was promised keeps its day."""

    title = "Edit warehouse"
    submit_label = "Save warehouse"
    done = "Warehouse saved."

    def url_of(self, reference: Any) -> str:
        """Return the warehouse's page."""
        return reverse("sites:warehouse", args=[reference])

    def cancel_url(self) -> str:
        """Return the warehouse's page."""
        return self.url_of(self.object.pk)


class LaneFormPage(FormPage):
    """What making and changing a lane share."""

    verb = KEEPS
    model = Lane
    form_class = LaneForm
    template_name, fragment_name = "inventory/sites/lane.html", "inventory/sites/_lane_form.html"

    @cached_property
    def warehouse(self) -> Warehouse:
        """The warehouse in the address, where the person works in it."""
        return get_object_or_404(Warehouse.objects.for_user(person(self.request)), pk=self.kwargs["warehouse_pk"])

    def get_queryset(self) -> QuerySet[Any]:
        """Return the warehouse's lanes."""
        return sites.lanes_of(person(self.request), self.warehouse.pk)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the warehouse."""
        return {**super().get_form_kwargs(), "warehouse": self.warehouse}

    def url_of(self, reference: Any) -> str:
        """Return the warehouse's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the warehouse's page."""
        return reverse("sites:warehouse", args=[self.warehouse.pk])


class CreateLaneView(LaneFormPage):
    """Adds a place that a warehouse serves."""

    title = "New lane"
    submit_label = "Add lane"
    done = "Lane added."


class EditLaneView(LaneFormPage):
    """Changes a lane."""

    title = "Edit lane"
    submit_label = "Save lane"
    done = "Lane saved."


class DropLaneView(VerbRequiredMixin, View):
    """Takes a lane away."""

    verb = KEEPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, warehouse_pk: int, pk: int) -> HttpResponse:
        """Take it away, and go back to the warehouse."""
        user = person(request)
        lane = get_object_or_404(sites.lanes_of(user, warehouse_pk), pk=pk)
        drop_lane(lane_id=lane.pk, actor=user)
        return go_to(request, reverse("sites:warehouse", args=[warehouse_pk]))


class CalendarQueueView(QueueView):
    """The calendars."""

    verb = KEEPS
    model = Calendar
    table_class = CalendarTable
    filterset_class = CalendarFilter
    template_name = "inventory/sites/calendars.html"
    row_template = "inventory/sites/_calendar_row.html"
    empty_template = "inventory/sites/_no_calendars.html"
    title = "Calendars"
    noun = "calendar"
    default_sort = "name"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the calendars with how many sites work by them."""
        return sites.calendars(person(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add the next holiday of each."""
        today = today_of(self.request)
        for row in rows:
            row.closed_on = row.next_holiday(today)
        return rows


class CalendarFormPage(FormPage):
    """What making and changing a calendar share."""

    verb = KEEPS
    model = Calendar
    form_class = CalendarForm
    fragment_name = "inventory/sites/_calendar_form.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the calendar's company."""
        company_id = self.object.company_id if self.object else person(self.request).company.pk
        return {**super().get_form_kwargs(), "company_id": company_id}

    def url_of(self, reference: Any) -> str:
        """Return the calendars."""
        return reverse("sites:calendars")

    def cancel_url(self) -> str:
        """Return the calendars."""
        return self.url_of(None)


class CreateCalendarView(CalendarFormPage):
    """Makes a calendar of the person's company."""

    title = "New calendar"
    submit_label = "Add calendar"
    done = "Calendar added."


class EditCalendarView(CalendarFormPage):
    """Changes a calendar; what was promised keeps its day."""

    title = "Edit calendar"
    submit_label = "Save calendar"
    done = "Calendar saved."
