"""Customers: the queue of them, one with its orders, and the forms that keep them and their addresses."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import DetailView, FormView

from core import notes
from core.pages import FormPage, FormPageMixin, VerbRequiredMixin, moment, person
from core.paging import COUNT_CAP, CappedCount
from core.queues import QueueView, Tab
from orders.filters import CustomerQueueFilter
from orders.forms import CreditTermsForm, CustomerAddressForm, CustomerForm
from orders.models import CreditAccount, Customer, CustomerAddress, PriceList
from orders.queries import customers as customer_queries
from orders.queries.credit import account_of, exposures
from orders.queries.customers import LAST_ORDERS
from orders.queries.queue import shown
from orders.queries.reservations import open_for
from orders.services.crediting import set_credit_terms
from orders.services.customers import keep_address
from orders.tables import CustomerQueueTable
from orders.views.reservations import standing


class CustomerQueueView(QueueView):
    """The customers."""

    verb = "orders.view"
    model = Customer
    table_class = CustomerQueueTable
    filterset_class = CustomerQueueFilter
    template_name = "orders/customers/queue.html"
    row_template = "orders/customers/_queue_row.html"
    empty_template = "orders/customers/_empty.html"
    title = "Customers"
    noun = "customer"
    default_sort = "sort_key"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("open", "May order", Q(is_active=True)),
        Tab("closed", "Closed", Q(is_active=False)),
        Tab("all", "All", Q()),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the customers with their city and open orders, in a file all of these."""
        most = None if "format" in self.request.GET else COUNT_CAP + 1
        return customer_queries.customers_in_queue(person(self.request), most=most)

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Say of each customer how many orders are open, up to the cap."""
        for row in rows:
            row.open_orders = CappedCount(row.open_orders, COUNT_CAP)
        return rows

    def extra_context(self) -> dict[str, Any]:
        """Say whether the person may add customers."""
        return {"can_change": person(self.request).can("orders.change_customer")}


class CustomerDetailView(VerbRequiredMixin, DetailView):
    """A customer: terms, addresses and the latest orders."""

    verb = "orders.view"
    template_name = "orders/customers/detail.html"
    context_object_name = "customer"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the customers of the person's companies."""
        return Customer.objects.for_user(person(self.request)).select_related("price_list", "channel")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the addresses and the latest orders, and what the person may do here."""
        customer: Customer = self.object
        user, now = person(self.request), moment(self.request)
        return super().get_context_data(
            title=customer.name,
            addresses=list(customer.addresses.order_by("-is_bill_to", "-is_ship_to", "pk")),
            orders=shown(customer_queries.last_orders(customer, user, now.date()), now),
            shows_prices=user.can("orders.view_prices"),
            can_change=user.can("orders.change_customer"),
            credit=account_of(customer.pk) if user.can("orders.view_prices") else None,
            owed=exposures([customer.pk]).get(customer.pk, {}) if user.can("orders.view_prices") else {},
            can_set_credit=user.can("orders.set_credit"),
            can_pay=user.can("billing.pay"),
            can_create=user.can("orders.create") and customer.is_active,
            reservations=[standing(one, now.date()) for one in open_for(user, customer=customer.pk)[:LAST_ORDERS]]
            if user.can("orders.view_reservations")
            else [],
            can_reserve=user.can("orders.reserve") and customer.is_active,
            noted=notes.desk_of("customer", customer.pk, user),
            **kwargs,
        )


class CreditTermsView(FormPageMixin, FormView):
    """Limits a customer's credit, or lets them pay first."""

    verb = "orders.set_credit"
    title = "Credit terms"
    submit_label = "Save terms"
    done = "Credit terms saved."
    form_class = CreditTermsForm
    object = None

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the terms as they are."""
        mine = CreditAccount.objects.for_user(person(self.request)).select_related("customer__price_list")
        account = get_object_or_404(mine, pk=self.kwargs["pk"])
        currency = account.customer.price_list.currency
        return {**super().get_form_kwargs(), "account": account, "currency": currency}

    def save(self, form: Any) -> int:
        """Set the terms, by the service that sums what is owed."""
        account = set_credit_terms(
            customer_id=self.kwargs["pk"],
            limit=form.cleaned_data["limit"],
            is_prepay=form.cleaned_data["is_prepay"],
            actor=person(self.request),
        )
        return account.pk

    def url_of(self, reference: Any) -> str:
        """Return the customer's page."""
        return reverse("orders:customer", args=[self.kwargs["pk"]])

    def cancel_url(self) -> str:
        """Return the customer's page."""
        return self.url_of(None)


class CustomerFormPage(FormPage):
    """What making and changing a customer share."""

    verb = "orders.change_customer"
    model = Customer
    form_class = CustomerForm
    fragment_name = "orders/customers/_form.html"

    def url_of(self, reference: Any) -> str:
        """Return the customer's page."""
        return reverse("orders:customer", args=[reference])


class CreateCustomerView(CustomerFormPage):
    """Makes a customer of the person's company."""

    title = "New customer"
    submit_label = "Add customer"
    done = "Customer added. Add where bills and goods go."

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the company that the customer will belong to."""
        actor = person(self.request)
        return {**super().get_form_kwargs(), "actor": actor, "company_id": actor.company.pk}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say where there is no price list yet to give to a customer."""
        has_prices = PriceList.objects.for_user(person(self.request)).exists()
        return super().get_context_data(lacks_price_list=not has_prices, **kwargs)

    def cancel_url(self) -> str:
        """Return the customers."""
        return reverse("orders:customers")


class EditCustomerView(CustomerFormPage):
    """Changes a customer; orders that were taken in keep the terms that they took over."""

    title = "Edit customer"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Keep the customer in its company."""
        return {**super().get_form_kwargs(), "actor": person(self.request), "company_id": self.object.company_id}

    def cancel_url(self) -> str:
        """Return the customer's page."""
        return reverse("orders:customer", args=[self.object.pk])


class AddressFormPage(FormPage):
    """What making and changing an address of a customer share."""

    verb = "orders.change_customer"
    model = CustomerAddress
    form_class = CustomerAddressForm
    fragment_name = "orders/customers/_address_form.html"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the customer's addresses."""
        return self.customer.addresses.all()

    @property
    def customer(self) -> Customer:
        """The customer in the address, where the person may know of it."""
        mine = Customer.objects.for_user(person(self.request))
        return get_object_or_404(mine, pk=self.kwargs["customer_pk"])

    def effect(self) -> Any:
        """Lock the customer before any address, as the service does, so that two who edit two addresses both end."""
        list(Customer.objects.for_user(person(self.request)).filter(pk=self.kwargs["customer_pk"]).locked())
        return super().effect()

    def save(self, form: Any) -> Any:
        """Save the address, by the service that keeps bills and goods going to one place each."""
        form.instance.customer = self.customer
        keep_address(address=form.instance, actor=person(self.request))
        return form.instance.customer_id

    def url_of(self, reference: Any) -> str:
        """Return the customer's page."""
        return reverse("orders:customer", args=[reference])

    def cancel_url(self) -> str:
        """Return the customer's page."""
        return reverse("orders:customer", args=[self.kwargs["customer_pk"]])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whose address it is."""
        return super().get_context_data(customer=self.customer, **kwargs)


class CreateAddressView(AddressFormPage):
    """Adds an address."""

    title = "New address"
    submit_label = "Add address"
    done = "Address added."


class EditAddressView(AddressFormPage):
    """Changes an address."""

    title = "Edit address"
    done = "Address saved."
