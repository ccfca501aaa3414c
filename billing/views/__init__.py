"""Billing's pages: what waits for an invoice, documents and their papers, crediting, and money meeting documents."""

from billing.views.crediting import CreditInvoiceView
from billing.views.documents import (
    BillingQueueView,
    InvoiceDocumentView,
    InvoiceOrdersView,
    InvoicePaperView,
    InvoiceQueueView,
    InvoiceView,
    PayInvoicesView,
    PayInvoiceView,
    PayOrdersView,
)
from billing.views.refunding import PaymentView, RefundPaymentView, RefundView
from billing.views.settling import ApplyView, CustomerPaymentView, UnappliedQueueView, UndoSettlementView

__all__ = [
    "ApplyView",
    "BillingQueueView",
    "CreditInvoiceView",
    "CustomerPaymentView",
    "InvoiceDocumentView",
    "InvoiceOrdersView",
    "InvoicePaperView",
    "InvoiceQueueView",
    "InvoiceView",
    "PayInvoiceView",
    "PayInvoicesView",
    "PayOrdersView",
    "PaymentView",
    "RefundPaymentView",
    "RefundView",
    "UnappliedQueueView",
    "UndoSettlementView",
]
