"""How goods get from a warehouse to a place: working days of a site, and the lanes that it serves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from core.locking import LockingQuerySet
from core.models import Company, CompanyQuerySet
from core.working_days import WorkingDays

WORKING_WEEK = (1, 2, 3, 4, 5)


def monday_to_friday() -> list[int]:
    """Return the working days of most weeks."""
    return list(WORKING_WEEK)


@pghistory.track()
class Calendar(WorkingDays, models.Model):
    """On which days a site or a supplier works (PRODUCT.md V1): weekdays, Monday being 1, without holidays."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    weekdays = ArrayField(
        models.SmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]), default=monday_to_friday
    )
    holidays = ArrayField(models.DateField(), default=list, blank=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "name"], name="calendar_name_once_per_company"),
            models.CheckConstraint(condition=Q(weekdays__len__gte=1), name="calendar_works_on_some_day"),
        ]

    def __str__(self) -> str:
        return self.name


def dispatch_day(days: WorkingDays, cut_off: time | None, at: datetime) -> date:
    """Return the day on which what is ordered at a local time can leave: today until the cut-off, on working days."""
    day = at.date()
    if cut_off is not None and at.time() >= cut_off:
        day += timedelta(days=1)
    return days.working_day(day)


@pghistory.track()
class Lane(models.Model):
    """That a warehouse serves a country, or an area of it, in so many working days at a cost per parcel.

    `area` is the beginning of the postcodes that it is for, without spaces; empty for all others of the country.
    """

    warehouse = models.ForeignKey("inventory.Warehouse", on_delete=models.CASCADE, related_name="lanes")
    country = models.CharField(max_length=2)
    area = models.CharField("postcodes that begin with", max_length=10, blank=True)
    days = models.PositiveSmallIntegerField("working days on the way")
    cost = models.DecimalField("cost of a parcel", max_digits=18, decimal_places=6, default=0)

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["warehouse", "country", "area"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["warehouse", "country", "area"], name="lane_area_once_per_warehouse"),
            models.CheckConstraint(condition=Q(cost__gte=0), name="lane_cost_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.area}".strip()
