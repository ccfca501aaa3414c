"""What stops an order on its way: holds, of a kind that says who may lift them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import Company, CompanyQuerySet
from orders.models.sales import SalesOrder, SalesOrderLine


class Hold(models.Model):
    """That an order, or one line of it, is not released and does not leave until somebody lifts this.

    A pick that was released goes on. Without `keep_reservation` the stock that nobody picked is free for others, and
    the order waits for it again once the hold is lifted. On the morning of `expires_on` it lifts itself. Rows are
    written under the lock of their order, and stay.
    """

    class Kind(models.TextChoices):
        CUSTOMER = "CUSTOMER", "Customer asked"
        ADDRESS = "ADDRESS", "Address in question"
        PRICE = "PRICE", "Price in question"
        CREDIT = "CREDIT", "Credit"
        QUALITY = "QUALITY", "Quality of the goods"
        OTHER = "OTHER", "Other"

    # Who may lift a hold of a kind; whoever may place holds lifts the others
    LIFTED_BY: ClassVar[Mapping[str, str]] = {
        Kind.CREDIT: "orders.lift_credit_hold",
        Kind.QUALITY: "orders.lift_quality_hold",
    }

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="holds", db_index=False)
    line = models.ForeignKey(
        SalesOrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reason = models.CharField(max_length=200, blank=True)
    keep_reservation = models.BooleanField()
    expires_on = models.DateField(null=True)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    placed_at = models.DateTimeField()
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    released_at = models.DateTimeField(null=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["order", "kind"],
                condition=Q(released_at__isnull=True, line__isnull=True),
                name="hold_one_open_per_order_and_kind",
            ),
            models.UniqueConstraint(
                fields=["line", "kind"],
                condition=Q(released_at__isnull=True, line__isnull=False),
                name="hold_one_open_per_line_and_kind",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=False) | Q(released_by__isnull=True), name="hold_released_by_and_at"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["order"], condition=Q(released_at__isnull=True), name="hold_open_by_order"),
            models.Index(fields=["order", "id"], name="hold_by_order"),
            models.Index(
                fields=["expires_on"],
                condition=Q(released_at__isnull=True, expires_on__isnull=False),
                name="hold_open_by_expiry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} hold of {self.order_id}"

    @property
    def lifted_by(self) -> str:
        """The verb of those who may lift it."""
        return self.LIFTED_BY.get(self.kind, "orders.hold")
