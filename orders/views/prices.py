"""Price lists: the queue of them, the prices of one, and the forms that keep both."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import View

from core.pages import FormPage, VerbRequiredMixin, go_to, person, today_of
from core.queues import QueueView, Tab
from orders.filters import PriceListQueueFilter, PriceQueueFilter
from orders.forms import PriceForm, PriceListForm
from orders.models import Price, PriceList
from orders.queries import prices as price_queries
from orders.services.reference import drop_price
from orders.tables import PriceListQueueTable, PriceQueueTable

ALL = Tab("all", "All", Q())


class PriceListQueueView(QueueView):
    """The price lists."""

    verb = "orders.view_prices"
    model = PriceList
    table_class = PriceListQueueTable
    filterset_class = PriceListQueueFilter
    template_name = "orders/prices/queue.html"
    row_template = "orders/prices/_list_row.html"
    empty_template = "orders/prices/_empty.html"
    title = "Price lists"
    noun = "price list"
    default_sort = "name"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the lists with how many prices they have and how many customers have them."""
        return price_queries.price_lists_in_queue(person(self.request))

    def extra_context(self) -> dict[str, Any]:
        """Say whether the person may add lists."""
        return {"can_change": person(self.request).can("orders.price")}


class OfListMixin:
    """What pages within one price list share."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def price_list(self) -> PriceList:
        """The list in the address, where the person may know of it."""
        return get_object_or_404(PriceList.objects.for_user(person(self.request)), pk=self.kwargs["list_pk"])


class PriceQueueView(OfListMixin, QueueView):
    """The prices of one list."""

    verb = "orders.view_prices"
    model = Price
    table_class = PriceQueueTable
    filterset_class = PriceQueueFilter
    template_name = "orders/prices/prices.html"
    row_template = "orders/prices/_price_row.html"
    empty_template = "orders/prices/_no_prices.html"
    noun = "price"
    default_sort = "product__sku"

    @property
    def tabs(self) -> tuple[Tab, ...]:  # type: ignore[override]
        """The prices that count today, those that will, those that did."""
        today = today_of(self.request)
        later, over = Q(valid_from__gt=today), Q(valid_until__lt=today)
        return (Tab("now", "In force", ~later & ~over), Tab("later", "Later", later), Tab("over", "Over", over), ALL)

    @property
    def title(self) -> str:  # type: ignore[override]
        """The list's name."""
        return self.price_list.name

    def get_queryset(self) -> QuerySet[Any]:
        """Return the list's prices with their products."""
        return price_queries.prices_in_queue(self.price_list)

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Add to each price whether it counts today."""
        return price_queries.with_standing(rows, today_of(self.request))

    def extra_context(self) -> dict[str, Any]:
        """Add the list, and whether the person may change its prices."""
        return {"price_list": self.price_list, "can_change": person(self.request).can("orders.price")}


class PriceListFormPage(FormPage):
    """What making and changing a price list share."""

    verb = "orders.price"
    model = PriceList
    form_class = PriceListForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the list's company."""
        company = person(self.request).company
        company_id = self.object.company_id if self.object else company.pk
        return {**super().get_form_kwargs(), "company_id": company_id, "currency": company.currency}

    def url_of(self, reference: Any) -> str:
        """Return the list's prices."""
        return reverse("orders:prices", args=[reference])


class CreatePriceListView(PriceListFormPage):
    """Makes a price list of the person's company."""

    title = "New price list"
    submit_label = "Add price list"
    done = "Price list added. Add what things cost."

    def cancel_url(self) -> str:
        """Return the price lists."""
        return reverse("orders:price_lists")


class EditPriceListView(PriceListFormPage):
    """Changes a price list."""

    title = "Edit price list"
    pk_url_kwarg = "list_pk"

    def cancel_url(self) -> str:
        """Return the list's prices."""
        return reverse("orders:prices", args=[self.object.pk])


class PriceFormPage(OfListMixin, FormPage):
    """What making and changing a price share."""

    verb = "orders.price"
    model = Price
    form_class = PriceForm
    template_name = "orders/prices/form.html"
    fragment_name = "orders/prices/_form.html"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the list's prices."""
        return self.price_list.prices.select_related("product__unit")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form its list."""
        return {**super().get_form_kwargs(), "actor": person(self.request), "price_list": self.price_list}

    def save(self, form: Any) -> Any:
        """Save the price and lead back to its list."""
        return form.save().price_list_id

    def url_of(self, reference: Any) -> str:
        """Return the list's prices."""
        return reverse("orders:prices", args=[reference])

    def cancel_url(self) -> str:
        """Return the list's prices."""
        return reverse("orders:prices", args=[self.kwargs["list_pk"]])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the list."""
        return super().get_context_data(price_list=self.price_list, **kwargs)


class CreatePriceView(PriceFormPage):
    """Adds a price to a list."""

    title = "New price"
    submit_label = "Add price"
    done = "Price added."


class EditPriceView(PriceFormPage):
    """Changes a price; orders that were taken in keep theirs."""

    title = "Edit price"
    done = "Price saved."


class DropPriceView(OfListMixin, VerbRequiredMixin, View):
    """Takes a price off its list."""

    verb = "orders.price"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, list_pk: int, pk: int) -> HttpResponse:
        """Take it off, and go back to the list."""
        price = get_object_or_404(self.price_list.prices.all(), pk=pk)
        drop_price(price_id=price.pk, actor=person(request))
        return go_to(request, reverse("orders:prices", args=[list_pk]))
