"""Addresses of dashboards."""

from django.urls import path

from dashboards import views

app_name = "dashboards"
urlpatterns = [
    path("", views.BoardView.as_view(), name="board"),
    path("targets/", views.TargetsView.as_view(), name="targets"),
    path("lines/", views.LinesView.as_view(), name="lines"),
    path("orders/", views.OrdersView.as_view(), name="orders"),
    path("occurrences/", views.OccurrencesView.as_view(), name="occurrences"),
]
