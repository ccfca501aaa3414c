"""What inventory's queues can be narrowed to."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet

from core.queues import QueueFilter
from core.roles import Role
from inventory.models import Bin, PlanningFigure, Product


class ProductQueueFilter(QueueFilter):
    """Products by words of their SKU, name or GTIN, and by kind."""

    search_fields: ClassVar[tuple[str, ...]] = ("sku", "name", "gtin")
    search_label: ClassVar[str] = "SKU, name or GTIN"
    kind = django_filters.ChoiceFilter(choices=Product.Kind.choices, empty_label="All kinds", label="Kind")


class WarehouseFilter(QueueFilter):
    """Warehouses by words of their name, code or postcode."""

    search_fields: ClassVar[tuple[str, ...]] = ("name", "code", "postcode")
    search_label: ClassVar[str] = "Name, code or postcode"


class BinFilter(QueueFilter):
    """Bins by the beginning of their code or any part of it, and by use."""

    search_fields: ClassVar[tuple[str, ...]] = ("code",)
    search_label: ClassVar[str] = "Code"
    kind = django_filters.ChoiceFilter(choices=Bin.Kind.choices, empty_label="All uses", label="Use")


class PeopleFilter(QueueFilter):
    """People by words of their name or address, and by role."""

    search_fields: ClassVar[tuple[str, ...]] = ("user__name", "user__email")
    search_label: ClassVar[str] = "Name or e-mail address"
    role = django_filters.ChoiceFilter(choices=Role.choices, empty_label="All roles", label="Role", method="in_role")

    def in_role(self, queryset: QuerySet[Any], _name: str, role: str) -> QuerySet[Any]:
        """Return those who have the role."""
        return queryset.filter(roles__contains=[role])


class ChannelFilter(QueueFilter):
    """Channels by words of their name or code."""

    search_fields: ClassVar[tuple[str, ...]] = ("name", "code")
    search_label: ClassVar[str] = "Name or code"


class PoolFilter(QueueFilter):
    """A channel's pools by words of their product or warehouse."""

    search_fields: ClassVar[tuple[str, ...]] = ("level__product__sku", "level__product__name", "level__warehouse__name")
    search_label: ClassVar[str] = "SKU, name or warehouse"


class CalendarFilter(QueueFilter):
    """Calendars by words of their name."""

    search_fields: ClassVar[tuple[str, ...]] = ("name",)
    search_label: ClassVar[str] = "Name"


class SupplierFilter(QueueFilter):
    """Suppliers by words of their code or name."""

    search_fields: ClassVar[tuple[str, ...]] = ("code", "name")
    search_label: ClassVar[str] = "Code or name"


class SupplierOrderFilter(QueueFilter):
    """Supplier orders by words of their supplier or warehouse; an order's number finds it as well."""

    search_fields: ClassVar[tuple[str, ...]] = ("supplier__name", "supplier__code", "warehouse__name", "their_number")
    search_label: ClassVar[str] = "Order, supplier or warehouse"

    def search(self, queryset: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        """Return the order of a number such as PO-000012 or 12, or else the orders in which every word is found."""
        digits = text.strip().upper().removeprefix("PO-")
        if digits.isdecimal() and len(digits) < 19:
            return queryset.filter(pk=int(digits))
        return super().search(queryset, name, text)


class BrokenPegFilter(QueueFilter):
    """Broken promises by words of their product or supplier."""

    search_fields: ClassVar[tuple[str, ...]] = (
        "supply__product__sku",
        "supply__product__name",
        "supply__order__supplier__name",
    )
    search_label: ClassVar[str] = "Item or supplier"


class ReorderRuleFilter(QueueFilter):
    """Reorder points by words of their product."""

    search_fields: ClassVar[tuple[str, ...]] = ("product__sku", "product__name")
    search_label: ClassVar[str] = "SKU or name"


class PlanningFilter(QueueFilter):
    """What planning says by words of products and warehouses, and by how steadily units leave."""

    search_fields: ClassVar[tuple[str, ...]] = ("product__sku", "product__name", "warehouse__name")
    search_label: ClassVar[str] = "SKU, name or warehouse"
    unit_class = django_filters.ChoiceFilter(
        choices=PlanningFigure.Unit.choices, empty_label="Steady or not", label="How steadily units leave"
    )
