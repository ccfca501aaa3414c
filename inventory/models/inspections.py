"""Goods that are looked at before anybody gets them: what came, and what was found of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from core.ledger import append_only
from core.models import Company
from core.numbering import document_number
from core.transitions import Graph, StatusField
from inventory.models.catalogue import Product
from inventory.models.lots import Lot
from inventory.models.places import Bin, Warehouse, WarehouseQuerySet
from inventory.models.stock import StockPosting, quantity_field
from inventory.models.supply import SupplierOrderLine

INSPECTION_GRAPH = Graph(finish=(["OPEN"], "DONE"))


class Inspection(models.Model):
    """Units that a supplier's line brought into quarantine, where nobody is promised them until somebody has looked.

    `accepted` of them have gone on a shelf, `rejected` are of no use to anybody here, and `gone` of these have left the
    house; the others lie in `bin`, worth `value`. It is done once something is found of every unit.
    """

    class Status(models.TextChoices):
        OPEN = "OPEN", "To inspect"
        DONE = "DONE", "Inspected"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    line = models.ForeignKey(SupplierOrderLine, on_delete=models.PROTECT, related_name="inspections")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="+", db_index=False)
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = quantity_field()
    accepted = quantity_field(default=0)
    rejected = quantity_field(default=0)
    gone = quantity_field(default=0)
    value = models.DecimalField(max_digits=20, decimal_places=4)
    status = StatusField(max_length=10, choices=Status.choices, default=Status.OPEN)
    arrived_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [INSPECTION_GRAPH.trigger("inspection_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(status__in=["OPEN", "DONE"]), name="inspection_status_is_known"),
            models.CheckConstraint(
                condition=Q(accepted__gte=0, rejected__gte=F("gone"), gone__gte=0, value__gte=0),
                name="inspection_counts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, accepted__lte=F("quantity") - F("rejected")),
                name="inspection_found_within_what_came",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "id"], condition=Q(status="OPEN"), name="inspection_open_by_company")
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The printed number."""
        return document_number("QC", self.pk)

    @transition(field=status, **INSPECTION_GRAPH["finish"])
    def finish(self, *, at: datetime) -> None:
        """Something was found of every unit."""
        self.done_at = at


class InspectionStep(models.Model):
    """What somebody found of units that are inspected, or did with rejected ones; those that moved, at their value."""

    class Kind(models.TextChoices):
        ACCEPTED = "ACCEPTED", "Accepted"
        REJECTED = "REJECTED", "Rejected"
        SCRAPPED = "SCRAPPED", "Written off"
        SENT_BACK = "SENT_BACK", "Back to the supplier"

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    quantity = quantity_field()
    value = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    reason = models.CharField(max_length=200, blank=True)
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, null=True, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0, value__gte=0), name="inspectionstep_is_of_units"),
            models.CheckConstraint(
                condition=Q(kind="REJECTED", posting__isnull=True) & ~Q(reason="")
                | Q(kind="ACCEPTED", posting__isnull=False, bin__isnull=False)
                | Q(kind__in=["SCRAPPED", "SENT_BACK"], posting__isnull=False),
                name="inspectionstep_moves_what_it_says",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.get_kind_display().lower()}"
