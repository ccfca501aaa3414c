"""Every write of orders: taking them in, confirming, and noting what the apps above did with them."""

from orders.services.allocating import allocate_orders
from orders.services.completing import complete_orders
from orders.services.confirming import Confirmed, confirm_orders
from orders.services.importing import ImportReport, OrderFileRefused, RowRefused, import_order_file
from orders.services.noting import mark_released, note_invoiced, note_packed, note_picked, note_settled, note_shipped
from orders.services.ordering import Created, DuplicatePO, LineDraft, OrderDraft, OrderInvalid, create_orders
from orders.services.recording import Fact, record

__all__ = [
    "Confirmed",
    "Created",
    "DuplicatePO",
    "Fact",
    "ImportReport",
    "LineDraft",
    "OrderDraft",
    "OrderFileRefused",
    "OrderInvalid",
    "RowRefused",
    "allocate_orders",
    "complete_orders",
    "confirm_orders",
    "create_orders",
    "import_order_file",
    "mark_released",
    "note_invoiced",
    "note_packed",
    "note_picked",
    "note_settled",
    "note_shipped",
    "record",
]
