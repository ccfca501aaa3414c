"""Every write of billing: posting invoices and credit notes, filing their papers, recording and settling money."""

from billing.services.crediting import (
    CreditedLine,
    CreditInvalid,
    ToCredit,
    check_credit,
    lock_to_credit,
    post_credit_note,
)
from billing.services.filing import store_documents
from billing.services.invoicing import invoice_orders
from billing.services.paying import (
    PaymentInvalid,
    Receipt,
    check_receipt,
    pay_invoices,
    pay_orders,
    receive_payment,
    record_payments,
)
from billing.services.refunding import refund_credit, refund_payment
from billing.services.settling import SettlementInvalid, apply_credit, check_shares, undo_settlement
from billing.services.snapshots import DoesNotAddUp

__all__ = [
    "CreditInvalid",
    "CreditedLine",
    "DoesNotAddUp",
    "PaymentInvalid",
    "Receipt",
    "SettlementInvalid",
    "ToCredit",
    "apply_credit",
    "check_credit",
    "check_receipt",
    "check_shares",
    "invoice_orders",
    "lock_to_credit",
    "pay_invoices",
    "pay_orders",
    "post_credit_note",
    "receive_payment",
    "record_payments",
    "refund_credit",
    "refund_payment",
    "store_documents",
    "undo_settlement",
]
