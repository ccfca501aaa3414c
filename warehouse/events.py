"""Facts that the warehouse tells the apps above it, inside the transaction that made them."""

from dataclasses import dataclass
from datetime import datetime

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class OrdersReleased:
    """Allocated stock of orders became pick tasks of waves."""

    order_ids: tuple[int, ...]
    wave_ids: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class TasksPicked:
    """What tasks asked for lies in totes."""

    task_ids: tuple[int, ...]
    order_ids: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class TasksShorted:
    """Tasks found less than they asked for; the rest is sought by other tasks, or waits for stock."""

    task_ids: tuple[int, ...]
    new_task_ids: tuple[int, ...]
    order_ids: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ParcelsPacked:
    """Parcels were closed."""

    parcel_ids: tuple[int, ...]
    order_ids: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ParcelsUnpacked:
    """Parcels were opened again before they left."""

    parcel_ids: tuple[int, ...]
    order_ids: tuple[int, ...]
    at: datetime


orders_released = Signal()
tasks_picked = Signal()
tasks_shorted = Signal()
parcels_packed = Signal()
parcels_unpacked = Signal()
