"""What orders' queues can be narrowed to."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone

from core.queues import QueueFilter
from core.text import normalized_reference
from orders.models import Facet, SalesOrder


class BackorderFilter(QueueFilter):
    """Waiting lines by words of their order, its customer or the product."""

    search_fields: ClassVar[tuple[str, ...]] = (
        "order__number",
        "order__po_number",
        "order__customer__name",
        "product__sku",
        "product__name",
    )
    search_label: ClassVar[str] = "Order, customer or product"


class OrderQueueFilter(QueueFilter):
    """Orders by words of their number, their customer's PO number or the customer, and by how they stand."""

    search_fields: ClassVar[tuple[str, ...]] = ("number", "po_number", "customer__name", "customer__number")
    search_label: ClassVar[str] = "Order, PO number or customer"
    standing = django_filters.ChoiceFilter(
        method="by_standing",
        choices=[("late", "Late"), ("to_ship", "To ship"), ("to_invoice", "To invoice"), ("to_pay", "To pay")],
        empty_label="All stages",
        label="Stage",
    )

    def search(self, queryset: QuerySet[Any], _name: str, text: str) -> QuerySet[Any]:
        """Return the orders in which every word is found, or whose PO number is the text however it was written."""
        found = super().search(queryset, _name, text)
        key = normalized_reference(text)
        return queryset.filter(Q(po_key=key) | Q(pk__in=found.values("pk"))) if key else found

    def by_standing(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Return the orders that stand as asked."""
        unshipped = ~Q(fulfilment=Facet.FULL)
        going = Q(status__in=[SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED])
        return queryset.filter(
            {
                "late": unshipped & Q(status__in=SalesOrder.OPEN, requested_on__lt=timezone.localdate()),
                "to_ship": unshipped & going,
                "to_invoice": Q(fulfilment__in=[Facet.PART, Facet.FULL]) & ~Q(billing=Facet.FULL),
                "to_pay": Q(billing__in=[Facet.PART, Facet.FULL]) & ~Q(payment=Facet.FULL),
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
