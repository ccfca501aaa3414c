"""Reads of the customers' pages."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from core.models import User
from orders.models import Customer, CustomerAddress, CustomerPart, SalesOrder
from orders.queries.queue import orders_in_queue

LAST_ORDERS = 20
# Orders on which somebody still has work before the goods are out
_OPEN = (
    SalesOrder.Status.DRAFT,
    SalesOrder.Status.REVIEW,
    SalesOrder.Status.CONFIRMED,
    SalesOrder.Status.RELEASED,
)


def customers_in_queue(user: User, *, most: int | None = None) -> QuerySet[Customer]:
    """Return the customers with `city`, where their goods go, and `open_orders`, of which `most` are counted."""
    goods_to = CustomerAddress.objects.filter(customer=OuterRef("pk"), is_ship_to=True)
    open_orders = SalesOrder.objects.filter(customer=OuterRef("pk"), status__in=_OPEN).order_by().values("pk")[:most]
    customers: QuerySet[Customer] = Customer.objects.for_user(user).select_related("price_list")
    return customers.annotate(
        city=Subquery(goods_to.values("city")[:1]),
        open_orders=Func(ArraySubquery(open_orders), function="cardinality", output_field=IntegerField()),
    )


def last_orders(customer: Customer, user: User, today: date) -> QuerySet[SalesOrder]:
    """Return the customer's latest orders, as the order queue shows them."""
    return orders_in_queue(user, today).filter(customer=customer).order_by(F("pk").desc())[:LAST_ORDERS]


def parts_in_queue(customer: Customer) -> QuerySet[CustomerPart]:
    """Return the customer's own numbers with their products."""
    return customer.parts.select_related("product")


def their_number(customer: str, product: str) -> Coalesce:
    """Return the customer's own number of a product, or nothing, for a query whose rows lead to both by these names."""
    parts = CustomerPart.objects.filter(customer=OuterRef(customer), product=OuterRef(product)).order_by("pk")
    return Coalesce(Subquery(parts.values("number")[:1]), Value(""))
