"""Every write of inventory: receiving, promising and moving stock."""

from inventory.services.moving import Issued, StockIssue, issue_allocations, pick_allocations
from inventory.services.posting import StockMoved
from inventory.services.promising import (
    BinPick,
    DemandRequest,
    Promise,
    allocate_demands,
    place_demand,
    release_allocations,
)
from inventory.services.receiving import ReceiptLine, WarehouseNotReady, receive_stock

__all__ = [
    "BinPick",
    "DemandRequest",
    "Issued",
    "Promise",
    "ReceiptLine",
    "StockIssue",
    "StockMoved",
    "WarehouseNotReady",
    "allocate_demands",
    "issue_allocations",
    "pick_allocations",
    "place_demand",
    "receive_stock",
    "release_allocations",
]
