"""Addresses of dashboards."""

from django.urls import path

from dashboards import views

app_name = "dashboards"
urlpatterns = [
    path("", views.BoardView.as_view(), name="board"),
]
