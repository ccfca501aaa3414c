"""Reads of returns that join, aggregate or feed a page, and the blockers of its verbs."""

from returns.queries.locked import lines_of_returns, locked_orders_of_returns
from returns.queries.shipped import NOT_SHIPPED, ShippedLine, ShippedPart, blockers, shipped_lines, shipped_parts

__all__ = [
    "NOT_SHIPPED",
    "ShippedLine",
    "ShippedPart",
    "blockers",
    "lines_of_returns",
    "locked_orders_of_returns",
    "shipped_lines",
    "shipped_parts",
]
