"""What billing's queues can be narrowed to."""

from __future__ import annotations

from typing import ClassVar

from core.queues import QueueFilter


class BillingQueueFilter(QueueFilter):
    """Orders by words of their number, their customer's PO number or the customer."""

    search_numbers: ClassVar[tuple[str, ...]] = ("number",)
    search_references: ClassVar[tuple[str, ...]] = ("po_key",)
    search_fields: ClassVar[tuple[str, ...]] = ("customer__name", "customer__number")
    search_label: ClassVar[str] = "Order, PO number or customer"


class InvoiceQueueFilter(QueueFilter):
    """Invoices by words of their number, their order's or its PO's number, or the customer."""

    search_numbers: ClassVar[tuple[str, ...]] = ("number", "order__number")
    search_references: ClassVar[tuple[str, ...]] = ("order__po_key",)
    search_fields: ClassVar[tuple[str, ...]] = ("customer__name", "customer__number")
    search_label: ClassVar[str] = "Invoice, order, PO number or customer"


class UnappliedQueueFilter(QueueFilter):
    """Payments by words of their reference or the customer."""

    search_fields: ClassVar[tuple[str, ...]] = ("reference", "customer__name", "customer__number")
    search_label: ClassVar[str] = "Reference or customer"
