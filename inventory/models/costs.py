"""Costs that come late: freight, duty and bills that name what goods really cost (PRODUCT.md rule 14)."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.ledger import append_only
from core.models import Company, CompanyQuerySet
from inventory.models.stock import StockLevel, quantity_field
from inventory.models.supply import SupplierOrder


def value_field() -> models.DecimalField:
    """Return a column for an amount in company currency."""
    return models.DecimalField(max_digits=20, decimal_places=4)


class LateCost(models.Model):
    """An amount that what a supplier order brought costs besides, on the day on which it is posted; append-only."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(SupplierOrder, on_delete=models.PROTECT, related_name="late_costs")
    amount = value_field()
    reference = models.CharField(max_length=60)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="latecost_amount_positive")
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.reference}"


class LateCostShare(models.Model):
    """What of a late cost is one product's: `to_stock` for the units that are still there, `to_issued` for the others.

    `received` units of it had come on the order, and `remaining` of the level's may be of these.
    """

    cost = models.ForeignKey(LateCost, on_delete=models.PROTECT, related_name="shares")
    level = models.ForeignKey(StockLevel, on_delete=models.PROTECT, related_name="+")
    received = quantity_field()
    remaining = quantity_field()
    to_stock = value_field()
    to_issued = value_field()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["cost", "level"], name="latecostshare_once_per_cost_and_level"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("received"), to_stock__gte=0, to_issued__gte=0),
                name="latecostshare_splits_what_was_received",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.to_stock} to stock, {self.to_issued} to what was issued"
