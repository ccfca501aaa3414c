"""What planning says of stock, as it was reckoned last."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q

from core.models import Company, CompanyQuerySet
from inventory.models.catalogue import Product
from inventory.models.places import Warehouse, WarehouseQuerySet
from inventory.models.stock import quantity_field


class PlanningFigure(models.Model):
    """How one product goes in one warehouse, and what should be done about it, as of a time: reckoned anew every night.

    Figures are of 360 days, or of as many as the product is known for. `value_class` is A for the products that make
    the first 80 % of the value at cost that left the warehouse, B for the next 15 %, C for the rest (H. F. Dickie, ABC
    inventory analysis shoots for dollars, not pennies, 1951). `unit_class` says how steadily units leave in months of
    30 days: the coefficient of variation is at most 0.5 for X, at most 1 for Y, above that for Z; there is none before
    three months. `cover_days` is how long what is `free` and `coming` for nobody lasts at `daily` units; unknown where
    none leave. Of `concerned` units something should be done, and `worth` is the money in it: what DEAD stock and OVER
    stock cost, and what buying the units costs that SHORT stock lacks until its lead time is over. `safety_stock` is
    what keeps the company's service level while the `reorder_point`'s rest leaves within the lead time, and costs
    `safety_worth`; unknown where how steadily units leave is, or the lead time.
    """

    class State(models.TextChoices):
        SHORT = "SHORT", "Runs out"
        OVER = "OVER", "Over-stock"
        DEAD = "DEAD", "Dead stock"
        FINE = "FINE", "Fine"

    class Unit(models.TextChoices):
        X = "X", "Steady (X)"
        Y = "Y", "Varies (Y)"
        Z = "Z", "Erratic (Z)"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    as_of = models.DateTimeField()
    value_class = models.CharField(max_length=1, choices=[(letter, letter) for letter in "ABC"])
    unit_class = models.CharField(max_length=1, choices=Unit.choices, blank=True)
    units_left = quantity_field()
    value_left = models.DecimalField(max_digits=20, decimal_places=4)
    daily = quantity_field()
    on_hand = quantity_field()
    value = models.DecimalField(max_digits=20, decimal_places=4)
    free = quantity_field()
    coming = quantity_field()
    cover_days = models.IntegerField(null=True)
    lead_days = models.PositiveIntegerField(null=True)
    left_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=5, choices=State.choices)
    concerned = quantity_field()
    worth = models.DecimalField(max_digits=20, decimal_places=4)
    safety_stock = quantity_field(null=True)
    reorder_point = quantity_field(null=True)
    safety_worth = models.DecimalField(max_digits=20, decimal_places=4, null=True)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "product", "warehouse"], name="planningfigure_one_per_product_and_warehouse"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["SHORT", "OVER", "DEAD", "FINE"]), name="planningfigure_state_is_known"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "worth", "id"], name="planningfigure_by_worth"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} in {self.warehouse_id}"


def _level_field(letter: str, percent: int) -> models.DecimalField:
    return models.DecimalField(f"class {letter}, in percent", max_digits=4, decimal_places=2, default=Decimal(percent))


@pghistory.track()
class ServiceLevel(models.Model):
    """Of how many times in a hundred that a company buys more of a class it wants none to run out meanwhile."""

    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="+")
    a = _level_field("A", 98)
    b = _level_field("B", 95)
    c = _level_field("C", 90)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(a__gte=50, b__gte=50, c__gte=50), name="servicelevel_is_half_at_least")
        ]

    def __str__(self) -> str:
        return f"{self.a} / {self.b} / {self.c} %"
