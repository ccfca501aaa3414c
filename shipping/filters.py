"""What shipping's queues can be narrowed to."""

from __future__ import annotations

from typing import ClassVar

from core.queues import QueueFilter


class DispatchFilter(QueueFilter):
    """Orders by words of their number, their customer's PO number, the customer or the town they go to."""

    search_numbers: ClassVar[tuple[str, ...]] = ("number",)
    search_references: ClassVar[tuple[str, ...]] = ("po_key",)
    search_fields: ClassVar[tuple[str, ...]] = ("customer__name", "ship_to__city")
    search_label: ClassVar[str] = "Order, PO number, customer or town"


class ShipmentFilter(QueueFilter):
    """Shipments by words of their tracking number, order or customer."""

    search_numbers: ClassVar[tuple[str, ...]] = ("tracking_number", "order__number")
    search_fields: ClassVar[tuple[str, ...]] = ("order__customer__name",)
    search_label: ClassVar[str] = "Tracking number, order or customer"
