"""Orders' pages: the queue, an order, keying one, importing a file of them, and the customers."""

from orders.views.customers import (
    CreateAddressView,
    CreateCustomerView,
    CustomerDetailView,
    CustomerQueueView,
    EditAddressView,
    EditCustomerView,
)
from orders.views.entry import CreateOrderView, FindCustomersView, FindProductsView, PreviewOrderView
from orders.views.intake import ImportOrdersView
from orders.views.order import OrderDetailView
from orders.views.queue import AllocateOrdersView, ConfirmOrdersView, OrderQueueView

__all__ = [
    "AllocateOrdersView",
    "ConfirmOrdersView",
    "CreateAddressView",
    "CreateCustomerView",
    "CreateOrderView",
    "CustomerDetailView",
    "CustomerQueueView",
    "EditAddressView",
    "EditCustomerView",
    "FindCustomersView",
    "FindProductsView",
    "ImportOrdersView",
    "OrderDetailView",
    "OrderQueueView",
    "PreviewOrderView",
]
