"""Tax rates: the queue of them, and the form that keeps one."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from core.pages import FormPage, VerbRequiredMixin, go_to, person, today_of
from core.queues import QueueView, Tab
from orders.filters import TaxRateQueueFilter
from orders.forms import TaxRateForm
from orders.models import TaxRate
from orders.queries import prices as price_queries
from orders.queries.prices import has_taxed
from orders.services.taxing import STANDS, drop_rate, keep_rate
from orders.tables import TaxRateQueueTable


class TaxRateQueueView(QueueView):
    """The rates by country, those that count today first."""

    verb = "orders.tax"
    model = TaxRate
    table_class = TaxRateQueueTable
    filterset_class = TaxRateQueueFilter
    template_name = "orders/taxes/queue.html"
    row_template = "orders/taxes/_row.html"
    empty_template = "orders/taxes/_empty.html"
    title = "Tax rates"
    noun = "tax rate"
    default_sort = "country"

    @property
    def tabs(self) -> tuple[Tab, ...]:  # type: ignore[override]
        """The rates that count today, those that will, those that a later one took the place of."""
        later = Q(valid_from__gt=today_of(self.request))
        over = Q(is_replaced=True)
        return (
            Tab("now", "In force", ~later & ~over),
            Tab("later", "Later", later),
            Tab("over", "Over", over),
            Tab("all", "All", Q()),
        )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rates with whether a later one has taken their place."""
        return price_queries.tax_rates_in_queue(person(self.request), today_of(self.request))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add each rate as people write it, without the column's noughts."""
        for row in rows:
            row.percent = f"{row.rate.normalize():f}"
        return rows


class TaxRateFormPage(FormPage):
    """What making and changing a rate share."""

    verb = "orders.tax"
    model = TaxRate
    form_class = TaxRateForm
    template_name, fragment_name = "orders/taxes/form.html", "orders/taxes/_form.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the rate's company."""
        company_id = self.object.company_id if self.object else person(self.request).company.pk
        return {**super().get_form_kwargs(), "company_id": company_id}

    def save(self, form: Any) -> Any:
        """Keep the rate."""
        return keep_rate(rate=form.save(commit=False), actor=person(self.request)).pk

    def url_of(self, reference: Any) -> str:
        """Return the rates."""
        return reverse("orders:tax_rates")

    def cancel_url(self) -> str:
        """Return the rates."""
        return self.url_of(None)


class CreateTaxRateView(TaxRateFormPage):
    """Makes a rate of the person's company."""

    title = "New tax rate"
    submit_label = "Add tax rate"
    done = "Tax rate added."


class EditTaxRateView(TaxRateFormPage):
    """Changes a rate by which no order was taxed yet."""

    title = "Tax rate"
    submit_label = "Save tax rate"
    done = "Tax rate saved."

    @cached_property
    def stands(self) -> str:
        """Why it cannot be changed any more; nothing where it can."""
        return STANDS if has_taxed(self.object) else ""

    def get_form(self, form_class: Any = None) -> Any:
        """Return the form, to look at where the rate stands."""
        form = super().get_form(form_class)
        for field in form.fields.values():
            field.disabled = bool(self.stands)
        return form

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say whether it stands."""
        return super().get_context_data(stands=self.stands, **kwargs)


class DropTaxRateView(VerbRequiredMixin, View):
    """Takes a rate away by which no order was taxed."""

    verb = "orders.tax"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take it away, and go back to the rates."""
        user = person(request)
        get_object_or_404(TaxRate.objects.for_user(user), pk=pk)
        drop_rate(rate_id=pk, actor=user)
        messages.success(request, "Tax rate removed.")
        return go_to(request, reverse("orders:tax_rates"))
