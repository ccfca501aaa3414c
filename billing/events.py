"""Facts that billing tells the apps above it, inside the transaction that made them."""

from dataclasses import dataclass
from datetime import datetime

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class InvoicesPosted:
    """Invoices were posted; they get their numbers in the same transaction, after every receiver."""

    invoice_ids: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class CreditNotesPosted:
    """Credit notes were posted; they get their numbers in the same transaction, after every receiver."""

    invoice_ids: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentsRecorded:
    """Money came in from customers, or went back to them."""

    payment_ids: tuple[int, ...]
    at: datetime


invoices_posted = Signal()
credit_notes_posted = Signal()
payments_recorded = Signal()
