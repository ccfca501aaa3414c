"""Reads of orders that join, aggregate or feed a page, and the blockers of its verbs."""

from orders.queries.blocking import blockers, confirm_blockers_together
from orders.queries.locked import (
    locked_orders,
    locked_orders_after_credit,
    locked_orders_to_bill,
    locked_orders_with_parties,
)

__all__ = [
    "blockers",
    "confirm_blockers_together",
    "locked_orders",
    "locked_orders_after_credit",
    "locked_orders_to_bill",
    "locked_orders_with_parties",
]
