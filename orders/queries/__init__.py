"""Reads of orders that join, aggregate or feed a page, and the blockers of its verbs."""

from orders.queries.blocking import blockers, confirm_blockers_together, confirm_facts
from orders.queries.credit import Unbilled, unbilled, unbilled_gross
from orders.queries.locked import (
    locked_accounts,
    locked_orders,
    locked_orders_after_credit,
    locked_orders_to_bill,
    locked_orders_with_parties,
)

__all__ = [
    "Unbilled",
    "blockers",
    "confirm_blockers_together",
    "confirm_facts",
    "locked_accounts",
    "locked_orders",
    "locked_orders_after_credit",
    "locked_orders_to_bill",
    "locked_orders_with_parties",
    "unbilled",
    "unbilled_gross",
]
