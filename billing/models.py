"""What billing keeps: invoices that never change, payments, and which payment settled which invoice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.ledger import append_only, no_truncate
from core.models import Company, CompanyQuerySet, NumberSeries
from core.numbering import document_number
from orders.models import Customer, SalesOrder, SalesOrderLine


def amount_field(**options: object) -> models.DecimalField:
    """Return a column for an amount in document currency, rounded at the currency's exponent."""
    return models.DecimalField(max_digits=18, decimal_places=4, **options)  # type: ignore[arg-type]


def changed(*columns: str) -> pgtrigger.Q:
    """Return the trigger condition that one of the columns differs after the update."""
    return reduce(or_, (pgtrigger.Q(**{f"old__{name}__df": pgtrigger.F(f"new__{name}")}) for name in columns))


POSTED_COLUMNS = (
    "company series number customer order currency issued_on due_on net tax gross snapshot digest previous_hash hash"
    " posted_by posted_at recorded_at"
).split()


class Invoice(models.Model):
    """A posted invoice: numbered without gaps, hashed onto its predecessor, never changed (PRODUCT.md rules 15, 17).

    `snapshot` is all that the paper says; `settled` is what payments have covered and the only column that moves after
    posting. Number and hash are empty only inside the posting transaction.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    series = models.ForeignKey(NumberSeries, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=30, null=True)  # noqa: DJ001 - none until the last statement of the posting
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    issued_on = models.DateField()
    due_on = models.DateField()
    net = amount_field()
    tax = amount_field()
    gross = amount_field()
    settled = amount_field(default=0)
    snapshot = models.JSONField()
    digest = models.CharField(max_length=64)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    posted_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(
                name="posted_is_posted",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__number__isnull=False) & changed(*POSTED_COLUMNS),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            no_truncate(),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "number"], name="invoice_number_once_per_company"),
            models.CheckConstraint(condition=Q(gross=F("net") + F("tax")), name="invoice_gross_is_net_plus_tax"),
            models.CheckConstraint(
                condition=Q(settled__gte=0, settled__lte=F("gross")), name="invoice_settled_within_gross"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["company", "due_on", "id"], condition=Q(settled__lt=F("gross")), name="invoice_unpaid_by_due"
            )
        ]

    def __str__(self) -> str:
        return self.number or f"unnumbered {self.pk}"


class InvoiceLine(models.Model):
    """What an invoice bills of one order line."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(SalesOrderLine, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    price = models.DecimalField(max_digits=18, decimal_places=6)
    discount_percent = models.DecimalField(max_digits=7, decimal_places=4)
    tax_category = models.CharField(max_length=2)
    tax_rate = models.DecimalField(max_digits=7, decimal_places=4)
    net = amount_field()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoiceline_position_once_per_invoice"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="invoiceline_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}/{self.position}"


class InvoiceDocument(models.Model):
    """The PDF of an invoice: rendered once from its snapshot by a job, re-served byte for byte."""

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="document")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    rendered_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    def __str__(self) -> str:
        return f"document of {self.invoice_id}"


class Payment(models.Model):
    """Money that came in from a customer. `settled` is how much of it invoices have taken up."""

    class Method(models.TextChoices):
        BANK = "BANK", "Bank transfer"
        CARD = "CARD", "Card"
        CASH = "CASH", "Cash"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount = amount_field()
    settled = amount_field(default=0)
    method = models.CharField(max_length=10, choices=Method.choices, default=Method.BANK)
    reference = models.CharField(max_length=80, blank=True)
    received_on = models.DateField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(
                name="received_is_received",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["settled"]),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            no_truncate(),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(
                condition=Q(settled__gte=0, settled__lte=F("amount")), name="payment_settled_within_amount"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The printed number."""
        return document_number("PAY", self.pk)


class Settlement(models.Model):
    """How much of one payment one invoice took up."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="settlements")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="settlements")
    amount = amount_field()
    at = models.DateTimeField()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_amount_positive")
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.invoice_id}"
