"""What people in the warehouse key."""

from warehouse.forms.floor import (
    ArrivedForm,
    CountForm,
    EmptyForm,
    PackForm,
    ReceiveForm,
    SendForm,
    ShortForm,
    TransferForm,
)
from warehouse.forms.inspecting import ClearForm, InspectForm
from warehouse.forms.lots import LotDayForm, LotReasonForm

__all__ = [
    "ArrivedForm",
    "ClearForm",
    "CountForm",
    "EmptyForm",
    "InspectForm",
    "LotDayForm",
    "LotReasonForm",
    "PackForm",
    "ReceiveForm",
    "SendForm",
    "ShortForm",
    "TransferForm",
]
