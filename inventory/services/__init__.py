"""Every write of inventory: receiving, promising, moving and freeing stock."""

from inventory.services.adjusting import Adjustment, NotEnoughThere, adjust_stock
from inventory.services.allocating import allocate_demands
from inventory.services.answering import answer_broken_pegs
from inventory.services.arriving import take_in_transfer
from inventory.services.blocking import block_lots, expired_lots
from inventory.services.bringing import Brought, bring_together
from inventory.services.buying import change_draft, draft_suggestions
from inventory.services.catalogue import balance_item, drop_substitute
from inventory.services.choosing import BinPick, release_allocations
from inventory.services.costing import add_late_cost
from inventory.services.counting import Counted, NotCountable, count_bin
from inventory.services.freeing import (
    Cut,
    Promised,
    PutBackMove,
    Unpick,
    cancel_demand,
    free_allocations,
    hold_demands,
    lock_promises,
    move_promise,
    put_back,
    unpick,
)
from inventory.services.inspecting import Found, Inspected, clear_rejected, inspect_goods
from inventory.services.keeping_lots import date_lot, hold_lot, lift_lot
from inventory.services.kits import keep_components
from inventory.services.lasting import LotName, LotUnclear
from inventory.services.mailing import Letter, mail_supplier_orders, send_mail
from inventory.services.moving import Issued, StockIssue, issue_allocations, pick_allocations
from inventory.services.pegging import note_late, peg_demands
from inventory.services.planning import keep_service_level, reckon_planning
from inventory.services.pooling import PoolTerms, keep_pools, remove_pools
from inventory.services.posting import StockMoved
from inventory.services.price_breaks import keep_price_breaks
from inventory.services.promising import DemandRequest, Promise, lock_stock, place_demand
from inventory.services.reallocating import Outcome, reallocate_demands
from inventory.services.receiving import ReceiptLine, WarehouseNotReady, receive_stock
from inventory.services.reserving import fill_reserved, free_reserved, reserve
from inventory.services.returning import DisposedUnits, ReturnedUnits, dispose_returns, receive_returns
from inventory.services.sending import plan_transfer, send_transfer
from inventory.services.shorting import Resourced, ShortPick, pick_short
from inventory.services.sourcing import Destination
from inventory.services.supplying import (
    Wanted,
    acknowledge_supplier_order,
    approve_supplier_orders,
    cancel_supplier_orders,
    close_supplier_orders,
    draft_supplier_order,
    send_supplier_orders,
)
from inventory.services.taking_in import Arrival, TakenIn, take_in
from inventory.services.taking_over import Taking
from inventory.services.transferring import (
    Carried,
    NotEnoughFree,
    cancel_transfers,
    date_transfer,
    draft_transfer,
)

__all__ = [
    "Adjustment",
    "Arrival",
    "BinPick",
    "Brought",
    "Carried",
    "Counted",
    "Cut",
    "DemandRequest",
    "Destination",
    "DisposedUnits",
    "Found",
    "Inspected",
    "Issued",
    "Letter",
    "LotName",
    "LotUnclear",
    "NotCountable",
    "NotEnoughFree",
    "NotEnoughThere",
    "Outcome",
    "PoolTerms",
    "Promise",
    "Promised",
    "PutBackMove",
    "ReceiptLine",
    "Resourced",
    "ReturnedUnits",
    "ShortPick",
    "StockIssue",
    "StockMoved",
    "TakenIn",
    "Taking",
    "Unpick",
    "Wanted",
    "WarehouseNotReady",
    "acknowledge_supplier_order",
    "add_late_cost",
    "adjust_stock",
    "allocate_demands",
    "answer_broken_pegs",
    "approve_supplier_orders",
    "balance_item",
    "block_lots",
    "bring_together",
    "cancel_demand",
    "cancel_supplier_orders",
    "cancel_transfers",
    "change_draft",
    "clear_rejected",
    "close_supplier_orders",
    "count_bin",
    "date_lot",
    "date_transfer",
    "dispose_returns",
    "draft_suggestions",
    "draft_supplier_order",
    "draft_transfer",
    "drop_substitute",
    "expired_lots",
    "fill_reserved",
    "free_allocations",
    "free_reserved",
    "hold_demands",
    "hold_lot",
    "inspect_goods",
    "issue_allocations",
    "keep_components",
    "keep_pools",
    "keep_price_breaks",
    "keep_service_level",
    "lift_lot",
    "lock_promises",
    "lock_stock",
    "mail_supplier_orders",
    "move_promise",
    "note_late",
    "peg_demands",
    "pick_allocations",
    "pick_short",
    "place_demand",
    "plan_transfer",
    "put_back",
    "reallocate_demands",
    "receive_returns",
    "receive_stock",
    "reckon_planning",
    "release_allocations",
    "remove_pools",
    "reserve",
    "send_mail",
    "send_supplier_orders",
    "send_transfer",
    "take_in",
    "take_in_transfer",
    "unpick",
]
