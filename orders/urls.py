"""Addresses of orders."""

from django.urls import path

from orders import views

app_name = "orders"
urlpatterns = [
    path("", views.OrderQueueView.as_view(), name="queue"),
    path("new/", views.CreateOrderView.as_view(), name="create"),
    path("new/preview/", views.PreviewOrderView.as_view(), name="preview"),
    path("new/customers/", views.FindCustomersView.as_view(), name="find_customers"),
    path("new/products/", views.FindProductsView.as_view(), name="find_products"),
    path("new/sheet/", views.KeepSheetView.as_view(), name="keep_sheet"),
    path("new/sheet/<int:pk>/discard/", views.DiscardSheetView.as_view(), name="discard_sheet"),
    path("discard/", views.DiscardDraftsView.as_view(), name="discard"),
    path("import/", views.ImportOrdersView.as_view(), name="import"),
    path("confirm/", views.ConfirmOrdersView.as_view(), name="confirm"),
    path("allocate/", views.AllocateOrdersView.as_view(), name="allocate"),
    path("customers/", views.CustomerQueueView.as_view(), name="customers"),
    path("customers/new/", views.CreateCustomerView.as_view(), name="create_customer"),
    path("customers/<int:pk>/", views.CustomerDetailView.as_view(), name="customer"),
    path("customers/<int:pk>/edit/", views.EditCustomerView.as_view(), name="edit_customer"),
    path("customers/<int:pk>/credit/", views.CreditTermsView.as_view(), name="credit_terms"),
    path("customers/<int:customer_pk>/addresses/new/", views.CreateAddressView.as_view(), name="create_address"),
    path("customers/<int:customer_pk>/addresses/<int:pk>/", views.EditAddressView.as_view(), name="edit_address"),
    path("customers/<int:customer_pk>/parts/", views.CustomerPartQueueView.as_view(), name="parts"),
    path("customers/<int:customer_pk>/parts/new/", views.CreatePartView.as_view(), name="create_part"),
    path("customers/<int:customer_pk>/parts/<int:pk>/", views.EditPartView.as_view(), name="edit_part"),
    path("customers/<int:customer_pk>/parts/<int:pk>/delete/", views.DropPartView.as_view(), name="drop_part"),
    path("prices/", views.PriceListQueueView.as_view(), name="price_lists"),
    path("prices/new/", views.CreatePriceListView.as_view(), name="create_price_list"),
    path("prices/<int:list_pk>/", views.PriceQueueView.as_view(), name="prices"),
    path("prices/<int:list_pk>/edit/", views.EditPriceListView.as_view(), name="edit_price_list"),
    path("prices/<int:list_pk>/new/", views.CreatePriceView.as_view(), name="create_price"),
    path("prices/<int:list_pk>/<int:pk>/", views.EditPriceView.as_view(), name="edit_price"),
    path("prices/<int:list_pk>/<int:pk>/delete/", views.DropPriceView.as_view(), name="drop_price"),
    path("<int:pk>/edit/", views.EditOrderView.as_view(), name="edit"),
    path("pos/<int:pk>/", views.CustomerPOView.as_view(), name="customer_po"),
    path("holds/", views.HoldOrdersView.as_view(), name="hold_many"),
    path("holds/lift/", views.LiftHoldsView.as_view(), name="lift_holds"),
    path("holds/<int:pk>/lift/", views.LiftHoldView.as_view(), name="lift_hold"),
    path("<int:pk>/hold/", views.HoldOrderView.as_view(), name="hold"),
    path("<int:pk>/hold/preview/", views.PreviewHoldView.as_view(), name="preview_hold"),
    path("<int:pk>/cancel/", views.CancelOrderView.as_view(), name="cancel"),
    path("<int:pk>/cancel/preview/", views.PreviewCancelView.as_view(), name="preview_cancel"),
    path("<int:pk>/", views.OrderDetailView.as_view(), name="detail"),
]
