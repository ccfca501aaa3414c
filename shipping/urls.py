"""Addresses of shipping."""

from django.urls import path

from shipping import views

app_name = "shipping"
urlpatterns = [
    path("dispatch/", views.DispatchQueueView.as_view(), name="dispatch_queue"),
    path("dispatch/orders/", views.DispatchOrdersView.as_view(), name="dispatch"),
    path("orders/<int:pk>/dispatch/", views.DispatchOrdersView.as_view(), name="dispatch_order"),
    path("shipments/", views.ShipmentQueueView.as_view(), name="shipments"),
    path("shipments/deliver/", views.DeliverShipmentsView.as_view(), name="deliver"),
    path("shipments/fail/", views.FailDeliveriesView.as_view(), name="fail"),
    path("shipments/lose/", views.LoseShipmentsView.as_view(), name="lose"),
    path("shipments/<int:pk>/", views.ShipmentView.as_view(), name="shipment"),
]
