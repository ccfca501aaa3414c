"""Where stock can be: warehouses and their bins, and who works there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import pghistory
import pgtrigger
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, Q

from core.locking import LockingQuerySet
from core.models import Company, CompanyQuerySet, User
from core.working_days import WorkingDays
from inventory.models.routes import Calendar


def accesses_of(user: User) -> models.QuerySet[WarehouseAccess]:
    """Return the warehouses that a person is kept to in the companies they work for; none where they work in all."""
    return WarehouseAccess.objects.filter(user=user, warehouse__company__in=user.company_ids)


def works_in(user: User, path: str) -> Q:
    """Return the condition that what `path` leads to is a warehouse in which the person works."""
    mine = accesses_of(user)
    return Q(~Exists(mine)) | Q(**{f"{path}__in": mine.values("warehouse")})


class WarehouseQuerySet(CompanyQuerySet):
    """Rows of warehouses, which are for those who work there; `warehouse_path` leads from a row to its warehouse."""

    warehouse_path = "warehouse"

    def for_user(self, user: User) -> Self:
        """Return the rows of the companies and the warehouses in which the person works."""
        return super().for_user(user).filter(works_in(user, self.warehouse_path))


class _Warehouses(WarehouseQuerySet):
    warehouse_path = "pk"


@pghistory.track()
class Warehouse(models.Model):
    """A site that ships. `priority` orders the warehouses that serve a place equally well, lowest first.

    What is promised until `cut_off`, in the company's time zone, leaves on the same working day: one of the `calendar`,
    or of the company.
    It sends `lines_a_day` order lines on a working day, as many as there are where that is not said.
    Where it `asks_if_empty`, a picker says of each bin that they emptied by the books whether it is.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=20)
    name = models.CharField(max_length=80)
    address = models.TextField(blank=True)
    country = models.CharField(max_length=2)
    postcode = models.CharField(max_length=16, blank=True)
    priority = models.PositiveSmallIntegerField(default=100)
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cut_off = models.TimeField("orders until this time leave on the same day", null=True, blank=True)
    lines_a_day = models.PositiveIntegerField(
        "order lines it can send in a day", null=True, blank=True, validators=[MinValueValidator(1)]
    )

    asks_if_empty = models.BooleanField("ask pickers whether a bin is empty", default=False, db_default=False)

    objects = _Warehouses.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["priority", "code"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "code"], name="warehouse_code_once_per_company"),
            models.CheckConstraint(
                condition=Q(lines_a_day__isnull=True) | Q(lines_a_day__gte=1), name="warehouse_sends_some_lines_a_day"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def days(self) -> WorkingDays:
        """By which it works: its calendar, or its company's days."""
        return self.calendar or self.company


@pghistory.track()
class WarehouseAccess(models.Model):
    """That a person works in a warehouse; a person without any row works in all of their company's."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="accesses")

    class Meta:
        verbose_name_plural = "warehouse accesses"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "warehouse"], name="warehouseaccess_once_per_user_and_warehouse")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.warehouse}"


class _Bins(LockingQuerySet):
    """Bins, which have their company from their warehouse."""

    def for_user(self, user: User) -> Self:
        """Return those of the warehouses in which the person works."""
        return self.filter(works_in(user, "warehouse"), warehouse__company__in=user.company_ids)


# Which of a level's counters what lies there stands in
_USE_STAYS = pgtrigger.Trigger(
    name="use_stays",
    level=pgtrigger.Row,
    when=pgtrigger.Before,
    operation=pgtrigger.UpdateOf("kind", "warehouse_id"),
    condition=pgtrigger.Condition("OLD.kind <> NEW.kind OR OLD.warehouse_id <> NEW.warehouse_id"),
    func="""
        IF EXISTS (SELECT 1 FROM inventory_binstock s WHERE s.bin_id = NEW.id AND s.quantity > 0) THEN
            RAISE EXCEPTION 'goods lie in bin %, so its use stays', NEW.id;
        END IF;
        RETURN NEW;
    """,
)


@pghistory.track()
class Bin(models.Model):
    """A place in a warehouse.

    Stock in PICK bins is sellable; TOTE and PACKED hold what has left the shelf for an order. A RETIRED one is empty
    and stays so. The use of a bin changes only while nothing lies there (a trigger).
    """

    class Kind(models.TextChoices):
        PICK = "PICK", "Pick"
        TOTE = "TOTE", "Tote"
        PACKED = "PACKED", "Packed"
        QUARANTINE = "QUARANTINE", "Quarantine"
        RETURNS = "RETURNS", "Returns"
        DOCK = "DOCK", "Dock"
        RETIRED = "RETIRED", "Retired"

    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="bins")
    code = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PICK)
    sequence = models.PositiveIntegerField("walking order", default=0)

    objects = _Bins.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["warehouse", "sequence", "code"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [_USE_STAYS]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["warehouse", "code"], name="bin_code_once_per_warehouse"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["PICK", "TOTE", "PACKED", "QUARANTINE", "RETURNS", "DOCK", "RETIRED"]),
                name="bin_kind_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.code
