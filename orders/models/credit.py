"""What a customer owes and has ordered: a balance where credit is limited, and an entry per change (rule 23)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, Self

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.ledger import append_only
from core.models import Company, CompanyQuerySet
from orders.models.customers import Customer

_TERMS = ["credit_limit", "is_prepay", "currency"]
_KEPT = Q(credit_limit__isnull=False) | Q(is_prepay=True)


class CreditAccountQuerySet(CompanyQuerySet):
    """Credit accounts."""

    def kept(self) -> Self:
        """Return those whose balance is kept, because there is a limit to hold it against."""
        return self.filter(_KEPT)


@pghistory.track(
    pghistory.UpdateEvent(condition=pghistory.AnyChange(*_TERMS), row=pghistory.Old),
    fields=_TERMS,
    model_name="CreditAccountHistory",
    obj_field=pghistory.ObjForeignKey(related_name="history"),
)
class CreditAccount(models.Model):
    """A customer's credit: made with the customer by the database, so that every customer has one.

    `balance` is the sum of the entries in the account's currency, kept where there is a limit or payment comes first,
    and zero elsewhere: nobody waits for an account that limits nothing.
    """

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="credit")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    credit_limit = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    is_prepay = models.BooleanField("pays before the order is confirmed", default=False)
    balance = models.DecimalField(max_digits=18, decimal_places=4, default=0)

    objects = CreditAccountQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(credit_limit__gte=0), name="creditaccount_limit_not_negative"),
            models.CheckConstraint(
                condition=Q(is_prepay=False) | Q(credit_limit__isnull=True), name="creditaccount_prepay_has_no_limit"
            ),
            models.CheckConstraint(condition=_KEPT | Q(balance=0), name="creditaccount_balance_kept_where_limited"),
        ]

    def __str__(self) -> str:
        return f"credit of {self.customer_id}"

    @property
    def ceiling(self) -> Decimal | None:
        """Up to where the balance may go by a new order; nothing where credit has no limit."""
        return Decimal(0) if self.is_prepay else self.credit_limit


class CreditEntry(models.Model):
    """One change of what a customer owes or has ordered: append-only, in the order of its id."""

    class Kind(models.TextChoices):
        CONFIRMED = "CONFIRMED", "Order confirmed"
        CANCELLED = "CANCELLED", "Order cancelled"
        INVOICED = "INVOICED", "Invoiced otherwise than ordered"
        PAID = "PAID", "Payment"
        CREDITED = "CREDITED", "Credit note"
        REFUNDED = "REFUNDED", "Refund"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="entries", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    amount = models.DecimalField(max_digits=18, decimal_places=4)
    currency = models.CharField(max_length=3)
    order = models.ForeignKey(
        "orders.SalesOrder", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    reference = models.CharField(max_length=30)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(amount=0), name="creditentry_amount_not_zero")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "id"], include=["currency", "amount"], name="creditentry_by_account")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"


class _HowManyLocked(models.Subquery):
    """How many rows a locking query locks, asked for its effect: a condition on it is met before any row is locked."""

    template = "(SELECT count(*) FROM (%(subquery)s) locked_first)"
    output_field = models.IntegerField()


class CreditedQuerySet(CompanyQuerySet):
    """Rows that have a customer."""

    def locked_after_credit(self) -> Self:
        """Lock the kept credit accounts of the rows' customers and then the rows, by one statement (ADR 0002)."""
        accounts: Any = CreditAccount.objects.kept().filter(customer__in=self.order_by().values("customer")).locked()
        locked_first = models.lookups.GreaterThanOrEqual(_HowManyLocked(accounts), 0)
        return self.filter(locked_first).locked()
