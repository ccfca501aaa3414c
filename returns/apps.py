"""Wiring of returns."""

from __future__ import annotations

from functools import partial

from django.apps import AppConfig

from core import audit, registry


class ReturnsConfig(AppConfig):
    name = "returns"

    def ready(self) -> None:
        """Offer the dock and the queue in the navigation, asking for a return on the order's page, and the proofs."""
        from returns import handlers
        from returns.audit import CHECKS
        from returns.models import ReturnOrder
        from returns.queries import blockers, lot_steps, open_returns, order_panel, sent_back
        from returns.queries.searching import find_returns

        handlers.connect()
        registry.register_numbers({"RT": "Returns"})
        registry.unfinished.register("returns.open", open_returns)
        registry.lot_steps.register("returns.received", lot_steps)
        registry.sent_back.register("returns.sent_back", sent_back)
        audit.register_all(registry.audit_checks.register, "returns", CHECKS)
        registry.subject_pages.register("return", registry.SubjectPage("returns:return", "returns.view"))
        kind = registry.DocumentKind(ReturnOrder, "return", owner="requested_by")
        registry.document_kinds.register("returnorder", kind)
        registry.subject_pages.register("returnorder", registry.SubjectPage("returns:return", "returns.view"))
        registry.navigation.register(
            "returns.dock",
            registry.NavigationItem(
                "Returns dock", "returns:dock", "inbox", "returns.receive", key="h", group="Returns"
            ),
            order=60,
        )
        registry.navigation.register(
            "returns.queue",
            registry.NavigationItem("Returns", "returns:queue", "returns", "returns.view", key="e", group="Returns"),
            order=61,
        )
        registry.watched_queues.register("returns", "returns:queue", order=60)
        registry.search_providers.register(
            "returns", registry.SearchProvider("Returns", "returns.view", find_returns, "returns:queue"), order=60
        )
        verb = "returns.request"
        registry.order_actions.register(
            verb,
            registry.OrderAction(
                verb, "Create return", "returns:create", partial(blockers, verb=verb), opens=True, aside=True
            ),
            order=95,
        )
        registry.order_panels.register(
            "returns.returns", registry.OrderPanel("returns/_order_panel.html", order_panel, "returns.view"), order=90
        )
