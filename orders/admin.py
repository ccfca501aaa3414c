"""Support's view of orders' reference data; orders themselves are read here and changed by their verbs."""

from django.contrib import admin

from core.support import KeptAdmin, OrderVerbs, ReadOnly
from orders.models import Customer, CustomerAddress, Hold, Price, PriceList, SalesOrder, SalesOrderLine, TaxRate


class AddressInline(admin.StackedInline):
    """Where bills and goods go."""

    model = CustomerAddress
    extra = 0


@admin.register(Customer)
class CustomerAdmin(KeptAdmin):
    """Customers with their addresses."""

    list_display = ("number", "name", "price_list", "terms_days", "is_active", "company")
    list_filter = ("company", "is_active", "price_list")
    list_select_related = ("price_list", "company")
    search_fields = ("number", "name", "email")
    given = ("company",)
    inlines = (AddressInline,)


@admin.register(PriceList)
class PriceListAdmin(KeptAdmin):
    """Price lists; their prices have a page of their own, for there are many."""

    list_display = ("name", "code", "currency", "company")
    list_filter = ("company",)
    given = ("company", "currency")  # its prices are in it


@admin.register(Price)
class PriceAdmin(admin.ModelAdmin):
    """What a product costs on a price list."""

    list_display = ("product", "price_list", "price")
    list_filter = ("price_list",)
    list_select_related = ("product", "price_list")
    search_fields = ("product__sku", "product__name")
    autocomplete_fields = ("product",)
    show_full_result_count = False


@admin.register(TaxRate)
class TaxRateAdmin(KeptAdmin):
    """Tax by where the goods go, from a day on."""

    list_display = ("country", "category", "rate", "valid_from", "note", "company")
    list_filter = ("company", "country")
    given = ("company",)


class LineInline(ReadOnly, admin.TabularInline):
    """What was agreed."""

    model = SalesOrderLine
    fields = ("position", "product", "description", "quantity", "price", "discount_percent", "net", "invoiced")


@admin.register(SalesOrder)
class SalesOrderAdmin(OrderVerbs, ReadOnly, admin.ModelAdmin):
    """Orders, to be read; they are changed by their verbs."""

    list_display = ("__str__", "customer", "po_number", "status", "requested_on", "company")
    list_filter = ("company", "status")
    list_select_related = ("customer", "company")
    search_fields = ("number", "po_number", "customer__name")
    show_full_result_count = False
    inlines = (LineInline,)


@admin.register(Hold)
class HoldAdmin(ReadOnly, admin.ModelAdmin):
    """Holds, to be read; they are placed and lifted on the order's page."""

    list_display = ("order", "line", "kind", "keep_reservation", "expires_on", "placed_by", "placed_at", "released_at")
    list_filter = ("kind", "keep_reservation")
    list_select_related = ("order", "line", "placed_by")
    search_fields = ("order__number",)
    show_full_result_count = False
