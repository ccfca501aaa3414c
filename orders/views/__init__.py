"""Orders' pages: the queue, an order, keying one, importing a file of them, and the customers."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.generic import View

from core.pages import VerbRequiredMixin
from orders.views.entry import CreateOrderView, FindCustomersView, FindProductsView, PreviewOrderView
from orders.views.order import OrderDetailView
from orders.views.queue import AllocateOrdersView, ConfirmOrdersView, OrderQueueView

__all__ = [
    "AllocateOrdersView",
    "ConfirmOrdersView",
    "CreateOrderView",
    "FindCustomersView",
    "FindProductsView",
    "OrderDetailView",
    "OrderQueueView",
    "PreviewOrderView",
]


class _Unbuilt(VerbRequiredMixin, View):
    verb = "orders.view"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        raise Http404("This page is being built.")


ImportOrdersView = _Unbuilt
CustomerQueueView = CreateCustomerView = CustomerDetailView = EditCustomerView = _Unbuilt
