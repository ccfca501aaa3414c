"""Billing in the administration: everything can be read, and nothing changed there; the verbs are on the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from billing.models import Invoice, InvoiceLine, Payment, Settlement


class ReadOnly:
    """What the administration shows and does not change."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse to add."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse to change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse to delete."""
        return False


class InvoiceLineInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = InvoiceLine
    fields: ClassVar[list[str]] = [
        "position",
        "quantity",
        "price",
        "discount_percent",
        "tax_category",
        "tax_rate",
        "net",
    ]


class SettlementInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Settlement
    fields: ClassVar[list[str]] = ["invoice", "amount", "at"]


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Posted invoices."""

    list_display: ClassVar[list[str]] = ["number", "customer", "issued_on", "due_on", "gross", "settled", "currency"]
    list_select_related: ClassVar[list[str]] = ["customer"]
    search_fields: ClassVar[list[str]] = ["number", "order__number", "customer__name"]
    show_full_result_count = False
    inlines: ClassVar[list[Any]] = [InvoiceLineInline]


@admin.register(Payment)
class PaymentAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Payments that came in."""

    list_display: ClassVar[list[str]] = ["number", "customer", "received_on", "amount", "settled", "currency", "method"]
    list_select_related: ClassVar[list[str]] = ["customer"]
    search_fields: ClassVar[list[str]] = ["reference", "customer__name"]
    show_full_result_count = False
    inlines: ClassVar[list[Any]] = [SettlementInline]
