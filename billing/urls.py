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
    path("<int:pk>/paper/", views.InvoicePaperView.as_view(), name="paper"),
    path("<int:pk>/document/", views.InvoiceDocumentView.as_view(), name="document"),
]
