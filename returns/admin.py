"""Returns in the admin: to look at."""

from __future__ import annotations

from django.contrib import admin

from core.support import ReadOnly
from returns.models import ReturnLine, ReturnOrder, ReturnReceipt, ReturnReceiptLine


class ReturnLineInline(ReadOnly, admin.TabularInline):
    """What may come back, came, and went on."""

    model = ReturnLine
    extra = 0
    fields = ("product", "shipment_line", "authorized", "short", "received", "received_value", "inspected", "disposed")


@admin.register(ReturnOrder)
class ReturnOrderAdmin(ReadOnly, admin.ModelAdmin):
    """Returns with their lines."""

    list_display = ("number", "order", "kind", "status", "reason", "warehouse", "requested_at")
    list_filter = ("status", "kind", "reason")
    list_select_related = ("order", "warehouse")
    search_fields = ("order__number",)
    show_full_result_count = False
    inlines = (ReturnLineInline,)


class ReturnReceiptLineInline(ReadOnly, admin.TabularInline):
    """What came."""

    model = ReturnReceiptLine
    extra = 0
    fields = ("line", "fact", "item", "quantity", "value")


@admin.register(ReturnReceipt)
class ReturnReceiptAdmin(ReadOnly, admin.ModelAdmin):
    """What arrived at the dock."""

    list_display = ("return_order", "scanned", "received_by", "at")
    list_select_related = ("return_order", "received_by")
    show_full_result_count = False
    inlines = (ReturnReceiptLineInline,)
