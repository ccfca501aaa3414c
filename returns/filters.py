"""What the queue of returns can be narrowed to."""

from __future__ import annotations

from typing import ClassVar

from core.queues import QueueFilter


class ReturnFilter(QueueFilter):
    """Returns by words of their order, their customer's PO number, the customer or the note."""

    search_fields: ClassVar[tuple[str, ...]] = ("order__number", "order__po_number", "order__customer__name", "note")
    search_label: ClassVar[str] = "Order, PO number, customer or note"
