"""What dashboards keep: what orders and their lines came to, the figures of each day made of it, and targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import Company, CompanyQuerySet
from inventory.models import Warehouse, WarehouseQuerySet
from orders.models import SalesOrder, SalesOrderLine


class Cause(models.TextChoices):
    """Why a line was not there in full on a day; the first that is true of it counts."""

    CUT = "CUT", "Cancelled by us"
    HOLD = "HOLD", "On hold"
    SHORT = "SHORT", "Picked short"
    MOVED = "MOVED", "Promise moved"
    STOCK = "STOCK", "No stock in time"
    HOUSE = "HOUSE", "Not sent in time"
    FAILED = "FAILED", "Delivery failed"
    CARRIER = "CARRIER", "Late on the way"


class LineStage(models.TextChoices):
    """What a line that has not left whole waits for."""

    HOLD = "HOLD", "On hold"
    MOVED = "MOVED", "Stock comes too late"
    STOCK = "STOCK", "Waits for stock"
    RELEASE = "RELEASE", "Not released"
    PICK = "PICK", "Being picked"
    PACK = "PACK", "To be packed"
    SHIP = "SHIP", "To be dispatched"


class Stage(models.TextChoices):
    """What an order waits for next, in the order of its life."""

    ENTRY = "ENTRY", "To confirm"
    STOCK = "STOCK", "Waits for stock"
    RELEASE = "RELEASE", "To release"
    PICK = "PICK", "To pick"
    PACK = "PACK", "To pack"
    SHIP = "SHIP", "To dispatch"
    INVOICE = "INVOICE", "To invoice"
    DELIVER = "DELIVER", "On the way"
    CASH = "CASH", "To be paid"


class Clock(models.TextChoices):
    """A stretch of an order's life that is timed; it counts on the day on which it ended."""

    CONFIRM = "CONFIRM", "Taken in → confirmed"
    RELEASE = "RELEASE", "Confirmed → released"
    PICK = "PICK", "Released → picked"
    SHIP = "SHIP", "Picked → dispatched"
    DELIVER = "DELIVER", "Dispatched → delivered"
    CASH = "CASH", "Delivered → paid"
    WHOLE = "WHOLE", "Taken in → delivered"


class RollUp(models.Model):
    """How far a company's figures have followed its orders' events; its row is locked while they are brought on.

    Every event up to `event_id` is in them. `mark_id` is the last number that events had taken at `mark_at`: once no
    transaction is left that began before that, no event up to it can still come.
    """

    company = models.OneToOneField(Company, on_delete=models.PROTECT, related_name="+")
    event_id = models.BigIntegerField(default=0)
    mark_id = models.BigIntegerField(default=0)
    mark_at = models.DateTimeField(null=True)
    rolled_at = models.DateTimeField()

    objects = CompanyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"figures of {self.company_id} up to event {self.event_id}"


