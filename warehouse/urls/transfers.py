"""Addresses of transfers between warehouses."""

from django.urls import path

from warehouse import views

app_name = "transfers"
urlpatterns = [
    path("", views.TransferQueueView.as_view(), name="queue"),
    path("new/", views.CreateTransferView.as_view(), name="create"),
    path("cancel/", views.CancelTransfersView.as_view(), name="cancel"),
    path("<int:pk>/", views.TransferView.as_view(), name="transfer"),
    path("<int:pk>/send/", views.SendTransferView.as_view(), name="send"),
    path("<int:pk>/receive/", views.ReceiveTransferView.as_view(), name="receive"),
    path("<int:pk>/date/", views.DateTransferView.as_view(), name="date"),
    path("<int:pk>/slip/", views.TransferSlipView.as_view(), name="slip"),
]
