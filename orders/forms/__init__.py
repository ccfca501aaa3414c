"""What people type into orders' pages."""

from orders.forms.customers import CustomerAddressForm, CustomerForm
from orders.forms.entry import CELLS, MAX_ROWS, OrderEntryForm, typed_of

__all__ = ["CELLS", "MAX_ROWS", "CustomerAddressForm", "CustomerForm", "OrderEntryForm", "typed_of"]
