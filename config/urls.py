"""Where every address leads: string includes only."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("core.urls")),
    path("products/", include("inventory.urls")),
    path("supply/", include("inventory.urls.supply")),
    path("sites/", include("inventory.urls.sites")),
    path("channels/", include("inventory.urls.channels")),
    path("people/", include("inventory.urls.people")),
    path("orders/", include("orders.urls")),
    path("reservations/", include("orders.urls.reservations")),
    path("invoices/", include("billing.urls")),
    path("warehouse/", include("warehouse.urls")),
    path("transfers/", include("warehouse.urls.transfers")),
    path("shipping/", include("shipping.urls")),
    path("returns/", include("returns.urls")),
    path("manager/", include("dashboards.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "core.views.bad_request"
handler403 = "core.views.permission_denied"
handler404 = "core.views.not_found"
handler500 = "core.views.server_error"
