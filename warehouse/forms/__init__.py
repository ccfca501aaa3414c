"""What people in the warehouse key."""

from warehouse.forms.floor import ArrivedForm, CountForm, PackForm, ReceiveForm, SendForm, ShortForm, TransferForm
from warehouse.forms.inspecting import ClearForm, InspectForm

__all__ = [
    "ArrivedForm",
    "ClearForm",
    "CountForm",
    "InspectForm",
    "PackForm",
    "ReceiveForm",
    "SendForm",
    "ShortForm",
    "TransferForm",
]
