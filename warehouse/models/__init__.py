"""What the warehouse keeps: waves, pick tasks, parcels and what is in them, counts, put-backs, and receipts."""

from warehouse.models.floor import (
    COUNT_GRAPH,
    PARCEL_GRAPH,
    PUT_BACK_GRAPH,
    TASK_GRAPH,
    WAVE_GRAPH,
    Count,
    Parcel,
    ParcelContent,
    PickTask,
    PutBack,
    Wave,
)
from warehouse.models.receipts import Receipt, ReceiptLine

__all__ = [
    "COUNT_GRAPH",
    "PARCEL_GRAPH",
    "PUT_BACK_GRAPH",
    "TASK_GRAPH",
    "WAVE_GRAPH",
    "Count",
    "Parcel",
    "ParcelContent",
    "PickTask",
    "PutBack",
    "Receipt",
    "ReceiptLine",
    "Wave",
]
