"""Addresses of sites: warehouses with their lanes, and calendars."""

from django.urls import path

from inventory import views

app_name = "sites"
urlpatterns = [
    path("", views.WarehouseQueueView.as_view(), name="warehouses"),
    path("<int:pk>/", views.WarehouseView.as_view(), name="warehouse"),
    path("new/", views.CreateWarehouseView.as_view(), name="create_warehouse"),
    path("bins/retire/", views.RetireBinsView.as_view(), name="retire_bins"),
    path("<int:warehouse_pk>/bins/", views.BinQueueView.as_view(), name="bins"),
    path("<int:warehouse_pk>/bins/new/", views.AddBinsView.as_view(), name="add_bins"),
    path("<int:warehouse_pk>/bins/<int:pk>/", views.EditBinView.as_view(), name="edit_bin"),
    path("<int:pk>/edit/", views.EditWarehouseView.as_view(), name="edit_warehouse"),
    path("<int:warehouse_pk>/lanes/new/", views.CreateLaneView.as_view(), name="create_lane"),
    path("<int:warehouse_pk>/lanes/<int:pk>/", views.EditLaneView.as_view(), name="edit_lane"),
    path("<int:warehouse_pk>/lanes/<int:pk>/delete/", views.DropLaneView.as_view(), name="drop_lane"),
    path("calendars/", views.CalendarQueueView.as_view(), name="calendars"),
    path("calendars/new/", views.CreateCalendarView.as_view(), name="create_calendar"),
    path("calendars/<int:pk>/", views.EditCalendarView.as_view(), name="edit_calendar"),
]
