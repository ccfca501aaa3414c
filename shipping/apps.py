"""Wiring of shipping."""

from functools import partial

from django.apps import AppConfig

from core import audit, registry


class ShippingConfig(AppConfig):
    name = "shipping"

    def ready(self) -> None:
        """Offer the queues in the navigation, dispatch and shipments on the order's page, and the proofs."""
        from core import lists
        from shipping.audit import CHECKS
        from shipping.forms import CARRIERS
        from shipping.models import Shipment
        from shipping.queries import CARRIERS_PART, blockers, departed, find_shipments, lot_steps, order_panel

        registry.register_parts([CARRIERS_PART], after=60)
        lists.reference_lists.register("carriers", CARRIERS)
        registry.register_numbers({"SH": "Shipments"})
        audit.register_all(registry.audit_checks.register, "shipping", CHECKS)
        registry.lot_steps.register("shipping.shipments", lot_steps)
        registry.departures.register("shipping.dispatched", departed)
        registry.document_kinds.register("shipment", registry.DocumentKind(Shipment, "shipment"))
        registry.subject_pages.register("shipment", registry.SubjectPage("shipping:shipment", "shipping.view"))
        registry.navigation.register(
            "shipping.dispatch",
            registry.NavigationItem(
                "Dispatch", "shipping:dispatch_queue", "shipping", "shipping.dispatch", key="d", group="Shipping"
            ),
            order=25,
        )
        registry.navigation.register(
            "shipping.shipments",
            registry.NavigationItem(
                "Shipments", "shipping:shipments", "history", "shipping.view", key="s", group="Shipping"
            ),
            order=26,
        )
        registry.watched_queues.register("shipments", "shipping:shipments", order=40)
        registry.search_providers.register(
            "shipments",
            registry.SearchProvider("Shipments", "shipping.view", find_shipments, "shipping:shipments"),
            order=40,
        )
        verb = "shipping.dispatch"
        registry.order_actions.register(
            verb,
            registry.OrderAction(verb, "Dispatch", "shipping:dispatch", partial(blockers, verb=verb), key="d"),
            order=40,
        )
        registry.order_panels.register(
            "shipping.shipments",
            registry.OrderPanel("shipping/_order_panel.html", order_panel, verb="shipping.view"),
            order=40,
        )
