"""Billing in the administration: everything can be read, and nothing changed there; the verbs are on the pages."""

from __future__ import annotations

from django.contrib import admin

from billing.models import Invoice, InvoiceLine, Payment, Settlement
from core.support import ReadOnly


class InvoiceLineInline(ReadOnly, admin.TabularInline):
    """What an invoice bills."""

    model = InvoiceLine
    fields = [
        "position",
        "quantity",
        "price",
        "discount_percent",
        "tax_category",
        "tax_rate",
        "net",
    ]


class SettlementInline(ReadOnly, admin.TabularInline):
    """What a payment settled."""

    model = Settlement
    fields = ["invoice", "amount", "at"]


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, admin.ModelAdmin):
    """Posted invoices."""

    list_display = ["number", "customer", "issued_on", "due_on", "gross", "settled", "currency"]
    list_select_related = ["customer"]
    search_fields = ["number", "order__number", "customer__name"]
    show_full_result_count = False
    inlines = [InvoiceLineInline]


@admin.register(Payment)
class PaymentAdmin(ReadOnly, admin.ModelAdmin):
    """Payments that came in."""

    list_display = ["number", "customer", "received_on", "amount", "settled", "currency", "method"]
    list_select_related = ["customer"]
    search_fields = ["reference", "customer__name"]
    show_full_result_count = False
    inlines = [SettlementInline]
