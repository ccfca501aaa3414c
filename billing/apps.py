"""Wiring of billing."""

from functools import partial

from django.apps import AppConfig

from core import registry
from core.audit import register_all


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        """Offer the queues, the verbs and the panel on the order's page, and the audit's proofs."""
        from billing import audit, queries
        from billing.models import Invoice, Payment
        from billing.queries.numbering import gaps
        from billing.queries.searching import find_invoices
        from billing.services import crediting, invoicing, openings
        from billing.services.openings import OPENING_CREDITS, OPENING_INVOICES
        from core.intake import import_kinds

        registry.register_numbers({"PAY": "Payments"})
        for place, series in enumerate((invoicing, crediting, openings)):
            numbers = registry.NumberKind(series.SERIES_LABEL, series.PREFIX, gaps)
            registry.number_kinds.register(series.SERIES, numbers, order=place)
        for place, kind in ((70, OPENING_INVOICES), (80, OPENING_CREDITS)):
            import_kinds.register(kind.name, kind, order=place)
        registry.navigation.register(
            "billing.to_invoice",
            registry.NavigationItem(
                "To invoice", "billing:to_invoice", "file", "billing.invoice", key="f", group="Accounts"
            ),
            order=50,
        )
        registry.navigation.register(
            "billing.invoices",
            registry.NavigationItem(
                "Invoices", "billing:invoices", "invoices", "billing.view", key="i", group="Accounts"
            ),
            order=55,
        )
        registry.navigation.register(
            "billing.unapplied",
            registry.NavigationItem(
                "Unapplied", "billing:unapplied", "payments", "billing.pay", key="u", group="Accounts"
            ),
            order=57,
        )
        registry.watched_queues.register("invoices", "billing:invoices", order=50)
        registry.search_providers.register(
            "invoices", registry.SearchProvider("Invoices", "billing.view", find_invoices, "billing:invoices"), order=50
        )
        paid = "Record that all that is open of {order}'s invoices came in today, by bank transfer?"
        for verb, label, url_name, key, confirm, order in (
            ("billing.invoice", "Invoice", "billing:invoice_orders", "i", "", 80),
            ("billing.pay", "Record as paid", "billing:pay_orders", "$", paid, 90),
        ):
            blockers = partial(queries.blockers, verb=verb)
            action = registry.OrderAction(verb, label, url_name, blockers, key=key, confirm=confirm)
            registry.order_actions.register(verb, action, order=order)
        registry.order_panels.register(
            "billing.invoices",
            registry.OrderPanel("billing/_invoices_panel.html", queries.invoices_panel, "billing.view"),
            order=80,
        )
        registry.document_kinds.register("invoice", registry.DocumentKind(Invoice, "invoice"))
        registry.document_kinds.register("payment", registry.DocumentKind(Payment, "payment"))
        registry.subject_pages.register("invoice", registry.SubjectPage("billing:invoice", "billing.view"))
        registry.subject_pages.register("payment", registry.SubjectPage("billing:payment", "billing.view"))
        register_all(registry.audit_checks.register, "billing", audit.CHECKS)
