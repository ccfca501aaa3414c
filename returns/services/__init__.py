"""Every write of returns: asking, receiving, inspecting, deciding and settling what comes back."""

from returns.services.examining import PRESET, Decided, Graded, decide_return, inspect_return
from returns.services.losing import open_lost_returns
from returns.services.quarantine import Cleared, clear_quarantine
from returns.services.receiving import Arrival, WrongItem, receive_blind, receive_return
from returns.services.requesting import (
    MoreThanShipped,
    ReturnDraft,
    ReturnInvalid,
    authorize_returns,
    cancel_returns,
    create_returns,
    expire_returns,
    reject_returns,
)
from returns.services.settling import (
    MadeGood,
    NotInvoiced,
    PreviewNote,
    preview_settlement,
    settle_return,
    settlement_notes,
)

__all__ = [
    "PRESET",
    "Arrival",
    "Cleared",
    "Decided",
    "Graded",
    "MadeGood",
    "MoreThanShipped",
    "NotInvoiced",
    "PreviewNote",
    "ReturnDraft",
    "ReturnInvalid",
    "WrongItem",
    "authorize_returns",
    "cancel_returns",
    "clear_quarantine",
    "create_returns",
    "decide_return",
    "expire_returns",
    "inspect_return",
    "open_lost_returns",
    "preview_settlement",
    "receive_blind",
    "receive_return",
    "reject_returns",
    "settle_return",
    "settlement_notes",
]
