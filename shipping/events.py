"""Facts that shipping tells the apps above it, inside the transaction that made them."""

from dataclasses import dataclass
from datetime import datetime

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class ShipmentsDispatched:
    """Goods have left the house."""

    shipment_ids: tuple[int, ...]
    order_ids: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ShipmentsDelivered:
    """Goods have arrived."""

    shipment_ids: tuple[int, ...]
    order_ids: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ShipmentsLost:
    """The carrier does not find goods any more."""

    shipment_ids: tuple[int, ...]
    order_ids: tuple[int, ...]
    actor_id: int
    at: datetime


shipments_dispatched = Signal()
shipments_delivered = Signal()
shipments_lost = Signal()
