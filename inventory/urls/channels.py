"""Addresses of channels, their pools, and what they publish."""

from django.urls import path

from inventory import views

app_name = "channels"
urlpatterns = [
    path("", views.ChannelQueueView.as_view(), name="channels"),
    path("new/", views.CreateChannelView.as_view(), name="create_channel"),
    path("<int:channel_pk>/", views.PoolQueueView.as_view(), name="channel"),
    path("<int:channel_pk>/edit/", views.EditChannelView.as_view(), name="edit_channel"),
    path("<int:channel_pk>/publish/", views.PublishView.as_view(), name="publish"),
    path("<int:channel_pk>/pools/new/", views.CreatePoolView.as_view(), name="create_pool"),
    path("<int:channel_pk>/pools/<int:pk>/", views.EditPoolView.as_view(), name="edit_pool"),
    path("<int:channel_pk>/pools/<int:pk>/remove/", views.RemovePoolView.as_view(), name="remove_pool"),
]
