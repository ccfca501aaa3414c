"""Customers' own numbers of our products: the queue of one customer's, and the form that keeps one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import View

from core.pages import FormPage, VerbRequiredMixin, go_to, person
from core.queues import QueueView
from orders.filters import CustomerPartQueueFilter
from orders.forms import CustomerPartForm
from orders.models import Customer, CustomerPart
from orders.queries import customers as customer_queries
from orders.services.reference import drop_part
from orders.tables import CustomerPartQueueTable


class OfCustomerMixin:
    """What pages within one customer share."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def customer(self) -> Customer:
        """The customer in the address, where the person may know of them."""
        return get_object_or_404(Customer.objects.for_user(person(self.request)), pk=self.kwargs["customer_pk"])


class CustomerPartQueueView(OfCustomerMixin, QueueView):
    """What one customer calls our products."""

    verb = "orders.view"
    model = CustomerPart
    table_class = CustomerPartQueueTable
    filterset_class = CustomerPartQueueFilter
    template_name = "orders/customers/parts.html"
    row_template = "orders/customers/_part_row.html"
    empty_template = "orders/customers/_no_parts.html"
    title = "Their part numbers"
    noun = "part number"
    default_sort = "key"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the customer's numbers with their products."""
        return customer_queries.parts_in_queue(self.customer)

    def extra_context(self) -> dict[str, Any]:
        """Add the customer, and whether the person may change what they call things."""
        return {"customer": self.customer, "can_change": person(self.request).can("orders.change_customer")}


class PartFormPage(OfCustomerMixin, FormPage):
    """What making and changing a number share."""

    verb = "orders.change_customer"
    model = CustomerPart
    form_class = CustomerPartForm
    template_name = "orders/customers/part_form.html"
    fragment_name = "orders/customers/_part_form.html"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the customer's numbers."""
        return customer_queries.parts_in_queue(self.customer)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the customer."""
        return {**super().get_form_kwargs(), "actor": person(self.request), "customer": self.customer}

    def save(self, form: Any) -> Any:
        """Save the number and lead back to its customer."""
        return form.save().customer_id

    def url_of(self, reference: Any) -> str:
        """Return the customer's numbers."""
        return reverse("orders:parts", args=[reference])

    def cancel_url(self) -> str:
        """Return the customer's numbers."""
        return reverse("orders:parts", args=[self.kwargs["customer_pk"]])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the customer."""
        return super().get_context_data(customer=self.customer, **kwargs)


class CreatePartView(PartFormPage):
    """Adds a number."""

    title = "New part number"
    submit_label = "Add part number"
    done = "Part number added."


class EditPartView(PartFormPage):
    """Changes a number."""

    title = "Edit part number"
    done = "Part number saved."


class DropPartView(OfCustomerMixin, VerbRequiredMixin, View):
    """Forgets a number."""

    verb = "orders.change_customer"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, customer_pk: int, pk: int) -> HttpResponse:
        """Forget it, and go back to the customer's numbers."""
        part = get_object_or_404(self.customer.parts.all(), pk=pk)
        drop_part(part_id=part.pk, actor=person(request))
        return go_to(request, reverse("orders:parts", args=[customer_pk]))
