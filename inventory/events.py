"""Facts that inventory tells the apps above it, inside the transaction that made them."""

from dataclasses import dataclass
from datetime import datetime

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class DemandsAllocated:
    """Demands got stock after they were placed: they waited as backorders until now."""

    demand_ids: tuple[int, ...]
    at: datetime


demands_allocated = Signal()
