"""What shipping's queues can be narrowed to."""

from __future__ import annotations

from typing import ClassVar

from core.queues import QueueFilter


class DispatchFilter(QueueFilter):
    """Orders by words of their number, their customer's PO number, the customer or the town they go to."""

    search_fields: ClassVar[tuple[str, ...]] = ("number", "po_number", "customer__name", "ship_to__city")
    search_label: ClassVar[str] = "Order, PO number, customer or town"


class ShipmentFilter(QueueFilter):
    """Shipments by words of their tracking number, carrier, order or customer."""

    search_fields: ClassVar[tuple[str, ...]] = ("tracking_number", "carrier", "order__number", "order__customer__name")
    search_label: ClassVar[str] = "Tracking number, carrier, order or customer"
