"""Rows of orders: customers with their prices and addresses, and orders that the services took in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import factory

from core.models import Company, User
from core.roles import Role
from inventory.models import Product
from orders import services
from orders.models import Customer, CustomerAddress, Price, PriceList, SalesOrder, TaxRate
from tests.factories.core import CompanyFactory, person
from tests.factories.inventory import ProductFactory

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
TODAY = date(2026, 11, 20)


class PriceListFactory(factory.django.DjangoModelFactory):
    """Net prices in pounds."""

    company = factory.SubFactory(CompanyFactory)
    code = factory.Sequence("list-{}".format)
    name = factory.Sequence("List {}".format)
    currency = "GBP"

    class Meta:
        model = PriceList


class CustomerFactory(factory.django.DjangoModelFactory):
    """A customer with a price list, one address in London for bills and goods, and a tax rate for it."""

    company = factory.SubFactory(CompanyFactory)
    number = factory.Sequence("C-{:05}".format)
    name = factory.Sequence("Customer {}".format)
    price_list = factory.SubFactory(PriceListFactory, company=factory.SelfAttribute("..company"))

    class Meta:
        model = Customer
        skip_postgeneration_save = True

    @factory.post_generation
    def address(self, create: bool, extracted: object, **fields: Any) -> None:
        """Give the customer its address, and its country a tax rate."""
        if extracted is False:
            return
        AddressFactory(customer=self, name=self.name, is_bill_to=True, is_ship_to=True, **fields)
        TaxRate.objects.get_or_create(
            company=self.company,
            country="GB",
            defaults={"category": "S", "rate": Decimal(20), "valid_from": date(2005, 1, 1)},
        )


class AddressFactory(factory.django.DjangoModelFactory):
    """A place in London."""

    customer = factory.SubFactory(CustomerFactory)
    name = "Goods in"
    street = "1 Long Lane"
    city = "London"
    postcode = "EC1A 9HF"
    country = "GB"

    class Meta:
        model = CustomerAddress


def priced(customer: Customer, *, price: str = "2.50", **fields: Any) -> Product:
    """Make a product of the customer's company that is on their price list."""
    product = ProductFactory(company=customer.company, **fields)
    Price.objects.create(price_list=customer.price_list, product=product, price=Decimal(price))
    return product


def draft(customer: Customer, *lines: tuple[Product, int | str], **fields: Any) -> services.OrderDraft:
    """Word an order as it comes to the service."""
    wording: dict[str, Any] = {"po_number": "PO-1", "ordered_on": TODAY, "requested_on": TODAY, **fields}
    return services.OrderDraft(
        customer_id=customer.pk,
        lines=[services.LineDraft(product.pk, Decimal(quantity)) for product, quantity in lines],
        **wording,
    )


def take_in(drafts: Sequence[services.OrderDraft], *, company: Company, actor: User | None = None) -> list[SalesOrder]:
    """Take orders in as drafts by the service, and return them."""
    actor = actor or person(Role.SALES_ADMIN, company=company)
    created = services.create_orders(drafts=drafts, actor=actor, at=AT)
    return [SalesOrder.objects.get(pk=result.order_id) for result in created]


def make_order(
    customer: Customer,
    *lines: tuple[Product, int | str],
    confirmed: bool = False,
    actor: User | None = None,
    **fields: Any,
) -> SalesOrder:
    """Take one order in, confirmed where asked, by the services."""
    actor = actor or person(Role.SALES_ADMIN, company=customer.company)
    (order,) = take_in([draft(customer, *lines, **fields)], company=customer.company, actor=actor)
    if confirmed:
        services.confirm_orders(order_ids=[order.pk], actor=actor, at=AT)
    return SalesOrder.objects.get(pk=order.pk)
