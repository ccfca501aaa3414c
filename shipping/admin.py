"""Shipping in the admin: shipments to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from shipping.models import Shipment, ShipmentLine


class OnlyServicesWrite:
    """Rows that the admin shows and does not touch."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are made by services."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are changed by services."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows stay."""
        return False


class ShipmentLineInline(OnlyServicesWrite, admin.TabularInline):
    """What left."""

    model = ShipmentLine
    extra = 0
    fields = ("parcel", "part", "quantity", "cost")


@admin.register(Shipment)
class ShipmentAdmin(OnlyServicesWrite, admin.ModelAdmin):
    """Shipments with what left."""

    list_display = ("number", "order", "warehouse", "status", "carrier", "tracking_number", "dispatched_at")
    list_filter = ("status", "warehouse")
    list_select_related = ("order", "warehouse")
    search_fields = ("order__number", "tracking_number")
    show_full_result_count = False
    inlines = (ShipmentLineInline,)
