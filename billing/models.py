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
from core.locking import LockingQuerySet
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
    "company kind series number customer order corrects reason bills_again currency issued_on due_on net tax gross"
    " snapshot digest previous_hash hash posted_by posted_at recorded_at"
).split()

_INVOICE, _CREDIT_NOTE = Q(kind="INVOICE"), Q(kind="CREDIT_NOTE")


class Invoice(models.Model):
    """A posted invoice or credit note: numbered without gaps, hashed onto the one before, never changed (rules 15, 17).

    A credit note's amounts are negative, so that documents add up; its paper says them positive. `snapshot` is all that
    the paper says. Only two columns move after posting: `settled`, what payments and credit have covered (of a credit
    note, what of it was used), and `credited`, what credit notes took back. Number and hash are empty only inside the
    posting transaction. `order` is the first of `orders`, those that it bills.
    """

    class Kind(models.TextChoices):
        INVOICE = "INVOICE", "Invoice"
        CREDIT_NOTE = "CREDIT_NOTE", "Credit note"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    series = models.ForeignKey(NumberSeries, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=30, null=True)  # noqa: DJ001 - none until the last statement of the posting
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=11, choices=Kind.choices, default=Kind.INVOICE)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="credit_notes")
    reason = models.CharField(max_length=200, blank=True)
    bills_again = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    issued_on = models.DateField()
    due_on = models.DateField()
    net = amount_field()
    tax = amount_field()
    gross = amount_field()
    settled = amount_field(default=0)
    credited = amount_field(default=0)
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
                condition=(_INVOICE & Q(gross__gte=0, settled__gte=0, settled__lte=F("gross")))
                | (_CREDIT_NOTE & Q(gross__lte=0, settled__lte=0, settled__gte=F("gross"))),
                name="invoice_settled_within_gross",
            ),
            models.CheckConstraint(
                condition=Q(credited__gte=0) & (Q(credited=0) | Q(credited__lte=F("gross"))),
                name="invoice_credited_within_gross",
            ),
            models.CheckConstraint(
                condition=(_INVOICE & Q(corrects__isnull=True, bills_again=False))
                | (_CREDIT_NOTE & Q(corrects__isnull=False) & ~Q(reason="")),
                name="invoice_credit_note_corrects_one_with_a_reason",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["company", "due_on", "id"], condition=Q(settled__lt=F("gross")), name="invoice_unpaid_by_due"
            ),
            models.Index(fields=["company", "due_on", "id"], name="invoice_by_due"),
            models.Index(fields=["company", "id"], condition=_CREDIT_NOTE, name="invoice_credit_notes"),
            models.Index(
                fields=["company", "customer", "id"], condition=Q(settled__gt=F("gross")), name="invoice_unused_credit"
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"unnumbered {self.pk}"


class InvoiceOrder(models.Model):
    """What of an invoice's total is one order's; the shares add up to it (rule 6)."""

    # The constraint's index begins with it
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="orders", db_index=False)
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    gross = amount_field()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["invoice", "order"], name="invoiceorder_once_per_invoice")
        ]

    def __str__(self) -> str:
        return f"{self.order_id} on {self.invoice_id}"


class InvoiceLine(models.Model):
    """What an invoice bills of one order line, or a credit note takes back of one line of its invoice.

    Of a credit note quantity and net are negative; where it takes an amount and no quantity, it is one of that price.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="credits")
    is_amount = models.BooleanField(default=False)
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
            models.CheckConstraint(
                condition=Q(corrects__isnull=True, quantity__gt=0, is_amount=False)
                | Q(corrects__isnull=False, quantity__lt=0, net__lte=0),
                name="invoiceline_positive_unless_it_corrects",
            ),
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
    """Money that came in from a customer, or went back to them where the amount is negative.

    `settled` is how much of it invoices have taken up or went back; the rest is the customer's, to be applied. A refund
    settles a credit note, or names the payment of which it `pays_back` the rest.
    """

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
    pays_back = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="refunds", db_index=False, editable=False
    )
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
            models.CheckConstraint(condition=~Q(amount=0), name="payment_amount_not_zero"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, settled__gte=0, settled__lte=F("amount"))
                | Q(amount__lt=0, settled__lte=0, settled__gte=F("amount")),
                name="payment_settled_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(pays_back__isnull=True) | Q(amount__lt=0, settled=F("amount")),
                name="payment_back_is_a_refund_in_full",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["company", "received_on", "id"],
                condition=Q(amount__gt=0, settled__lt=F("amount")),
                name="payment_unapplied",
            ),
            models.Index(fields=["customer", "id"], name="payment_by_customer"),
            models.Index(fields=["pays_back"], condition=Q(pays_back__isnull=False), name="payment_paid_back"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The printed number."""
        return document_number("PAY", self.pk)


class Settlement(models.Model):
    """How much of one payment, or of one credit note, one invoice took up; a refund takes up a credit note.

    What was settled wrongly is undone by a row of the opposite amount that names it.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="settlements")
    credit_note = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, related_name="applied")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="settlements")
    amount = amount_field()
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    objects = LockingQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(amount=0), name="settlement_amount_not_zero"),
            models.CheckConstraint(
                condition=Q(payment__isnull=False, credit_note__isnull=True)
                | Q(payment__isnull=True, credit_note__isnull=False),
                name="settlement_by_a_payment_or_a_credit_note",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.invoice_id}"
