"""Wiring of orders."""

from functools import partial

from django.apps import AppConfig

from core import registry
from core.audit import register_all


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        """Offer the queues in the navigation, and orders' verbs on the order's page, and its proofs to the audit."""
        from core.intake import import_kinds
        from orders import handlers
        from orders.audit import CHECKS
        from orders.models import Customer, Reservation, SalesOrder
        from orders.queries import blockers
        from orders.queries.demands import owners_of_demands
        from orders.queries.reservations import kept_of_product, owners_of_reserved
        from orders.queries.searching import find_customers, find_orders, find_reservations
        from orders.queries.setting_up import PARTS, company_freezes
        from orders.services.customer_files import CUSTOMERS
        from orders.services.importing import ORDERS
        from orders.services.openings import OPENING_ORDERS
        from orders.services.price_files import PRICES

        handlers.connect()
        for place, kind in ((10, ORDERS), (30, CUSTOMERS), (40, PRICES), (60, OPENING_ORDERS)):
            import_kinds.register(kind.name, kind, order=place)
        register_all(registry.audit_checks.register, "orders", CHECKS)

        registry.register_parts(PARTS, after=40)
        registry.register_numbers({"SO": "Sales orders", "RV": "Reservations"})
        registry.company_freezes.register("orders", company_freezes)
        registry.navigation.register(
            "orders",
            registry.NavigationItem("Orders", "orders:queue", "orders", "orders.view", key="o", group="Sales"),
            order=10,
        )
        registry.navigation.register(
            "backorders",
            registry.NavigationItem("Backorders", "orders:backorders", "clock", "orders.view", key="w", group="Sales"),
            order=15,
        )
        registry.navigation.register(
            "reservations",
            registry.NavigationItem(
                "Reservations", "reservations:queue", "inbox", "orders.view_reservations", key="a", group="Sales"
            ),
            order=16,
        )
        registry.navigation.register(
            "customers",
            registry.NavigationItem(
                "Customers", "orders:customers", "customers", "orders.view", key="c", group="Sales"
            ),
            order=17,
        )
        registry.navigation.register(
            "prices",
            registry.NavigationItem("Prices", "orders:price_lists", "payments", "orders.view_prices"),
            order=75,
        )
        registry.navigation.register(
            "taxes", registry.NavigationItem("Taxes", "orders:tax_rates", "payments", "orders.tax"), order=76
        )
        registry.watched_queues.register("orders", "orders:queue", order=10)
        for place, (name, finds) in enumerate(
            (
                ("orders", registry.SearchProvider("Orders", "orders.view", find_orders, "orders:queue")),
                ("customers", registry.SearchProvider("Customers", "orders.view", find_customers, "orders:customers")),
                (
                    "reservations",
                    registry.SearchProvider(
                        "Reservations", "orders.view_reservations", find_reservations, "reservations:queue"
                    ),
                ),
            ),
            start=10,
        ):
            registry.search_providers.register(name, finds, order=place)
        for place, command in enumerate(
            (
                registry.Command("New order", "orders:create", "plus", "orders.create"),
                registry.Command("Import orders", "core:import_file", "upload", "orders.import", "kind=orders"),
                registry.Command("New reservation", "reservations:create", "plus", "orders.reserve"),
                registry.Command("New customer", "orders:create_customer", "plus", "orders.change_customer"),
            ),
            start=10,
        ):
            registry.commands.register(command.label, command, order=place)
        registry.demand_owners.register("orders", owners_of_demands)
        registry.demand_owners.register("orders.reservations", owners_of_reserved)
        registry.kept_units.register("orders", kept_of_product)
        registry.subject_pages.register(
            "reservation", registry.SubjectPage("reservations:reservation", "orders.view_reservations")
        )
        registry.subject_pages.register("customer", registry.SubjectPage("orders:customer", "orders.view"))
        for noted in (
            registry.DocumentKind(SalesOrder, "order", owner="customer_po__received_by"),
            registry.DocumentKind(Customer, "customer"),
            registry.DocumentKind(Reservation, "reservation", owner="created_by"),
        ):
            registry.document_kinds.register(noted.model._meta.model_name, noted)
        registry.subject_pages.register("salesorder", registry.SubjectPage("orders:detail", "orders.view"))
        registry.order_actions.register(
            "orders.confirm",
            registry.OrderAction(
                "orders.confirm", "Confirm", "orders:confirm", partial(blockers, verb="orders.confirm"), key="c"
            ),
            order=10,
        )
        registry.order_actions.register(
            "orders.edit",
            registry.OrderAction(
                "orders.create", "Edit", "orders:edit", partial(blockers, verb="orders.edit"), key="e", opens=True
            ),
            order=15,
        )
        registry.order_actions.register(
            "orders.discard",
            registry.OrderAction(
                "orders.create",
                "Discard",
                "orders:discard",
                partial(blockers, verb="orders.discard"),
                confirm="Discard {order}? Its PO number is free again.",
                aside=True,
            ),
            order=90,
        )
        registry.order_actions.register(
            "orders.allocate",
            registry.OrderAction(
                "orders.confirm", "Allocate", "orders:allocate", partial(blockers, verb="orders.allocate"), key="a"
            ),
            order=20,
        )
        registry.order_actions.register(
            "orders.hold",
            registry.OrderAction(
                "orders.hold",
                "Hold",
                "orders:hold",
                partial(blockers, verb="orders.hold"),
                key="h",
                opens=True,
                aside=True,
            ),
            order=90,
        )
        registry.order_actions.register(
            "orders.cancel",
            registry.OrderAction(
                "orders.cancel",
                "Cancel",
                "orders:cancel",
                partial(blockers, verb="orders.cut"),
                key="x",
                opens=True,
                aside=True,
            ),
            order=95,
        )
