"""Addresses of returns."""

from django.urls import path

from returns.views import beginning, queue, steps

app_name = "returns"
urlpatterns = [
    path("", queue.ReturnQueueView.as_view(), name="queue"),
    path("dock/", beginning.DockView.as_view(), name="dock"),
    path("authorize/", queue.AuthorizeReturnsView.as_view(), name="authorize"),
    path("reject/", queue.RejectReturnsView.as_view(), name="reject"),
    path("cancel/", queue.CancelReturnsView.as_view(), name="cancel"),
    path("orders/<int:pk>/", beginning.CreateReturnView.as_view(), name="create"),
    path("orders/<int:pk>/receive/", beginning.ReceiveBlindView.as_view(), name="receive_blind"),
    path("<int:pk>/", steps.ReturnView.as_view(), name="return"),
    path("<int:pk>/receive/", steps.ReceiveReturnView.as_view(), name="receive"),
    path("<int:pk>/inspect/", steps.InspectReturnView.as_view(), name="inspect"),
    path("<int:pk>/decide/", steps.DecideReturnView.as_view(), name="decide"),
    path("<int:pk>/clear/", steps.ClearQuarantineView.as_view(), name="clear"),
    path("<int:pk>/settle/", steps.SettleReturnView.as_view(), name="settle"),
]
