"""What people type into orders' pages."""

from orders.forms.customers import CreditTermsForm, CustomerAddressForm, CustomerForm, CustomerPartForm
from orders.forms.entry import CELLS, MAX_ROWS, OrderEntryForm, typed_of
from orders.forms.prices import PriceForm, PriceListForm
from orders.forms.reservations import ChangeReservationForm, FreeReservationForm, ReservationForm
from orders.forms.taxes import TaxRateForm

__all__ = [
    "CELLS",
    "MAX_ROWS",
    "ChangeReservationForm",
    "CreditTermsForm",
    "CustomerAddressForm",
    "CustomerForm",
    "CustomerPartForm",
    "FreeReservationForm",
    "OrderEntryForm",
    "PriceForm",
    "PriceListForm",
    "ReservationForm",
    "TaxRateForm",
    "typed_of",
]
