"""What is shipped instead of what was ordered: a part of a line that stands in for another part of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.locking import LockingQuerySet
from orders.models.sales import LinePart


class Substitution(models.Model):
    """That a `part` of a line is shipped instead of units of another part, at the line's price.

    The other part was cancelled by as many units as this one ordered; the line was not, for the customer gets goods for
    it. `answered_by` says who at the customer's took it, and on what day, where they were asked.
    """

    part = models.OneToOneField(LinePart, on_delete=models.PROTECT, related_name="substitution")
    instead_of = models.ForeignKey(LinePart, on_delete=models.PROTECT, related_name="substitutions")
    answered_by = models.CharField(max_length=120, blank=True)
    answered_on = models.DateField(null=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField()

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(part=F("instead_of")), name="substitution_of_another_part"),
            models.CheckConstraint(
                condition=Q(answered_by="", answered_on__isnull=True)
                | (~Q(answered_by="") & Q(answered_on__isnull=False)),
                name="substitution_answered_by_somebody_on_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part_id} instead of {self.instead_of_id}"
