"""Who buys: customers and their addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import pghistory
import pgtrigger
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Now

from core.locking import LockingQuerySet
from core.models import Company, CompanyQuerySet, User, validate_language
from core.text import sort_key
from inventory.models import Channel, Product
from orders.models.pricing import PriceList


class InvoiceOn(models.TextChoices):
    """What lets an order be invoiced."""

    DISPATCH = "DISPATCH", "For what has left the house"
    CONFIRM = "CONFIRM", "In full once the order is confirmed"


class ShipPolicy(models.TextChoices):
    """How much of an order has to have stock before any of it goes to the warehouse (PRODUCT.md E5)."""

    PARTIAL = "PARTIAL", "In parts, as stock comes"
    LINE = "LINE", "Whole lines only"
    ORDER = "ORDER", "The whole order at once"


class Substitutes(models.TextChoices):
    """Whether a customer takes one product for another (PRODUCT.md D8)."""

    NEVER = "NEVER", "Never"
    ASK = "ASK", "After they were asked"
    GROUP = "GROUP", "Equals unasked, others after they were asked"


# However a customer comes in (a form, the admin, a load of a thousand), its credit account comes with it.
_OPEN_CREDIT_ACCOUNT = pgtrigger.Trigger(
    name="open_credit_account",
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    func="""
        INSERT INTO orders_creditaccount (customer_id, company_id, currency, is_prepay, balance)
        SELECT NEW.id, NEW.company_id, pl.currency, FALSE, 0 FROM orders_pricelist pl WHERE pl.id = NEW.price_list_id;
        RETURN NULL;
    """,
)


@pghistory.track(exclude=["sort_key"])
class Customer(models.Model):
    """A business that orders, with the terms that an order takes over when it is confirmed."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    sort_key = models.CharField(max_length=120, editable=False)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    vat_number = models.CharField("VAT number", max_length=30, blank=True)
    price_list = models.ForeignKey(PriceList, on_delete=models.PROTECT, related_name="+")
    terms_days = models.PositiveSmallIntegerField("days to pay", default=30)
    tax_exemption = models.CharField("tax exemption certificate", max_length=60, blank=True)
    exempt_until = models.DateField("exempt until", null=True, blank=True)
    invoice_on = models.CharField("is invoiced", max_length=8, choices=InvoiceOn.choices, default=InvoiceOn.DISPATCH)
    ship_policy = models.CharField("is shipped", max_length=7, choices=ShipPolicy.choices, default=ShipPolicy.PARTIAL)
    ship_minimum = models.PositiveSmallIntegerField(
        "percent of the units at least", default=0, validators=[MaxValueValidator(100)]
    )
    good_for_days = models.PositiveSmallIntegerField("days for which goods must be good", default=0)
    substitutes = models.CharField(
        "takes substitutes", max_length=5, choices=Substitutes.choices, default=Substitutes.ASK
    )
    # Where their orders are sold unless one says otherwise
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    joins_invoices = models.BooleanField("several orders may go on one invoice", default=False)
    language = models.CharField(max_length=10, default="en", validators=[validate_language])
    is_active = models.BooleanField("may order", default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["sort_key"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [_OPEN_CREDIT_ACCOUNT]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "number"],
                name="customer_number_once_per_company",
                violation_error_message="Another customer has this number.",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "sort_key", "id"], name="customer_by_name")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the sort key beside the name."""
        self.sort_key = sort_key(self.name)
        super().save(*args, **kwargs)


@pghistory.track()
class CustomerAddress(models.Model):
    """An address of a customer; orders and documents keep a snapshot, so editing one changes no paper."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="addresses")
    name = models.CharField(max_length=120)
    street = models.CharField(max_length=160)
    city = models.CharField(max_length=80)
    postcode = models.CharField(max_length=16, blank=True)
    country = models.CharField(max_length=2)
    is_bill_to = models.BooleanField("bills go here", default=False)
    is_ship_to = models.BooleanField("goods go here unless said otherwise", default=False)

    objects = LockingQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "customer addresses"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["customer"], condition=models.Q(is_bill_to=True), name="customeraddress_one_bill_to"
            ),
            models.UniqueConstraint(
                fields=["customer"], condition=models.Q(is_ship_to=True), name="customeraddress_one_default_ship_to"
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.name, self.street, self.postcode, self.city, self.country]))

    def snapshot(self) -> dict[str, str]:
        """Return the address as documents keep it."""
        return {
            "name": self.name,
            "street": self.street,
            "city": self.city,
            "postcode": self.postcode,
            "country": self.country,
        }


class CustomerPartQuerySet(LockingQuerySet):
    """Customers' own numbers, which have their company from their customer."""

    def for_user(self, user: User) -> Self:
        """Return those of the customers of the user's companies."""
        return self.filter(customer__company_id__in=user.company_ids)


@pghistory.track()
class CustomerPart(models.Model):
    """A customer's own number of a product, as it stands on their purchase orders.

    `key` is the number as it is compared: without case and blanks around it.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="parts")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    number = models.CharField("their number", max_length=60)
    key = models.CharField(max_length=60, editable=False)

    objects = CustomerPartQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["key"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["customer", "key"],
                name="customerpart_number_once_per_customer",
                violation_error_message="The customer calls another product so already.",
            )
        ]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the key beside the number."""
        self.key = self.key_of(self.number)
        super().save(*args, **kwargs)

    @staticmethod
    def key_of(number: str) -> str:
        """Return a number as it is compared."""
        return number.strip().upper()
