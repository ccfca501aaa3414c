"""Reads of returns that join, aggregate or feed a page, and the blockers of its verbs."""

from returns.queries.docking import Scanned, find, shipment_out
from returns.queries.locked import lines_of_returns, locked_orders_of_returns, lots_of
from returns.queries.pages import (
    open_returns,
    order_panel,
    parts_of_return,
    returns,
    sent_back,
    shelf_of,
    units_of,
)
from returns.queries.shipped import (
    NOT_SHIPPED,
    ShippedLine,
    ShippedPart,
    blockers,
    lines_in_reach,
    shipped_lines,
    shipped_parts,
)
from returns.queries.trace import lot_steps

__all__ = [
    "NOT_SHIPPED",
    "Scanned",
    "ShippedLine",
    "ShippedPart",
    "blockers",
    "find",
    "lines_in_reach",
    "lines_of_returns",
    "locked_orders_of_returns",
    "lot_steps",
    "lots_of",
    "open_returns",
    "order_panel",
    "parts_of_return",
    "returns",
    "sent_back",
    "shelf_of",
    "shipment_out",
    "shipped_lines",
    "shipped_parts",
    "units_of",
]
