"""Lots: units of a product that were made together, and last as long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.ledger import append_only
from core.models import Company, CompanyQuerySet
from inventory.models.catalogue import Product


@pghistory.track()
class Lot(models.Model):
    """Units of a product under one code, good until the end of `expires_on`; a serial number is a lot of one unit.

    Since `blocked_at` nobody is promised or sent to any of it: it has expired, or somebody holds it for its quality.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lots")
    code = models.CharField(max_length=40)
    expires_on = models.DateField("good until", null=True, blank=True)
    blocked_at = models.DateTimeField(null=True, editable=False)
    is_held = models.BooleanField(default=False, db_default=False, editable=False)
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["product", "expires_on", "code"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "product", "code"], name="lot_code_once_per_product"),
            models.CheckConstraint(condition=~Q(code=""), name="lot_has_a_code"),
            models.CheckConstraint(
                condition=Q(is_held=False) | Q(blocked_at__isnull=False), name="lot_held_is_blocked"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["expires_on"],
                condition=Q(blocked_at__isnull=True, expires_on__isnull=False),
                name="lot_good_by_last_day",
            ),
            models.Index(fields=["company", "code"], name="lot_by_code"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def lasts_until(self) -> date:
        """The last day on which it is good; the end of time where it keeps."""
        return self.expires_on or date.max


class LotChange(models.Model):
    """What somebody did to a lot by hand, and why: its last day was corrected, or it was held and given free again."""

    class Kind(models.TextChoices):
        DATED = "DATED", "Last day corrected"
        HELD = "HELD", "Blocked"
        LIFTED = "LIFTED", "Unblocked"

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    from_day = models.DateField(null=True)
    to_day = models.DateField(null=True)
    reason = models.CharField(max_length=200)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(reason=""), name="lotchange_has_a_reason")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reason}"
