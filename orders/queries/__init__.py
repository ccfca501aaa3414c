"""Reads of orders that join, aggregate or feed a page, and the blockers of its verbs."""

from orders.queries.blocking import blockers
from orders.queries.locked import locked_orders, locked_orders_with_parties

__all__ = ["blockers", "locked_orders", "locked_orders_with_parties"]
