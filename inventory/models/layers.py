"""Cost layers: what goods cost that came together, of products whose cost is first in, first out."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from core.locking import LockingQuerySet
from inventory.models.costs import value_field
from inventory.models.stock import StockLevel, StockPosting, quantity_field
from inventory.models.supply import SupplierOrderLine


class CostLayer(models.Model):
    """Units that came to a level by one posting, and their cost; `remaining` of them are still there.

    Only products of FIRST_IN costing have layers, changed under their level's lock. Over a level, `remaining` comes to
    all that lies there and is not blocked in a bin of its own, and `remaining_value` to what that is worth (PRODUCT.md
    rule 12). A late cost raises `remaining_value` of what its order brought by `supply`.
    """

    level = models.ForeignKey(StockLevel, on_delete=models.PROTECT, related_name="layers", db_index=False)
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, related_name="+")
    supply = models.ForeignKey(SupplierOrderLine, on_delete=models.PROTECT, null=True, related_name="+")
    quantity = quantity_field()
    value = value_field()
    remaining = quantity_field()
    remaining_value = value_field()

    objects = LockingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("quantity"), quantity__gt=0),
                name="costlayer_remaining_within_quantity",
            ),
            models.CheckConstraint(
                condition=Q(remaining__gt=0, remaining_value__gte=0) | Q(remaining=0, remaining_value=0),
                name="costlayer_empty_is_worthless",
            ),
        ]
        # One that is used up leaves the index, so that a level's are found in a moment however long its past is
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["level", "id"], condition=Q(remaining__gt=0), name="costlayer_open_of_level")
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.quantity}"
