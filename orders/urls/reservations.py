"""Addresses of reservations."""

from django.urls import path

from orders import views

app_name = "reservations"
urlpatterns = [
    path("", views.ReservationQueueView.as_view(), name="queue"),
    path("new/", views.CreateReservationView.as_view(), name="create"),
    path("free/", views.FreeReservationsView.as_view(), name="free"),
    path("<int:pk>/", views.ReservationView.as_view(), name="reservation"),
    path("<int:pk>/change/", views.ChangeReservationView.as_view(), name="change"),
]
