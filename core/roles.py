"""Who may do what: roles as sets of verbs, checked in services, views and pages alike (PRODUCT.md Q1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from core.refusals import NotAllowed

if TYPE_CHECKING:
    from core.models import User


class Role(models.TextChoices):
    """The teams of PRODUCT.md 2.2, as far as they have pages."""

    SALES_ADMIN = "SALES_ADMIN", "Sales admin"
    SALES_MANAGER = "SALES_MANAGER", "Sales manager"
    WAREHOUSE_MANAGER = "WAREHOUSE_MANAGER", "Warehouse manager"
    PICKER = "PICKER", "Picker"
    SHIPPING_CLERK = "SHIPPING_CLERK", "Shipping clerk"
    RETURNS_CLERK = "RETURNS_CLERK", "Returns clerk"
    PURCHASER = "PURCHASER", "Purchaser"
    CREDIT_CONTROLLER = "CREDIT_CONTROLLER", "Credit controller"
    ACCOUNTANT = "ACCOUNTANT", "Accountant"
    MANAGER = "MANAGER", "Manager"
    ADMINISTRATOR = "ADMINISTRATOR", "Administrator"


_SEES = frozenset({"inventory.view_product", "core.keep_views", "core.note"})
_SALES_READS = _SEES | {
    "orders.view",
    "orders.view_prices",
    "billing.view",
    "shipping.view",
    "inventory.view_stock",
    "inventory.view_supply",
    "returns.view",
    "orders.view_reservations",
}
_MANAGES = frozenset({"core.oversee", "core.assign_owner", "dashboards.view", "dashboards.set_targets"})
_HOLDS = frozenset({"orders.hold", "orders.lift_hold"})
_TAKES_ORDERS = _HOLDS | frozenset(
    {
        "core.assign_owner",
        "core.import",
        "orders.cancel",
        "orders.create",
        "orders.confirm",
        "orders.import",
        "orders.change_customer",
        "orders.reserve",
        "orders.substitute",
    }
)

VERBS: dict[Role, frozenset[str]] = {
    Role.SALES_ADMIN: _SALES_READS | _TAKES_ORDERS | {"returns.request"},
    Role.SALES_MANAGER: _SALES_READS
    | _TAKES_ORDERS
    | _MANAGES
    | {
        "orders.cancel_released",
        "orders.lift_credit_hold",
        "orders.lift_quality_hold",
        "orders.move_stock",
        "orders.set_credit",
        "orders.price",
        "orders.tax",
        "orders.open_balances",
        "inventory.change_product",
        "inventory.keep_channels",
        "inventory.approve_supply",
        "warehouse.view",
        "returns.request",
        "returns.authorize",
        "returns.settle",
    },
    Role.WAREHOUSE_MANAGER: _SEES
    | _HOLDS
    | {
        "core.assign_owner",
        "core.import",
        "core.oversee",
        "inventory.open_balances",
        "orders.cancel",
        "orders.cancel_released",
        "orders.lift_quality_hold",
        "orders.move_stock",
        "orders.view",
        "orders.view_reservations",
        "inventory.view_stock",
        "inventory.adjust",
        "inventory.keep_channels",
        "inventory.transfer",
        "inventory.keep_sites",
        "inventory.receive",
        "inventory.inspect",
        "inventory.keep_lots",
        "inventory.view_supply",
        "warehouse.view",
        "warehouse.release",
        "warehouse.pick",
        "warehouse.pack",
        "warehouse.count",
        "shipping.view",
        "shipping.dispatch",
        "shipping.deliver",
        "returns.view",
        "returns.receive",
        "returns.inspect",
    },
    Role.PICKER: _SEES | {"warehouse.view", "warehouse.pick", "inventory.view_stock"},
    Role.SHIPPING_CLERK: _SEES
    | {
        "orders.view",
        "warehouse.view",
        "warehouse.pack",
        "shipping.view",
        "shipping.dispatch",
        "shipping.deliver",
        "returns.view",
        "returns.receive",
    },
    Role.RETURNS_CLERK: _SEES
    | {
        "core.assign_owner",
        "orders.view",
        "inventory.view_stock",
        "shipping.view",
        "returns.view",
        "returns.request",
        "returns.authorize",
        "returns.receive",
        "returns.inspect",
    },
    Role.PURCHASER: _SEES
    | {
        "core.assign_owner",
        "orders.view",
        "orders.view_reservations",
        "inventory.view_stock",
        "inventory.view_supply",
        "inventory.purchase",
        "inventory.approve_supply",
        "warehouse.view",
    },
    Role.CREDIT_CONTROLLER: _SEES
    | {
        "core.assign_owner",
        "orders.view",
        "orders.view_prices",
        "orders.set_credit",
        "orders.hold",
        "orders.lift_hold",
        "orders.lift_credit_hold",
        "billing.view",
        "shipping.view",
        "returns.view",
    },
    Role.ACCOUNTANT: _SEES
    | {
        "core.assign_owner",
        "core.import",
        "billing.open_balances",
        "orders.view",
        "orders.view_prices",
        "orders.set_credit",
        "orders.tax",
        "billing.view",
        "billing.invoice",
        "billing.pay",
        "billing.credit",
        "billing.refund",
        "orders.lift_hold",
        "orders.lift_credit_hold",
        "shipping.view",
        "returns.view",
        "returns.settle",
    },
    Role.MANAGER: _SALES_READS | _MANAGES | {"warehouse.view"},
}
VERBS[Role.ADMINISTRATOR] = frozenset().union(*VERBS.values()) | {"core.administer", "core.set_up"}
ALL_VERBS = VERBS[Role.ADMINISTRATOR]


# The verb of the navigation's entry with which a role's day starts.
DESKS: dict[Role, str] = {
    Role.SALES_ADMIN: "orders.view",
    Role.SALES_MANAGER: "orders.view",
    Role.WAREHOUSE_MANAGER: "warehouse.release",
    Role.PICKER: "warehouse.pick",
    Role.SHIPPING_CLERK: "shipping.dispatch",
    Role.RETURNS_CLERK: "returns.receive",
    Role.PURCHASER: "inventory.view_supply",
    Role.CREDIT_CONTROLLER: "orders.view",
    Role.ACCOUNTANT: "billing.invoice",
    Role.MANAGER: "dashboards.view",
    Role.ADMINISTRATOR: "orders.view",
}
# What of that entry's list a role looks at first, where it is not the first tab.
FIRST_LOOKS: dict[Role, str] = {Role.CREDIT_CONTROLLER: "tab=credit"}


def require(actor: User, verb: str) -> None:
    """Check that a person may carry out a verb; a service calls it first.

    :raises NotAllowed: where none of the person's roles includes it.
    """
    if not actor.can(verb):
        raise NotAllowed(f"Your roles do not include “{verb.split('.')[-1].replace('_', ' ')}”. Ask an administrator.")
