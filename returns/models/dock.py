"""What happens to returned goods, each as a fact: receipts, grades, dispositions, and the ways out of quarantine."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.ledger import append_only
from inventory.models import Bin, StockPosting
from inventory.models.stock import quantity_field
from returns.models.columns import by, value_field
from returns.models.documents import ReturnLine, ReturnOrder


class Grade(models.TextChoices):
    """What inspection found."""

    A = "A", "A: as new"
    B = "B", "B: opened or worn"
    C = "C", "C: damaged"
    X = "X", "X: unusable"


class ReturnReceipt(models.Model):
    """One arrival at the dock: what was scanned to find its return, and the posting that took the goods in."""

    return_order = models.ForeignKey(ReturnOrder, on_delete=models.PROTECT, related_name="receipts")
    scanned = models.CharField(max_length=80, blank=True)
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    received_by = by()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    def __str__(self) -> str:
        return f"receipt {self.pk} of {self.return_order_id}"


class ReturnReceiptLine(models.Model):
    """What arrived: units of a line as authorized or over, units that will not come any more, or a wrong item.

    A wrong item was never issued by us for this order: it stands here and enters no stock.
    """

    class Fact(models.TextChoices):
        AS_AUTHORIZED = "AS_AUTHORIZED", "As authorized"
        OVER = "OVER", "Over"
        SHORT = "SHORT", "Short"
        WRONG_ITEM = "WRONG_ITEM", "Wrong item"

    receipt = models.ForeignKey(ReturnReceipt, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, null=True, related_name="receipt_lines")
    fact = models.CharField(max_length=13, choices=Fact.choices)
    item = models.CharField(max_length=80, blank=True)
    quantity = quantity_field()
    value = value_field(default=0)

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(fact="WRONG_ITEM", line__isnull=True) & ~Q(item="")
                | ~Q(fact="WRONG_ITEM") & Q(line__isnull=False),
                name="returnreceiptline_of_a_line_unless_a_wrong_item",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="returnreceiptline_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.fact} {self.quantity}"


class ReturnInspection(models.Model):
    """Units of a line that inspection gave a grade, and how many of them have gone on."""

    line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, related_name="inspections")
    grade = models.CharField(max_length=1, choices=Grade.choices)
    quantity = quantity_field()
    disposed = quantity_field(default=0)
    note = models.CharField(max_length=200, blank=True)
    inspected_by = by()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(grade__in=["A", "B", "C", "X"]), name="returninspection_grade_is_known"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, disposed__gte=0, disposed__lte=F("quantity")),
                name="returninspection_disposed_within_quantity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of grade {self.grade}"


class ReturnDisposition(models.Model):
    """Where graded units went, by which posting, at which of their original cost."""

    class Kind(models.TextChoices):
        RESTOCK = "RESTOCK", "Restock"
        QUARANTINE = "QUARANTINE", "Quarantine"
        SCRAP = "SCRAP", "Scrap"
        SEND_BACK = "SEND_BACK", "Back to the customer"

    inspection = models.ForeignKey(ReturnInspection, on_delete=models.PROTECT, related_name="dispositions")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    quantity = quantity_field()
    value = value_field()
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, related_name="+", db_index=False)
    decided_by = by()
    at = models.DateTimeField()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, value__gte=0), name="returndisposition_quantity_positive"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity}"


class QuarantineExit(models.Model):
    """Units of a line that left quarantine: onto a shelf after all, or for scrap, at their original cost."""

    class Kind(models.TextChoices):
        RESTOCK = "RESTOCK", "Restock"
        SCRAP = "SCRAP", "Scrap"

    line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, related_name="exits")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    quantity = quantity_field()
    value = value_field()
    note = models.CharField(max_length=200, blank=True)
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, related_name="+", db_index=False)
    decided_by = by()
    at = models.DateTimeField()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0, value__gte=0), name="quarantineexit_quantity_positive"),
            models.CheckConstraint(condition=Q(kind__in=["RESTOCK", "SCRAP"]), name="quarantineexit_kind_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity}"
