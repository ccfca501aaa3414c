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
from inventory.services.returning import DisposedUnits, ReturnedUnits, dispose_returns, receive_returns

__all__ = [
    "BinPick",
    "Cut",
    "DemandRequest",
    "DisposedUnits",
    "Issued",
    "Promise",
    "PutBackMove",
    "ReceiptLine",
    "ReturnedUnits",
    "StockIssue",
    "StockMoved",
    "Unpick",
    "WarehouseNotReady",
    "allocate_demands",
    "cancel_demand",
    "dispose_returns",
    "free_allocations",
    "hold_demands",
    "issue_allocations",
    "pick_allocations",
    "place_demand",
    "put_back",
    "receive_returns",
    "receive_stock",
    "release_allocations",
    "unpick",
]
