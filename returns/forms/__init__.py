"""What is keyed about returns: how many units come, which grade they have, where they go, and why."""

from returns.forms.arriving import ArrivalForm, BlindArrivalForm, RequestForm
from returns.forms.closing import ReasonForm, SettlementForm
from returns.forms.examining import DecisionForm, InspectionForm, QuarantineForm

__all__ = [
    "ArrivalForm",
    "BlindArrivalForm",
    "DecisionForm",
    "InspectionForm",
    "QuarantineForm",
    "ReasonForm",
    "RequestForm",
    "SettlementForm",
]
