"""Addresses of inventory."""

from django.urls import path

from inventory import views

app_name = "inventory"
urlpatterns = [
    path("", views.ProductQueueView.as_view(), name="products"),
    path("new/", views.CreateProductView.as_view(), name="create_product"),
    path("close/", views.CloseProductsView.as_view(), name="close_products"),
    path("open/", views.OpenProductsView.as_view(), name="open_products"),
    path("lots/<int:pk>/", views.LotView.as_view(), name="lot"),
    path("<int:pk>/", views.ProductDetailView.as_view(), name="product"),
    path("<int:pk>/edit/", views.EditProductView.as_view(), name="edit_product"),
    path("<int:pk>/kit/", views.EditKitView.as_view(), name="edit_kit"),
    path("<int:product_pk>/substitutes/new/", views.CreateSubstituteView.as_view(), name="create_substitute"),
    path("<int:product_pk>/substitutes/<int:pk>/drop/", views.DropSubstituteView.as_view(), name="drop_substitute"),
    path("<int:pk>/close/", views.CloseProductsView.as_view(), name="close_product"),
    path("<int:pk>/open/", views.OpenProductsView.as_view(), name="open_product"),
]
