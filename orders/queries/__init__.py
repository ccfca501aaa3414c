"""Reads of orders that join, aggregate or feed a page, and the blockers of its verbs."""

from orders.queries.blocking import blockers

__all__ = ["blockers"]
