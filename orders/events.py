"""Facts that orders tells the apps above it, inside the transaction that made them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class OrdersConfirmed:
    """Orders were confirmed: numbered, frozen, their demand placed."""

    order_ids: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class PartCut:
    """Units of one part that its warehouses give up: of those planned to be picked, and of those picked or packed."""

    part_id: int
    order_id: int
    planned: Decimal
    picked: Decimal


@dataclass(frozen=True, slots=True)
class PartsCut:
    """Parts of locked orders lose units. Sent before a demand is locked, so that a receiver can lock what it planned.

    A receiver returns what it gave up (`orders.services.GivenUp`); the units of all receivers must be those asked for.
    """

    cuts: tuple[PartCut, ...]
    at: datetime


orders_confirmed = Signal()
parts_cut = Signal()
