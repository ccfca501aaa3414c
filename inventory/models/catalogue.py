"""The catalogue: what can stand on an order line."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, Self

import pghistory
import pgtrigger
from django.db import models
from django.db.models.functions import Now

from core.locking import LockingQuerySet
from core.models import Company, CompanyQuerySet, User
from core.text import sort_key


@pghistory.track()
class Unit(models.Model):
    """A unit in which a product is counted, with its own step (piece = 1); quantities are whole numbers of steps."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=12)
    name = models.CharField(max_length=40)
    step = models.DecimalField(max_digits=18, decimal_places=6, default=Decimal(1))

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["code"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "code"], name="unit_code_once_per_company"),
            models.CheckConstraint(condition=models.Q(step__gt=0), name="unit_step_positive"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_counted_in(self) -> bool:
        """Whether there is a product in this unit; asks the database."""
        return Product.objects.filter(unit=self).exists()


# What lies in bins is known by lot or is not: that cannot change under it.
_TRACKING_STAYS = pgtrigger.Trigger(
    name="tracking_stays",
    level=pgtrigger.Row,
    when=pgtrigger.Before,
    operation=pgtrigger.UpdateOf("tracking", "costing"),
    condition=pgtrigger.Condition(
        "OLD.tracking IS DISTINCT FROM NEW.tracking OR OLD.costing IS DISTINCT FROM NEW.costing"
    ),
    func="""
        IF EXISTS (SELECT 1 FROM inventory_binstock s WHERE s.product_id = NEW.id) THEN
            RAISE EXCEPTION 'product % has stock, so its tracking and costing stay', NEW.id;
        END IF;
        RETURN NEW;
    """,
)


@pghistory.track(exclude=["sort_key"])
class Product(models.Model):
    """Something sold.

    Only the kind STOCK has levels; what of it is tracked has lots, or serial numbers, wherever it lies; its cost is a
    moving average in each warehouse, or that of the units that came first (rule 12). A KIT is sold as one thing and
    picked, shipped and returned as its components. Charges (freight, fees) and services are lines and nothing else
    (V2). What a supplier brings of one that `is_inspected` waits in quarantine until somebody has looked (K3). The
    one of the kind BALANCE stands on invoices brought forward; it is on no order that customers place (V3).
    """

    class Kind(models.TextChoices):
        STOCK = "STOCK", "Stock"
        KIT = "KIT", "Kit"
        CHARGE = "CHARGE", "Charge"
        SERVICE = "SERVICE", "Service"
        BALANCE = "BALANCE", "Balance brought forward"

    class Tracking(models.TextChoices):
        NONE = "NONE", "Item only"
        LOT = "LOT", "Lot"
        SERIAL = "SERIAL", "Serial number"

    class Costing(models.TextChoices):
        AVERAGE = "AVERAGE", "Moving average"
        FIRST_IN = "FIRST_IN", "First in, first out"

    # Of these something leaves the house; of all others only an invoice bills them
    GOODS: ClassVar[Sequence[str]] = ["STOCK", "KIT"]

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    sku = models.CharField("SKU", max_length=40)
    name = models.CharField(max_length=200)
    sort_key = models.CharField(max_length=200, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.STOCK)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    tracking = models.CharField(max_length=6, choices=Tracking.choices, default=Tracking.NONE)
    costing = models.CharField(max_length=8, choices=Costing.choices, default=Costing.AVERAGE)
    gtin = models.CharField("GTIN", max_length=14, blank=True)
    weight_g = models.DecimalField("weight in grams", max_digits=12, decimal_places=3, null=True, blank=True)
    is_inspected = models.BooleanField("inspect at receipt", default=False, db_default=False)
    is_active = models.BooleanField("may be ordered", default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["sku"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [_TRACKING_STAYS]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "sku"],
                name="product_sku_once_per_company",
                violation_error_message="Another product has this SKU.",
            ),
            models.UniqueConstraint(
                fields=["company", "gtin"],
                condition=~models.Q(gtin=""),
                name="product_gtin_once_per_company",
                violation_error_message="Another product has this GTIN.",
            ),
            models.UniqueConstraint(
                fields=["company"], condition=models.Q(kind="BALANCE"), name="product_one_balance_per_company"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["STOCK", "KIT", "CHARGE", "SERVICE", "BALANCE"]),
                name="product_kind_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(tracking="NONE") | models.Q(tracking__in=["LOT", "SERIAL"], kind="STOCK"),
                name="product_tracked_where_it_is_stock",
                violation_error_message="Only stock has lots and serial numbers.",
            ),
            models.CheckConstraint(
                condition=models.Q(costing__in=["AVERAGE", "FIRST_IN"]), name="product_costing_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(weight_g__isnull=True) | models.Q(weight_g__gte=0),
                name="product_weight_not_negative",
                violation_error_message="A weight is zero or more.",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "sort_key", "id"], name="product_by_name")
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the sort key beside the name."""
        self.sort_key = sort_key(self.name)
        super().save(*args, **kwargs)


@pghistory.track()
class KitComponent(models.Model):
    """Of what a kit consists now: so many units of a product in each; an order keeps what it was when confirmed."""

    kit = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="components")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    quantity = models.DecimalField("units in a kit", max_digits=18, decimal_places=6)

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["kit", "position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["kit", "product"], name="kitcomponent_product_once_per_kit"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="kitcomponent_quantity_positive"),
            models.CheckConstraint(
                condition=~models.Q(kit=models.F("product")), name="kitcomponent_kit_is_not_in_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product_id} in {self.kit_id}"


class SubstituteQuerySet(LockingQuerySet):
    """Stand-ins, which have their company from the product."""

    def for_user(self, user: User) -> Self:
        """Return those of products of the user's companies."""
        return self.filter(product__company__in=user.company_ids)


@pghistory.track()
class Substitute(models.Model):
    """That one product can stand in for another, the lowest rank first, and why, for some time or for good.

    Equals are as good for everybody, and each stands in for the other; whatever else stands in is worse or different.
    """

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="substitutes")
    stand_in = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField(default=1)
    is_equal = models.BooleanField("is its equal", default=True)
    reason = models.CharField(max_length=120, blank=True)
    valid_from = models.DateField("first day", null=True, blank=True)
    valid_until = models.DateField("last day", null=True, blank=True)

    objects = SubstituteQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["rank", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["product", "stand_in"],
                name="substitute_once_per_product",
                violation_error_message="It stands in for it already.",
            ),
            models.CheckConstraint(
                condition=~models.Q(product=models.F("stand_in")), name="substitute_is_another_product"
            ),
            models.CheckConstraint(
                condition=models.Q(valid_from__isnull=True)
                | models.Q(valid_until__isnull=True)
                | models.Q(valid_from__lte=models.F("valid_until")),
                name="substitute_ends_after_it_begins",
                violation_error_message="The last day is before the first.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stand_in_id} for {self.product_id}"


def gtin_check_digit(digits: str) -> str:
    """Return the last digit of a GTIN (GS1: weights 3 and 1 from the right)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)
