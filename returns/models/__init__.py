"""What returns keeps: return orders over shipment lines, and every fact of what happened to their units and money."""

from returns.models.dock import (
    Grade,
    QuarantineExit,
    ReturnDisposition,
    ReturnInspection,
    ReturnReceipt,
    ReturnReceiptLine,
)
from returns.models.documents import ReturnLine, ReturnOrder
from returns.models.money import ReturnCredit, ReturnSettlement

__all__ = [
    "Grade",
    "QuarantineExit",
    "ReturnCredit",
    "ReturnDisposition",
    "ReturnInspection",
    "ReturnLine",
    "ReturnOrder",
    "ReturnReceipt",
    "ReturnReceiptLine",
    "ReturnSettlement",
]
