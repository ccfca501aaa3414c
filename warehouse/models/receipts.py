"""What suppliers brought, as it was checked in."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ledger import append_only
from core.models import Company
from core.numbering import document_number
from inventory.models import (
    Bin,
    Lot,
    StockPosting,
    SupplierOrder,
    SupplierOrderLine,
    Warehouse,
    WarehouseQuerySet,
)


class Receipt(models.Model):
    """What a supplier brought at one time of one order, as it was checked in; with the posting where goods came."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(SupplierOrder, on_delete=models.PROTECT, related_name="+")
    delivery_note = models.CharField(max_length=60, blank=True)
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    objects = WarehouseQuerySet.as_manager()

    def __str__(self) -> str:
        return document_number("R", self.pk)


class ReceiptLine(models.Model):
    """Units of one line, of one lot, that came into one bin, and their cost; `is_last`: no more of it is expected."""

    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(SupplierOrderLine, on_delete=models.PROTECT, related_name="+")
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    value = models.DecimalField(max_digits=20, decimal_places=4)
    is_last = models.BooleanField()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, bin__isnull=False) | Q(quantity=0, bin__isnull=True, is_last=True),
                name="receiptline_lies_in_a_bin",
            )
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line_id}"
