"""Every write of inventory: receiving, promising, moving and freeing stock."""

from inventory.services.freeing import (
    Cut,
    PutBackMove,
    Unpick,
    cancel_demand,
    free_allocations,
    hold_demands,
    put_back,
    unpick,
)
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
    "Cut",
    "DemandRequest",
    "Issued",
    "Promise",
    "PutBackMove",
    "ReceiptLine",
    "StockIssue",
    "StockMoved",
    "Unpick",
    "WarehouseNotReady",
    "allocate_demands",
    "cancel_demand",
    "free_allocations",
    "hold_demands",
    "issue_allocations",
    "pick_allocations",
    "place_demand",
    "put_back",
    "receive_stock",
    "release_allocations",
    "unpick",
]
