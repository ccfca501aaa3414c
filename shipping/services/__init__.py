"""Every write of shipping: dispatching what is packed, and noting what arrived, did not, or came back."""

from shipping.services.delivering import Delivered, deliver_shipments
from shipping.services.dispatching import Consignment, Dispatched, dispatch_orders, dispatch_parcels
from shipping.services.failing import Failed, fail_deliveries, lose_shipments, note_come_back

__all__ = [
    "Consignment",
    "Delivered",
    "Dispatched",
    "Failed",
    "deliver_shipments",
    "dispatch_orders",
    "dispatch_parcels",
    "fail_deliveries",
    "lose_shipments",
    "note_come_back",
]
