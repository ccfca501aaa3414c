"""Support's view of inventory's reference data. Levels and moves are the ledger's; people read them on their pages."""

from django.contrib import admin

from core.support import KeptAdmin
from inventory.models import (
    Bin,
    Calendar,
    Lane,
    Product,
    ReorderRule,
    Supplier,
    SupplierItem,
    Unit,
    Warehouse,
    WarehouseAccess,
)


@admin.register(Product)
class ProductAdmin(KeptAdmin):
    """The catalogue."""

    list_display = ("sku", "name", "kind", "unit", "is_active", "company")
    list_filter = ("company", "kind", "is_active")
    list_select_related = ("unit", "company")
    search_fields = ("sku", "name", "gtin")
    given = ("company", "kind", "unit")  # its stock is counted in them


@admin.register(Unit)
class UnitAdmin(KeptAdmin):
    """Units."""

    list_display = ("code", "name", "step", "company")
    list_filter = ("company",)
    given = ("company",)


class AccessInline(admin.TabularInline):
    """Who works in a warehouse."""

    model = WarehouseAccess
    extra = 0


class LaneInline(admin.TabularInline):
    """Which places a warehouse serves, how fast and for how much."""

    model = Lane
    extra = 0


@admin.register(Calendar)
class CalendarAdmin(KeptAdmin):
    """Working days and holidays."""

    list_display = ("name", "weekdays", "company")
    list_filter = ("company",)
    given = ("company",)


@admin.register(Warehouse)
class WarehouseAdmin(KeptAdmin):
    """Sites, and who works there."""

    list_display = ("name", "code", "country", "priority", "company")
    list_filter = ("company",)
    given = ("company",)
    inlines = (LaneInline, AccessInline)


@admin.register(Bin)
class BinAdmin(KeptAdmin):
    """Bins, in walking order."""

    list_display = ("code", "warehouse", "kind", "sequence")
    list_filter = ("warehouse", "kind")
    list_select_related = ("warehouse",)
    search_fields = ("code",)
    given = ("warehouse", "kind")  # they say which of a level's counters its stock stands in


class ItemInline(admin.TabularInline):
    """What a supplier sells."""

    model = SupplierItem
    extra = 0
    raw_id_fields = ("product",)


@admin.register(Supplier)
class SupplierAdmin(KeptAdmin):
    """From whom stock is bought."""

    list_display = ("code", "name", "lead_days", "is_active", "company")
    list_filter = ("company", "is_active")
    search_fields = ("code", "name")
    given = ("company",)
    inlines = (ItemInline,)


@admin.register(ReorderRule)
class ReorderRuleAdmin(KeptAdmin):
    """When a warehouse wants more of a product."""

    list_display = ("product", "warehouse", "reorder_point", "order_up_to", "safety_stock")
    list_filter = ("warehouse",)
    list_select_related = ("product", "warehouse")
    search_fields = ("product__sku",)
    raw_id_fields = ("product",)
    given = ("company", "warehouse", "product")