class LineFact(models.Model):
    """What one confirmed line of goods came to, made anew whenever something happens to its order.

    Of the day asked for, promised first and promised now it keeps why the line was not delivered in full on it; nothing
    where it was. `due` are its units less what the customer cancelled, `done_on` the day on which these had arrived.
    `filled` of `ordered` units left with the order's first release, which was on `filled_on` and is over. While it has
    not left whole, it is `open`; while units of it have no stock, it is `waiting`: both with their net.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    line = models.OneToOneField(SalesOrderLine, on_delete=models.PROTECT, related_name="+")
    asked_on = models.DateField(null=True)
    asked_cause = models.CharField(max_length=8, choices=Cause.choices, blank=True)
    first_on = models.DateField(null=True)
    first_cause = models.CharField(max_length=8, choices=Cause.choices, blank=True)
    now_on = models.DateField(null=True)
    now_cause = models.CharField(max_length=8, choices=Cause.choices, blank=True)
    done_on = models.DateField(null=True)
    due = models.DecimalField(max_digits=18, decimal_places=6)
    ordered = models.DecimalField(max_digits=18, decimal_places=6)
    filled_on = models.DateField(null=True)
    filled = models.DecimalField(max_digits=18, decimal_places=6)
    open_on = models.DateField(null=True)
    open_stage = models.CharField(max_length=8, choices=LineStage.choices, blank=True)
    open_value = models.DecimalField(max_digits=18, decimal_places=4)
    waiting_on = models.DateField(null=True)
    waiting = models.DecimalField(max_digits=18, decimal_places=6)
    waiting_value = models.DecimalField(max_digits=18, decimal_places=4)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["company", "first_on", "id"], condition=~Q(first_cause=""), name="linefact_late_by_first"
            ),
            models.Index(fields=["company", "now_on", "id"], condition=~Q(now_cause=""), name="linefact_late_by_now"),
            models.Index(
                fields=["company", "asked_on", "id"], condition=~Q(asked_cause=""), name="linefact_late_by_asked"
            ),
            models.Index(
                fields=["company", "filled_on", "id"],
                condition=Q(filled__lt=models.F("ordered")),
                name="linefact_not_filled",
            ),
            models.Index(fields=["company", "open_on", "id"], condition=~Q(open_stage=""), name="linefact_open"),
            models.Index(fields=["company", "waiting_on", "id"], condition=Q(waiting__gt=0), name="linefact_waiting"),
        ]

    def __str__(self) -> str:
        return f"fact of line {self.line_id}"


class OrderFact(models.Model):
    """How far one order is, and when it came so far, made anew whenever something happens to it.

    A time is there once the order is through: all that was not cancelled is picked, dispatched, delivered, paid.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    order = models.OneToOneField(SalesOrder, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=8, choices=Stage.choices, blank=True)
    stage_on = models.DateField()
    value = models.DecimalField(max_digits=18, decimal_places=4)
    is_foreign = models.BooleanField()
    taken_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    picked_at = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "stage_on", "id"], condition=~Q(stage=""), name="orderfact_by_stage_day"),
            models.Index(fields=["company", "delivered_at", "id"], name="orderfact_by_delivery"),
        ]

    def __str__(self) -> str:
        return f"fact of order {self.order_id}"


class Occurrence(models.Model):
    """Something that is counted on the day it happened: a short pick, a hold, an invoice, a credit note.

    `amount` is the units that were missing, or a document's net; `of_id` the task, hold or document.
    """

    class Kind(models.TextChoices):
        SHORT = "SHORT", "Short pick"
        HOLD = "HOLD", "Hold"
        INVOICE = "INVOICE", "Invoice"
        CREDIT = "CREDIT", "Credit note"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    line = models.ForeignKey(SalesOrderLine, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    cause = models.CharField(max_length=10, blank=True)
    on = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=4)
    is_open = models.BooleanField()
    of_id = models.BigIntegerField()

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "kind", "on", "id"], name="occurrence_by_kind_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.order_id} on {self.on}"


class DayFigure(models.Model):
    """What all facts of a company and a warehouse come to on one day, by measure and cause.

    `number` counts lines, orders or documents; `amount` and `whole` add up what the measure is about. Facts without a
    warehouse have figures without one.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    on = models.DateField()
    measure = models.CharField(max_length=10)
    cause = models.CharField(max_length=10, blank=True)
    number = models.BigIntegerField()
    amount = models.DecimalField(max_digits=24, decimal_places=6)
    whole = models.DecimalField(max_digits=24, decimal_places=6)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "measure", "on", "cause", "warehouse"],
                nulls_distinct=False,
                name="dayfigure_once_per_measure_day_cause_and_warehouse",
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} on {self.on}"


@pghistory.track()
class Target(models.Model):
    """What a figure of the manager's page should come to: at least, or at most where less is better."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    figure = models.CharField(max_length=20)
    value = models.DecimalField(max_digits=18, decimal_places=4)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    set_at = models.DateTimeField()

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["figure"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "figure"], name="target_once_per_company_and_figure"),
            models.CheckConstraint(condition=Q(value__gte=0), name="target_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.figure}: {self.value}"
