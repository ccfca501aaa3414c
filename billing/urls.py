"""Addresses of billing."""

from django.urls import path

from billing import views

app_name = "billing"
urlpatterns = [
    path("", views.InvoiceQueueView.as_view(), name="invoices"),
    path("due/", views.BillingQueueView.as_view(), name="to_invoice"),
    path("post/", views.InvoiceOrdersView.as_view(), name="invoice_orders"),
    path("pay-orders/", views.PayOrdersView.as_view(), name="pay_orders"),
    path("pay/", views.PayInvoicesView.as_view(), name="pay_invoices"),
    path("<int:pk>/", views.InvoiceView.as_view(), name="invoice"),
    path("<int:pk>/pay/", views.PayInvoiceView.as_view(), name="pay_invoice"),
    path("unapplied/", views.UnappliedQueueView.as_view(), name="unapplied"),
    path("customers/<int:customer_pk>/pay/", views.CustomerPaymentView.as_view(), name="receive_payment"),
    path("payments/<int:pk>/", views.PaymentView.as_view(), name="payment"),
    path("payments/<int:payment_pk>/refund/", views.RefundPaymentView.as_view(), name="refund_payment"),
    path("payments/<int:payment_pk>/apply/", views.ApplyView.as_view(), name="apply_payment"),
    path("<int:pk>/apply/", views.ApplyView.as_view(), name="apply_credit_note"),
    path("<int:pk>/credit/", views.CreditInvoiceView.as_view(), name="credit_invoice"),
    path("<int:pk>/refund/", views.RefundView.as_view(), name="refund"),
    path("<int:pk>/settlements/<int:settlement_pk>/undo/", views.UndoSettlementView.as_view(), name="undo_settlement"),
    path("<int:pk>/paper/", views.InvoicePaperView.as_view(), name="paper"),
    path("<int:pk>/document/", views.InvoiceDocumentView.as_view(), name="document"),
]
