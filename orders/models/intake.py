"""The customer's own document behind an order, as it came."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models

from core.ledger import append_only
from core.models import Company, CompanyQuerySet
from orders.models.customers import Customer


class CustomerPO(models.Model):
    """A purchase order as the customer sent it: kept whole, never changed.

    The sales order points to it (PRODUCT.md A1, A11).
    """

    class Channel(models.TextChoices):
        KEYED = "KEYED", "Keyed"
        FILE = "FILE", "File"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    source = models.CharField(max_length=200, blank=True)
    content = models.JSONField()
    content_digest = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name = "customer PO"
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    def __str__(self) -> str:
        return self.number
