"""Orders' pages: the queue, an order, keying one, the customers, and the prices."""

from orders.views.backorders import AllocateFreeView, AllocateLinesView, BackorderQueueView, MoveStockView
from orders.views.breaking_up import BreakUpKitView
from orders.views.bringing import BringTogetherView
from orders.views.cancelling import CancelOrderView, PreviewCancelView
from orders.views.customers import (
    CreateAddressView,
    CreateCustomerView,
    CreditTermsView,
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
from orders.views.holding import HoldOrdersView, HoldOrderView, LiftHoldsView, LiftHoldView, PreviewHoldView
from orders.views.order import CustomerPOView, OrderDetailView
from orders.views.parts import CreatePartView, CustomerPartQueueView, DropPartView, EditPartView
from orders.views.peeking import PeekView
from orders.views.prices import (
    CreatePriceListView,
    CreatePriceView,
    DropPriceView,
    EditPriceListView,
    EditPriceView,
    PriceListQueueView,
    PriceQueueView,
)
from orders.views.queue import AllocateOrdersView, AssignOrdersView, ConfirmOrdersView, OrderQueueView
from orders.views.reallocating import ReallocateView
from orders.views.reservations import (
    ChangeReservationView,
    CreateReservationView,
    FreeReservationsView,
    ReservationQueueView,
    ReservationView,
)
from orders.views.runs import AllocationRunsView, GoOnWithRunView, StopRunView
from orders.views.substituting import SubstituteView
from orders.views.taxes import CreateTaxRateView, DropTaxRateView, EditTaxRateView, TaxRateQueueView

__all__ = [
    "AllocateFreeView",
    "AllocateLinesView",
    "AllocateOrdersView",
    "AllocationRunsView",
    "AssignOrdersView",
    "BackorderQueueView",
    "BreakUpKitView",
    "BringTogetherView",
    "CancelOrderView",
    "ChangeReservationView",
    "ConfirmOrdersView",
    "CreateAddressView",
    "CreateCustomerView",
    "CreateOrderView",
    "CreatePartView",
    "CreatePriceListView",
    "CreatePriceView",
    "CreateReservationView",
    "CreateTaxRateView",
    "CreditTermsView",
    "CustomerDetailView",
    "CustomerPOView",
    "CustomerPartQueueView",
    "CustomerQueueView",
    "DiscardDraftsView",
    "DiscardSheetView",
    "DropPartView",
    "DropPriceView",
    "DropTaxRateView",
    "EditAddressView",
    "EditCustomerView",
    "EditOrderView",
    "EditPartView",
    "EditPriceListView",
    "EditPriceView",
    "EditTaxRateView",
    "FindCustomersView",
    "FindProductsView",
    "FreeReservationsView",
    "GoOnWithRunView",
    "HoldOrderView",
    "HoldOrdersView",
    "KeepSheetView",
    "LiftHoldView",
    "LiftHoldsView",
    "MoveStockView",
    "OrderDetailView",
    "OrderQueueView",
    "PeekView",
    "PreviewCancelView",
    "PreviewHoldView",
    "PreviewOrderView",
    "PriceListQueueView",
    "PriceQueueView",
    "ReallocateView",
    "ReservationQueueView",
    "ReservationView",
    "StopRunView",
    "SubstituteView",
    "TaxRateQueueView",
]
