"""Every write of orders: taking them in, confirming, and noting what the apps above did with them."""

from orders.services.allocating import allocate_orders
from orders.services.changing import Changed, DraftChange, change_drafts, discard_drafts
from orders.services.completing import complete_orders
from orders.services.confirming import Confirmed, confirm_orders
from orders.services.crediting import CreditChange, CreditTermsInvalid, move_credit, set_credit_terms
from orders.services.drafting import Created, DuplicatePO, LineDraft, OrderDraft, OrderInvalid
from orders.services.importing import ImportReport, OrderFileRefused, RowRefused, import_order_file
from orders.services.noting import (
    defer_allocation,
    mark_released,
    note_allocation,
    note_credited,
    note_delivered,
    note_invoiced,
    note_packed,
    note_picked,
    note_returned,
    note_settled,
    note_shipped,
)
from orders.services.ordering import Taken, create_and_confirm_orders, create_orders
from orders.services.quoting import Quote, QuotedLine, quote_order
from orders.services.recording import Fact, record
from orders.services.sheets import Typed, finish_sheets, keep_sheet

__all__ = [
    "Changed",
    "Confirmed",
    "Created",
    "CreditChange",
    "CreditTermsInvalid",
    "DraftChange",
    "DuplicatePO",
    "Fact",
    "ImportReport",
    "LineDraft",
    "OrderDraft",
    "OrderFileRefused",
    "OrderInvalid",
    "Quote",
    "QuotedLine",
    "RowRefused",
    "Taken",
    "Typed",
    "allocate_orders",
    "change_drafts",
    "complete_orders",
    "confirm_orders",
    "create_and_confirm_orders",
    "create_orders",
    "defer_allocation",
    "discard_drafts",
    "finish_sheets",
    "import_order_file",
    "keep_sheet",
    "mark_released",
    "move_credit",
    "note_allocation",
    "note_credited",
    "note_delivered",
    "note_invoiced",
    "note_packed",
    "note_picked",
    "note_returned",
    "note_settled",
    "note_shipped",
    "quote_order",
    "record",
    "set_credit_terms",
]
