"""Wiring of inventory."""

from django.apps import AppConfig

from core import registry


class InventoryConfig(AppConfig):
    name = "inventory"

    def ready(self) -> None:
        """Offer the catalogue in the navigation."""
        registry.navigation.register(
            "products",
            registry.NavigationItem("Products", "inventory:products", "products", "inventory.view_product", key="p"),
            order=80,
        )
