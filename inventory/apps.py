"""Wiring of inventory."""

from django.apps import AppConfig

from core import registry
from core.audit import register_all


class InventoryConfig(AppConfig):
    name = "inventory"

    def ready(self) -> None:
        """Offer the catalogue in the navigation, and the proofs of stock to the audit."""
        from core.intake import import_kinds
        from inventory.audit import CHECKS
        from inventory.services.importing import PRODUCTS
        from inventory.services.openings import OPENING_STOCK
        from inventory.services.pool_files import POOLS

        import_kinds.register("products", PRODUCTS, order=20)
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
        registry.subject_pages.register("supplierorder", registry.SubjectPage("supply:order", "inventory.view_supply"))
        registry.subject_pages.register("supplier", registry.SubjectPage("supply:supplier", "inventory.view_supply"))
