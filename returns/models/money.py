"""How returns were settled, and by which credit notes and refunds."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from billing.models import Invoice, Payment
from core.ledger import append_only
from orders.models import SalesOrder
from returns.models.columns import by
from returns.models.documents import ReturnOrder


class ReturnSettlement(models.Model):
    """How a return was settled: credited by invoice line, refunded as well, by goods again, or by nothing."""

    class Kind(models.TextChoices):
        CREDIT = "CREDIT", "Credit note"
        REFUND = "REFUND", "Credit note and refund"
        EXCHANGE = "EXCHANGE", "Send it again"
        NONE = "NONE", "Nothing"

    return_order = models.OneToOneField(ReturnOrder, on_delete=models.PROTECT, related_name="settlement")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    with_freight = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    exchange = models.OneToOneField(SalesOrder, on_delete=models.PROTECT, null=True, related_name="+")
    settled_by = by()
    at = models.DateTimeField()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(kind="EXCHANGE", exchange__isnull=False) | (~Q(kind="EXCHANGE") & Q(exchange__isnull=True)),
                name="returnsettlement_exchange_has_its_order",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.return_order_id}"


class ReturnCredit(models.Model):
    """A credit note that settled a return, and the refund of what the customer had paid of it."""

    settlement = models.ForeignKey(ReturnSettlement, on_delete=models.PROTECT, related_name="credits")
    credit_note = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="+")
    refund = models.OneToOneField(Payment, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    def __str__(self) -> str:
        return f"credit {self.credit_note_id} for {self.settlement_id}"
