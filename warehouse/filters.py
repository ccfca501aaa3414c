"""What the warehouse's queues can be narrowed to."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet

from core.pages import today_of
from core.queues import QueueFilter


class OrderFilter(QueueFilter):
    """Orders by words of their number, their customer's PO number or the customer, and by when they are wanted."""

    search_numbers: ClassVar[tuple[str, ...]] = ("number",)
    search_references: ClassVar[tuple[str, ...]] = ("po_key",)
    search_fields: ClassVar[tuple[str, ...]] = ("customer__name",)
    search_label: ClassVar[str] = "Order, PO number or customer"
    wanted = django_filters.ChoiceFilter(
        method="by_wanted",
        choices=[("due", "Due today or late"), ("later", "Later")],
        empty_label="Whenever wanted",
        label="Wanted",
    )

    def by_wanted(self, queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Return the orders that are wanted by today, or later."""
        today = today_of(self.request)
        return queryset.filter(**{"requested_on__lte" if value == "due" else "requested_on__gt": today})


class WaveFilter(QueueFilter):
    """Waves by words of their warehouse or who released them; a wave's number finds it as well."""

    search_fields: ClassVar[tuple[str, ...]] = ("warehouse__name", "warehouse__code", "released_by__name")
    search_label: ClassVar[str] = "Wave, warehouse or person"

    def search(self, queryset: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        """Return the wave of a number such as W-000012 or 12, or else the waves in which every word is found."""
        digits = text.strip().upper().removeprefix("W-")
        if digits.isascii() and digits.isdecimal() and len(digits) < 19:
            return queryset.filter(pk=int(digits))
        return super().search(queryset, name, text)


class CountFilter(QueueFilter):
    """Bins to check by words of the bin, the product or the warehouse."""

    search_fields: ClassVar[tuple[str, ...]] = ("bin__code", "product__sku", "product__name", "warehouse__name")
    search_label: ClassVar[str] = "Bin, item or warehouse"


class InspectionFilter(QueueFilter):
    """Inspections by words of the product, the supplier, the lot or the warehouse."""

    search_fields: ClassVar[tuple[str, ...]] = (
        *("product__sku", "product__name", "line__order__supplier__name", "lot__code", "warehouse__name"),
    )
    search_label: ClassVar[str] = "Item, supplier or lot"


class PutBackFilter(QueueFilter):
    """Put-backs by words of the product, the order, the tote or the shelf."""

    search_fields: ClassVar[tuple[str, ...]] = (
        "product__sku",
        "product__name",
        "order__number",
        "tote__code",
        "bin__code",
    )
    search_label: ClassVar[str] = "Item, order or bin"


class TransferFilter(QueueFilter):
    """Transfers by words of either warehouse; a transfer's number finds it as well."""

    search_fields: ClassVar[tuple[str, ...]] = (
        *("from_warehouse__name", "from_warehouse__code"),
        *("to_warehouse__name", "to_warehouse__code"),
    )
    search_label: ClassVar[str] = "Transfer or warehouse"

    def search(self, queryset: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        """Return the transfer of a number such as TR-000012 or 12, or else those in which every word is found."""
        digits = text.strip().upper().removeprefix("TR-")
        if digits.isascii() and digits.isdecimal() and len(digits) < 19:
            return queryset.filter(pk=int(digits))
        return super().search(queryset, name, text)


class ArrivalFilter(QueueFilter):
    """Supplier orders by words of their supplier or warehouse; an order's number finds it as well."""

    search_fields: ClassVar[tuple[str, ...]] = ("supplier__name", "supplier__code", "warehouse__name", "their_number")
    search_label: ClassVar[str] = "Order, supplier or warehouse"

    def search(self, queryset: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        """Return the order of a number such as PO-000012 or 12, or else the orders in which every word is found."""
        digits = text.strip().upper().removeprefix("PO-")
        if digits.isdecimal() and len(digits) < 19:
            return queryset.filter(pk=int(digits))
        return super().search(queryset, name, text)
