"""Support's view of inventory's reference data. Levels and moves are the ledger's; people read them on their pages."""

from django.contrib import admin

from inventory.models import Bin, Product, Unit, Warehouse, WarehouseAccess


class KeptAdmin(admin.ModelAdmin):
    """Reference data that documents name: changed by hand, never deleted."""

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        """Return that nobody may."""
        return False


@admin.register(Product)
class ProductAdmin(KeptAdmin):
    """The catalogue."""

    list_display = ("sku", "name", "kind", "unit", "is_active", "company")
    list_filter = ("company", "kind", "is_active")
    list_select_related = ("unit", "company")
    search_fields = ("sku", "name", "gtin")
    show_full_result_count = False

    def get_readonly_fields(self, request: object, obj: Product | None = None) -> tuple[str, ...]:
        """Return what is given once a product exists: its company, and what its stock is counted in."""
        return ("company", "kind", "unit") if obj else ()


@admin.register(Unit)
class UnitAdmin(KeptAdmin):
    """Units."""

    list_display = ("code", "name", "step", "company")
    list_filter = ("company",)


class AccessInline(admin.TabularInline):
    """Who works in a warehouse."""

    model = WarehouseAccess
    extra = 0


@admin.register(Warehouse)
class WarehouseAdmin(KeptAdmin):
    """Sites, and who works there."""

    list_display = ("name", "code", "country", "priority", "company")
    list_filter = ("company",)
    inlines = (AccessInline,)


@admin.register(Bin)
class BinAdmin(KeptAdmin):
    """Bins, in walking order."""

    list_display = ("code", "warehouse", "kind", "sequence")
    list_filter = ("warehouse", "kind")
    list_select_related = ("warehouse",)
    search_fields = ("code",)
    show_full_result_count = False
