"""Wiring of inventory."""

from django.apps import AppConfig

from core import registry
from core.audit import register_all


class InventoryConfig(AppConfig):
    name = "inventory"

    def ready(self) -> None:
        """Offer the catalogue in the navigation, and the proofs of stock to the audit."""
        from core.intake import import_kinds
        from core.letters import message_kinds
        from core.lists import reference_lists
        from inventory.audit import CHECKS
        from inventory.forms.units import UNITS
        from inventory.models import Lot, Product, Supplier, SupplierOrder
        from inventory.queries.messages import SUPPLIER_ORDER, SUPPLIER_ORDER_MESSAGE
        from inventory.queries.searching import find_lots, find_products, find_supplier_orders, find_suppliers
        from inventory.queries.setting_up import PARTS, company_freezes
        from inventory.services.importing import PRODUCTS
        from inventory.services.kit_files import KITS
        from inventory.services.openings import OPENING_STOCK
        from inventory.services.pool_files import POOLS

        registry.register_parts(PARTS, after=20)
        reference_lists.register("units", UNITS)
        message_kinds.register(SUPPLIER_ORDER, SUPPLIER_ORDER_MESSAGE)
        registry.register_numbers({"PO": "Supplier orders", "TR": "Transfers", "QC": "Inspections"})
        registry.company_freezes.register("inventory", company_freezes)
        import_kinds.register("products", PRODUCTS, order=20)
        import_kinds.register("kits", KITS, order=25)
        import_kinds.register("pools", POOLS, order=45)
        import_kinds.register("opening_stock", OPENING_STOCK, order=50)

        register_all(registry.audit_checks.register, "inventory", CHECKS)
        registry.navigation.register(
            "products",
            registry.NavigationItem("Products", "inventory:products", "products", "inventory.view_product", key="p"),
            order=80,
        )
        registry.navigation.register(
            "sites",
            registry.NavigationItem("Warehouses", "sites:warehouses", "warehouse", "inventory.keep_sites"),
            order=82,
        )
        registry.navigation.register(
            "people",
            registry.NavigationItem("People", "people:people", "customers", "core.administer"),
            order=83,
        )
        registry.navigation.register(
            "channels",
            registry.NavigationItem("Channels", "channels:channels", "inbox", "inventory.keep_channels"),
            order=81,
        )
        for place, (name, label, url_name, icon, key) in enumerate(
            (
                ("supply.orders", "Supplier orders", "supply:orders", "stock", "y"),
                ("supply.suppliers", "Suppliers", "supply:suppliers", "customers", ""),
                ("supply.planning", "Stock planning", "supply:planning", "reports", ""),
            ),
            start=64,
        ):
            item = registry.NavigationItem(label, url_name, icon, "inventory.view_supply", key=key, group="Purchasing")
            registry.navigation.register(name, item, order=place)
        for place, name in enumerate(("questions", "orders"), start=20):
            registry.watched_queues.register(f"supply.{name}", f"supply:{name}", order=place)
        for place, (label, verb, find, queue) in enumerate(
            (
                ("Products", "inventory.view_product", find_products, "inventory:products"),
                ("Lots", "inventory.view_stock", find_lots, ""),
                ("Supplier orders", "inventory.view_supply", find_supplier_orders, "supply:orders"),
                ("Suppliers", "inventory.view_supply", find_suppliers, "supply:suppliers"),
            ),
            start=20,
        ):
            registry.search_providers.register(label, registry.SearchProvider(label, verb, find, queue), order=place)
        for command in (
            registry.Command("New product", "inventory:create_product", "plus", "inventory.change_product"),
            registry.Command("New supplier", "supply:create_supplier", "plus", "inventory.purchase"),
        ):
            registry.commands.register(command.label, command, order=60)
        registry.subject_pages.register("product", registry.SubjectPage("inventory:product", "inventory.view_product"))
        registry.subject_pages.register("lot", registry.SubjectPage("inventory:lot", "inventory.view_stock"))
        for kind in (
            registry.DocumentKind(Product, "product"),
            registry.DocumentKind(Lot, "lot"),
            # What is paid to suppliers is shown to all who see their orders
            registry.DocumentKind(SupplierOrder, "supplier order", owner="created_by", office="inventory.view_supply"),
            registry.DocumentKind(Supplier, "supplier", office="inventory.view_supply"),
        ):
            registry.document_kinds.register(kind.model._meta.model_name, kind)
        registry.subject_pages.register("supplierorder", registry.SubjectPage("supply:order", "inventory.view_supply"))
        registry.subject_pages.register("supplier", registry.SubjectPage("supply:supplier", "inventory.view_supply"))
