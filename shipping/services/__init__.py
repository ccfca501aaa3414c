"""Every write of shipping: dispatching what is packed, and noting what arrived."""

from shipping.services.delivering import Delivered, deliver_shipments
from shipping.services.dispatching import Consignment, Dispatched, dispatch_orders, dispatch_parcels

__all__ = [
    "Consignment",
    "Delivered",
    "Dispatched",
    "deliver_shipments",
    "dispatch_orders",
    "dispatch_parcels",
]
