"""What things cost a customer: price lists, and tax by where the goods go."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, Self

import pghistory
from django.db import models

from core.locking import LockingQuerySet
from core.models import Company, CompanyQuerySet, User
from inventory.models import Product


@pghistory.track()
class PriceList(models.Model):
    """Net prices in one currency, given to any number of customers."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=20)
    name = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["code"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "code"], name="pricelist_code_once_per_company")
        ]

    def __str__(self) -> str:
        return self.name


class PriceQuerySet(LockingQuerySet):
    """Prices, which have their company from their list."""

    def for_user(self, user: User) -> Self:
        """Return the prices on the lists of the user's companies."""
        return self.filter(price_list__company_id__in=user.company_ids)


@pghistory.track()
class Price(models.Model):
    """The net price of one stock unit of a product on a price list, six places (PRODUCT.md section 4, rule 1).

    It counts from a quantity on and, where days are named, from one to the other. Which of several counts is decided by
    orders.services.pricing alone.
    """

    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="prices")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    price = models.DecimalField(max_digits=18, decimal_places=6)
    from_quantity = models.DecimalField(max_digits=18, decimal_places=6, default=Decimal(0))
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)

    objects = PriceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["price_list", "product", "from_quantity", "valid_from"],
                name="price_one_per_list_product_quantity_and_day",
                nulls_distinct=False,
                violation_error_message="The list has a price of this product from this quantity and day already.",
            ),
            models.CheckConstraint(condition=models.Q(price__gte=0), name="price_not_negative"),
            models.CheckConstraint(condition=models.Q(from_quantity__gte=0), name="price_from_a_quantity"),
            models.CheckConstraint(
                condition=models.Q(valid_until__gte=models.F("valid_from"))
                | models.Q(valid_from__isnull=True)
                | models.Q(valid_until__isnull=True),
                name="price_ends_after_it_begins",
                violation_error_message="The last day is before the first.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.price}"


@pghistory.track()
class TaxRate(models.Model):
    """The rate in percent that applies to goods shipped to a country from a day on; "" is any country without a row.

    `category` is EN 16931's code: S standard, Z zero, G export, K intra-community, E exempt; `note` is the reason
    printed where no tax is due.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    country = models.CharField(max_length=2, blank=True)
    category = models.CharField(max_length=2)
    rate = models.DecimalField(max_digits=7, decimal_places=4)
    valid_from = models.DateField()
    note = models.CharField(max_length=120, blank=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "country", "valid_from"], name="taxrate_one_per_country_and_day"
            ),
            models.CheckConstraint(condition=models.Q(rate__gte=0, rate__lte=100), name="taxrate_is_a_percentage"),
        ]

    def __str__(self) -> str:
        return f"{self.country or 'elsewhere'} {self.rate} %"
