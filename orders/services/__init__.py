"""Every write of orders: taking them in, confirming, and noting what the apps above did with them."""

from orders.services.allocating import allocate_orders
from orders.services.completing import complete_orders
from orders.services.confirming import Confirmed, confirm_orders
from orders.services.crediting import CreditChange, CreditTermsInvalid, move_credit, set_credit_terms
from orders.services.drafting import Created, DuplicatePO, LineDraft, OrderDraft, OrderInvalid
from orders.services.importing import ImportReport, OrderFileRefused, RowRefused, import_order_file
from orders.services.noting import (
    mark_released,
    note_delivered,
    note_invoiced,
    note_packed,
    note_picked,
    note_settled,
    note_shipped,
)
from orders.services.ordering import Taken, create_and_confirm_orders, create_orders
from orders.services.quoting import Quote, QuotedLine, quote_order
from orders.services.recording import Fact, record

__all__ = [
    "Confirmed",
    "Created",
    "CreditChange",
    "CreditTermsInvalid",
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
    "allocate_orders",
    "complete_orders",
    "confirm_orders",
    "create_and_confirm_orders",
    "create_orders",
    "import_order_file",
    "mark_released",
    "move_credit",
    "note_delivered",
    "note_invoiced",
    "note_packed",
    "note_picked",
    "note_settled",
    "note_shipped",
    "quote_order",
    "record",
    "set_credit_terms",
]
