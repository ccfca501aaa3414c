"""Addresses of shipping."""

from django.urls import path

from shipping import views

app_name = "shipping"
urlpatterns = [
    path("dispatch/", views.DispatchQueueView.as_view(), name="dispatch_queue"),
    path("dispatch/orders/", views.DispatchOrdersView.as_view(), name="dispatch"),
    path("orders/<int:pk>/dispatch/", views.DispatchOrderView.as_view(), name="dispatch_order"),
    path("shipments/", views.ShipmentQueueView.as_view(), name="shipments"),
]
