"""Every write of orders: taking them in, confirming, and noting what the apps above did with them."""

from orders.services.allocating import Allocated, allocate_orders, allocate_parts, move_stock
from orders.services.breaking_up import BrokenUp, break_up_kit
from orders.services.bringing import bring_together
from orders.services.cancelling import Cancelled, TooMuch, cancel_lines, cancel_orders, cancel_rest
from orders.services.changing import Changed, DraftChange, change_drafts, discard_drafts
from orders.services.completing import close_orders, complete_orders
from orders.services.confirming import Confirmed, confirm_orders
from orders.services.crediting import CreditChange, CreditTermsInvalid, move_credit, set_credit_terms
from orders.services.cutting import GivenUp, Undone
from orders.services.drafting import Created, DuplicatePO, LineDraft, OrderDraft, OrderInvalid
from orders.services.following import tell_of_late_orders
from orders.services.holding import (
    Held,
    HoldTerms,
    Lifted,
    hold_lines,
    hold_orders,
    release_expired_holds,
    release_holds,
    release_holds_of_orders,
)
from orders.services.importing import (
    ORDERS,
    ImportReport,
    RowRefused,
    import_order_file,
    load_orders_of,
    report_of,
)
from orders.services.noting import (
    defer_allocation,
    defer_allocation_of,
    mark_released,
    note_allocated,
    note_allocation,
    note_credited,
    note_delivered,
    note_invoiced,
    note_packed,
    note_picked,
    note_promises,
    note_received,
    note_returned,
    note_settled,
    note_shipped,
)
from orders.services.openings import bring_forward
from orders.services.ordering import Taken, create_and_confirm_orders, create_orders
from orders.services.quoting import Quote, QuotedLine, quote_order
from orders.services.reallocating import Effect, Reallocation, reallocate
from orders.services.recording import Fact, record
from orders.services.reserving import (
    Freed,
    change_reservation,
    expire_reservations,
    fill_reservations,
    free_reservations,
    make_reservation,
)
from orders.services.running import advance_run, begin_nightly_runs, begin_run, go_on_with_run, stop_run
from orders.services.sheets import Typed, finish_sheets, keep_sheet
from orders.services.substituting import Answer, Substituted, substitute

__all__ = [
    "ORDERS",
    "Allocated",
    "Answer",
    "BrokenUp",
    "Cancelled",
    "Changed",
    "Confirmed",
    "Created",
    "CreditChange",
    "CreditTermsInvalid",
    "DraftChange",
    "DuplicatePO",
    "Effect",
    "Fact",
    "Freed",
    "GivenUp",
    "Held",
    "HoldTerms",
    "ImportReport",
    "Lifted",
    "LineDraft",
    "OrderDraft",
    "OrderInvalid",
    "Quote",
    "QuotedLine",
    "Reallocation",
    "RowRefused",
    "Substituted",
    "Taken",
    "TooMuch",
    "Typed",
    "Undone",
    "advance_run",
    "allocate_orders",
    "allocate_parts",
    "begin_nightly_runs",
    "begin_run",
    "break_up_kit",
    "bring_forward",
    "bring_together",
    "cancel_lines",
    "cancel_orders",
    "cancel_rest",
    "change_drafts",
    "change_reservation",
    "close_orders",
    "complete_orders",
    "confirm_orders",
    "create_and_confirm_orders",
    "create_orders",
    "defer_allocation",
    "defer_allocation_of",
    "discard_drafts",
    "expire_reservations",
    "fill_reservations",
    "finish_sheets",
    "free_reservations",
    "go_on_with_run",
    "hold_lines",
    "hold_orders",
    "import_order_file",
    "keep_sheet",
    "load_orders_of",
    "make_reservation",
    "mark_released",
    "move_credit",
    "move_stock",
    "note_allocated",
    "note_allocation",
    "note_credited",
    "note_delivered",
    "note_invoiced",
    "note_packed",
    "note_picked",
    "note_promises",
    "note_received",
    "note_returned",
    "note_settled",
    "note_shipped",
    "quote_order",
    "reallocate",
    "record",
    "release_expired_holds",
    "release_holds",
    "release_holds_of_orders",
    "report_of",
    "set_credit_terms",
    "stop_run",
    "substitute",
    "tell_of_late_orders",
]
