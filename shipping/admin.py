"""Shipping in the admin: shipments to look at."""

from __future__ import annotations

from django.contrib import admin

from core.support import ReadOnly
from shipping.models import Shipment, ShipmentLine


class ShipmentLineInline(ReadOnly, admin.TabularInline):
    """What left."""

    model = ShipmentLine
    extra = 0
    fields = ("parcel", "part", "quantity", "cost")


@admin.register(Shipment)
class ShipmentAdmin(ReadOnly, admin.ModelAdmin):
    """Shipments with what left."""

    list_display = ("number", "order", "warehouse", "status", "carrier", "tracking_number", "dispatched_at")
    list_filter = ("status", "warehouse")
    list_select_related = ("order", "warehouse")
    search_fields = ("order__number", "tracking_number")
    show_full_result_count = False
    inlines = (ShipmentLineInline,)
