"""What orders' queues can be narrowed to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from core import notes
from core.pages import person, today_of
from core.queues import QueueFilter
from inventory.models import Channel, Warehouse
from orders.models import Facet, SalesOrder
from orders.queries import queue

# What is asked of work is asked of open orders alone, which an index has; all others are over, and are millions
OPEN = Q(status__in=SalesOrder.OPEN)


def warehouses_of(request: HttpRequest) -> QuerySet[Warehouse]:
    """Return the warehouses that a person may look for."""
    return Warehouse.objects.for_user(person(request)).order_by("name")


def channels_of(request: HttpRequest) -> QuerySet[Channel]:
    """Return the channels that a person may look for."""
    return Channel.objects.for_user(person(request)).order_by("name")


class BackorderFilter(QueueFilter):
    """Waiting lines by words of their order, its customer or the product."""

    search_numbers: ClassVar[tuple[str, ...]] = ("order__number",)
    search_references: ClassVar[tuple[str, ...]] = ("order__po_key",)
    search_fields: ClassVar[tuple[str, ...]] = ("order__customer__name", "product__sku", "product__name")
    search_label: ClassVar[str] = "Order, customer or product"


class OrderQueueFilter(QueueFilter):
    """Orders by words of their number, their customer's PO number or the customer, and by how they stand."""

    search_numbers: ClassVar[tuple[str, ...]] = ("number",)
    search_references: ClassVar[tuple[str, ...]] = ("po_key",)
    search_fields: ClassVar[tuple[str, ...]] = ("customer__name", "customer__number")
    search_label: ClassVar[str] = "Order, PO number or customer"
    standing = django_filters.ChoiceFilter(
        method="by_standing",
        choices=[("late", "Late"), ("to_ship", "To ship"), ("to_invoice", "To invoice"), ("to_pay", "To pay")],
        empty_label="All stages",
        label="Stage",
    )
    owner = django_filters.ChoiceFilter(
        method="by_owner", choices=[("me", "Mine")], empty_label="Everybody's", label="Looked after by"
    )
    wanted = django_filters.ChoiceFilter(
        method="by_wanted",
        choices=[("due", "Due today or late"), ("week", "Due within a week"), ("later", "Due later")],
        empty_label="Whenever wanted",
        label="Wanted",
    )
    promise = django_filters.ChoiceFilter(
        method="by_promise",
        choices=[
            ("slips", "Later than first promised"),
            ("late", "Promised after the day asked for"),
            ("none", "No day promised"),
            ("kept", "In time"),
        ],
        empty_label="Any promise",
        label="Promise",
    )
    ordered = django_filters.ChoiceFilter(
        method="by_ordered",
        choices=[("0", "Ordered today"), ("7", "In the last 7 days"), ("30", "In the last 30 days")],
        empty_label="Whenever ordered",
        label="Ordered",
    )
    warehouse = django_filters.ModelChoiceFilter(
        method="by_warehouse", queryset=warehouses_of, empty_label="Any warehouse", label="Leaves from"
    )
    channel = django_filters.ModelChoiceFilter(queryset=channels_of, empty_label="Any channel", label="Sold through")
    inline: ClassVar[tuple[str, ...] | None] = ("standing",)

    def by_owner(self, queryset: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        """Return the orders that the person looks after: those they keyed or sent in, and those given to them."""
        return queryset.filter(notes.is_owned_by(person(self.request), "salesorder"))

    def by_wanted(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Return the open orders that are wanted by today, within a week, or later."""
        today = today_of(self.request)
        until = today if value == "due" else today + timedelta(days=7)
        return queryset.filter(OPEN, **{"requested_on__gt" if value == "later" else "requested_on__lte": until})

    def by_promise(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Return the open orders of which a unit is promised too late, or has no day, or of which all come in time."""
        return queryset.filter(queue.stands(queue.PROMISES[value]))

    def by_ordered(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Return the orders of the latest days."""
        return queryset.filter(ordered_on__gte=today_of(self.request) - timedelta(days=int(value)))

    def by_warehouse(self, queryset: QuerySet[Any], _name: str, value: Warehouse) -> QuerySet[Any]:
        """Return the open orders of which units are promised from a warehouse, or left it."""
        return queryset.filter(queue.leaves_from(value.pk))

    def by_standing(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Return the orders that stand as asked."""
        unshipped, billable = ~Q(fulfilment=Facet.FULL), Q(status__in=queue.BILLABLE)
        going = Q(status__in=[SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED])
        return queryset.filter(
            {
                "late": unshipped & Q(status__in=SalesOrder.TO_SHIP, requested_on__lt=today_of(self.request)),
                "to_ship": unshipped & going,
                "to_invoice": billable & Q(fulfilment__in=[Facet.PART, Facet.FULL]) & ~Q(billing=Facet.FULL),
                "to_pay": billable & Q(billing__in=[Facet.PART, Facet.FULL]) & ~Q(payment=Facet.FULL),
            }[value]
        )


class ReservationFilter(QueueFilter):
    """Reservations by words of their product, customer or project; a reservation's number finds it as well."""

    search_fields: ClassVar[tuple[str, ...]] = (
        *("customer__name", "customer__number", "project"),
        *("product__sku", "product__name"),
    )
    search_label: ClassVar[str] = "Reservation, customer, project or product"

    def search(self, queryset: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        """Return the reservation of a number such as RV-000012, or else those in which every word is found."""
        prefix, _, digits = text.strip().upper().partition("-")
        if prefix == "RV" and digits.isascii() and digits.isdecimal() and len(digits) < 19:
            return queryset.filter(pk=int(digits))
        return super().search(queryset, name, text)


class CustomerQueueFilter(QueueFilter):
    """Customers by words of their number, name, e-mail address or phone."""

    search_fields: ClassVar[tuple[str, ...]] = ("number", "name", "email", "phone")
    search_label: ClassVar[str] = "Number, name, e-mail or phone"


class CustomerPartQueueFilter(QueueFilter):
    """A customer's own numbers by words of them, of the SKU or of the product's name."""

    search_fields: ClassVar[tuple[str, ...]] = ("number", "product__sku", "product__name")
    search_label: ClassVar[str] = "Their number, SKU or name"


class PriceListQueueFilter(QueueFilter):
    """Price lists by words of their name or code."""

    search_fields: ClassVar[tuple[str, ...]] = ("name", "code")
    search_label: ClassVar[str] = "Name or code"


class TaxRateQueueFilter(QueueFilter):
    """Tax rates by the country's code or words of the reason."""

    search_fields: ClassVar[tuple[str, ...]] = ("country", "note")
    search_label: ClassVar[str] = "Country or reason"


class PriceQueueFilter(QueueFilter):
    """Prices by words of the product's SKU or name."""

    search_fields: ClassVar[tuple[str, ...]] = ("product__sku", "product__name")
    search_label: ClassVar[str] = "SKU or name"
