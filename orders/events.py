"""Facts that orders tells the apps above it, inside the transaction that made them."""

from dataclasses import dataclass
from datetime import datetime

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class OrdersConfirmed:
    """Orders were confirmed: numbered, frozen, their demand placed."""

    order_ids: tuple[int, ...]
    at: datetime


orders_confirmed = Signal()
