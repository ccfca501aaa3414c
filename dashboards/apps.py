"""Wiring of dashboards."""

from django.apps import AppConfig

from core import audit, registry


class DashboardsConfig(AppConfig):
    name = "dashboards"

    def ready(self) -> None:
        """Offer the manager's page in the navigation, and the proofs of its figures."""
        from dashboards.audit import CHECKS

        audit.register_all(registry.audit_checks.register, "dashboards", CHECKS)
        registry.navigation.register(
            "dashboards",
            registry.NavigationItem(
                "Overview", "dashboards:board", "reports", "dashboards.view", key="l", group="Management"
            ),
            order=8,
        )
