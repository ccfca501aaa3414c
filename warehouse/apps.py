"""Wiring of warehouse."""

from functools import partial

from django.apps import AppConfig

from core import audit, registry


class WarehouseConfig(AppConfig):
    name = "warehouse"

    def ready(self) -> None:
        """Offer the queues in the navigation, the warehouse's verbs and work on the order's page, and the proofs."""
        from inventory.models import Inspection, Transfer
        from warehouse import handlers
        from warehouse.audit import CHECKS
        from warehouse.models import Count, Wave
        from warehouse.queries import blockers, lot_steps, order_panel
        from warehouse.queries.searching import find_counts, find_parcels, find_transfers, find_waves
        from warehouse.queries.transfers import owners_of_kept
        from warehouse.queries.work import counted_bins

        handlers.connect()
        registry.bin_users.register("warehouse.counts", counted_bins)
        registry.register_numbers({"R": "Receipts", "W": "Waves", "P": "Parcels", "C": "Bin checks"})
        audit.register_all(registry.audit_checks.register, "warehouse", CHECKS)
        for order, (name, label, url_name, icon, verb, key) in enumerate(
            (
                ("warehouse.goods_in", "Goods in", "warehouse:arrivals", "inbox", "inventory.receive", "g"),
                ("warehouse.inspect", "To inspect", "warehouse:inspections", "search", "inventory.inspect", "q"),
                ("warehouse.release", "Release", "warehouse:release_queue", "warehouse", "warehouse.release", "r"),
                ("warehouse.pick", "Pick", "warehouse:waves", "picking", "warehouse.pick", "k"),
                ("warehouse.pack", "Pack", "warehouse:pack_queue", "packing", "warehouse.pack", "b"),
                ("warehouse.count", "Check bins", "warehouse:counts", "audit", "warehouse.count", "n"),
                ("warehouse.put_back", "Put back", "warehouse:put_backs", "returns", "warehouse.pick", "v"),
                ("warehouse.transfers", "Transfers", "transfers:queue", "shipping", "inventory.transfer", ""),
            ),
            start=17,
        ):
            item = registry.NavigationItem(label, url_name, icon, verb, key=key, group="Warehouse")
            registry.navigation.register(name, item, order=order)
        for order, name in enumerate(("waves", "put_backs", "counts"), start=30):
            registry.watched_queues.register(name, f"warehouse:{name}", order=order)
        for order, (label, verb, find, queue) in enumerate(
            (
                ("Waves", "warehouse.view", find_waves, "warehouse:waves"),
                ("Parcels", "warehouse.view", find_parcels, ""),
                ("Transfers", "inventory.view_stock", find_transfers, "transfers:queue"),
                ("Bins to check", "warehouse.count", find_counts, "warehouse:counts"),
            ),
            start=30,
        ):
            registry.search_providers.register(label, registry.SearchProvider(label, verb, find, queue), order=order)
        registry.commands.register(
            "New transfer", registry.Command("New transfer", "transfers:create", "plus", "inventory.transfer"), order=40
        )
        for order, (verb, label, url_name, key) in enumerate(
            (
                ("warehouse.release", "Release", "warehouse:release", "r"),
                ("warehouse.pick", "Pick all", "warehouse:pick", "k"),
                ("warehouse.pack", "Pack", "warehouse:pack", "b"),
            ),
            start=30,
        ):
            action = registry.OrderAction(verb, label, url_name, partial(blockers, verb=verb), key=key)
            registry.order_actions.register(verb, action, order=order)
        registry.order_panels.register(
            "warehouse.work",
            registry.OrderPanel("warehouse/_order_panel.html", order_panel, verb="warehouse.view"),
            order=30,
        )
        registry.demand_owners.register("warehouse.transfers", owners_of_kept)
        registry.subject_pages.register("transfer", registry.SubjectPage("transfers:transfer", "inventory.view_stock"))
        registry.lot_steps.register("warehouse.receipts", lot_steps)
        registry.subject_pages.register("inspection", registry.SubjectPage("warehouse:inspection", "inventory.inspect"))
        registry.subject_pages.register("count", registry.SubjectPage("warehouse:count", "warehouse.count"))
        for kind in (
            registry.DocumentKind(Wave, "wave"),
            registry.DocumentKind(Count, "count"),
            registry.DocumentKind(Inspection, "inspection"),
            registry.DocumentKind(Transfer, "transfer", owner="created_by"),
        ):
            registry.document_kinds.register(kind.model._meta.model_name, kind)
        registry.subject_pages.register("wave", registry.SubjectPage("warehouse:wave", "warehouse.view"))
