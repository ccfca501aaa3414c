"""Every write of billing: posting invoices, filing their documents, recording payments."""

from billing.services.filing import store_documents
from billing.services.invoicing import invoice_orders
from billing.services.paying import (
    PaymentInvalid,
    Receipt,
    check_receipt,
    pay_invoices,
    pay_orders,
    record_payments,
)
from billing.services.snapshots import DoesNotAddUp

__all__ = [
    "DoesNotAddUp",
    "PaymentInvalid",
    "Receipt",
    "check_receipt",
    "invoice_orders",
    "pay_invoices",
    "pay_orders",
    "record_payments",
    "store_documents",
]
