"""Orders' pages: the queue, an order, keying one, importing a file of them, and the customers."""

from orders.views.customers import (
    CreateAddressView,
    CreateCustomerView,
    CustomerDetailView,
    CustomerQueueView,
    EditAddressView,
    EditCustomerView,
)
from orders.views.entry import (
    CreateOrderView,
    DiscardDraftsView,
    DiscardSheetView,
    EditOrderView,
    FindCustomersView,
    FindProductsView,
    KeepSheetView,
    PreviewOrderView,
)
from orders.views.intake import ImportOrdersView
from orders.views.order import CustomerPOView, OrderDetailView
from orders.views.queue import AllocateOrdersView, ConfirmOrdersView, OrderQueueView

__all__ = [
    "AllocateOrdersView",
    "ConfirmOrdersView",
    "CreateAddressView",
    "CreateCustomerView",
    "CreateOrderView",
    "CustomerDetailView",
    "CustomerPOView",
    "CustomerQueueView",
    "DiscardDraftsView",
    "DiscardSheetView",
    "EditAddressView",
    "EditCustomerView",
    "EditOrderView",
    "FindCustomersView",
    "FindProductsView",
    "ImportOrdersView",
    "KeepSheetView",
    "OrderDetailView",
    "OrderQueueView",
    "PreviewOrderView",
]
