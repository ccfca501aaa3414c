"""The work of the floor: waves, pick tasks, parcels and what is in them, counts, and goods to be put back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from core.models import Company
from core.numbering import document_number
from core.transitions import Graph, StatusField
from inventory.models import (
    Allocation,
    Bin,
    Lot,
    Product,
    StockLevel,
    StockPosting,
    Warehouse,
    WarehouseQuerySet,
)
from orders.models import LinePart, SalesOrder

WAVE_GRAPH = Graph(complete=(["RELEASED"], "DONE"))
TASK_GRAPH = Graph(pick=(["PLANNED"], "PICKED"), short=(["PLANNED"], "SHORT"), cancel=(["PLANNED"], "CANCELLED"))
COUNT_GRAPH = Graph(finish=(["OPEN"], "DONE"))
PUT_BACK_GRAPH = Graph(finish=(["PLANNED"], "DONE"))
PARCEL_GRAPH = Graph(pack=(["OPEN"], "PACKED"), unpack=(["PACKED"], "UNPACKED"))


class Wave(models.Model):
    """Pick tasks of one warehouse, walked together. Done when its last task is.

    A wave gets a task later only in the transaction that ends one of its own as short: a done wave never does.
    """

    class Status(models.TextChoices):
        RELEASED = "RELEASED", "Released"
        DONE = "DONE", "Done"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    status = StatusField(max_length=10, choices=Status.choices, default=Status.RELEASED)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [WAVE_GRAPH.trigger("wave_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(status__in=["RELEASED", "DONE"]), name="wave_status_is_known")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["company", "warehouse", "id"],
                condition=Q(status="RELEASED"),
                name="wave_open_by_warehouse",
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The printed number."""
        return document_number("W", self.pk)

    @transition(field=status, **WAVE_GRAPH["complete"])
    def complete(self, *, at: datetime) -> None:
        """Its last task is picked, or short."""
        self.done_at = at


class _TaskQuerySet(WarehouseQuerySet):
    warehouse_path = "bin__warehouse"


class PickTask(models.Model):
    """Take one product, of one lot where it has them, from one bin into one tote, for one part of an order.

    Picked in full, or short with the reason: then `picked` was found, and the rest is sought by tasks of its own.
    `recalled` of what was `picked` has lost its order since, and is put back.
    """

    class Status(models.TextChoices):
        PLANNED = "PLANNED", "To pick"
        PICKED = "PICKED", "Picked"
        SHORT = "SHORT", "Short"
        CANCELLED = "CANCELLED", "Cancelled"

    class Reason(models.TextChoices):
        NONE_LEFT = "NONE_LEFT", "None left"
        FEWER = "FEWER", "Fewer than that"
        DAMAGED = "DAMAGED", "Damaged"
        WRONG_ITEM = "WRONG_ITEM", "Wrong item"
        EXPIRED = "EXPIRED", "Expired"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    wave = models.ForeignKey(Wave, on_delete=models.PROTECT, related_name="tasks")
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    part = models.ForeignKey(LinePart, on_delete=models.PROTECT, related_name="+")
    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="+", db_index=False)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    tote = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    picked = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    recalled = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    status = StatusField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True, default="")
    picked_at = models.DateTimeField(null=True)
    picked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    objects = _TaskQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = [TASK_GRAPH.trigger("picktask_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, picked__gte=0, picked__lte=F("quantity")),
                name="picktask_picked_within_quantity",
            ),
            models.CheckConstraint(
                condition=Q(recalled__gte=0, recalled__lte=F("picked")), name="picktask_recalled_within_picked"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["PLANNED", "PICKED", "SHORT", "CANCELLED"]), name="picktask_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status="SHORT", picked__lt=F("quantity"))
                & Q(reason__in=["NONE_LEFT", "FEWER", "DAMAGED", "WRONG_ITEM", "EXPIRED"])
                | ~Q(status="SHORT") & Q(reason=""),
                name="picktask_short_with_a_reason",
            ),
            models.UniqueConstraint(
                fields=["allocation", "bin", "lot"],
                condition=Q(status="PLANNED"),
                nulls_distinct=False,
                name="picktask_one_open_per_allocation_bin_and_lot",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["lot"], condition=Q(lot__isnull=False), name="picktask_of_lot"),
            models.Index(fields=["order"], condition=Q(status="PLANNED"), name="picktask_to_do_by_order"),
        ]

    def __str__(self) -> str:
        return f"task {self.pk}"

    @transition(field=status, **TASK_GRAPH["pick"])
    def pick(self, *, at: datetime) -> None:
        """All of it was found and is in the tote."""
        self.picked_at = at

    @transition(field=status, **TASK_GRAPH["short"])
    def short(self, *, at: datetime) -> None:
        """Less was found; that is in the tote, and the rest is sought elsewhere."""
        self.picked_at = at

    @transition(field=status, **TASK_GRAPH["cancel"])
    def cancel(self, *, at: datetime) -> None:
        """It was called off before it was picked: the goods stay on the shelf."""


class Parcel(models.Model):
    """A box of one order: open while it is filled, then packed; unpacked, its goods are in their totes again.

    An unpacked parcel keeps its contents as what it once held; the goods are packed anew in another one.
    """

    class Status(models.TextChoices):
        OPEN = "OPEN", "Open"
        PACKED = "PACKED", "Packed"
        UNPACKED = "UNPACKED", "Unpacked"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    status = StatusField(max_length=10, choices=Status.choices, default=Status.OPEN)
    weight_g = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    packed_at = models.DateTimeField(null=True)
    packed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = [PARCEL_GRAPH.trigger("parcel_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(status__in=["OPEN", "PACKED", "UNPACKED"]), name="parcel_status_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The printed number."""
        return document_number("P", self.pk)

    @property
    def unpack_question(self) -> str:
        """What is asked before it is opened again."""
        return f"Open {self.number} again? What is in it goes back to its tote, and its packing slip is void."

    @property
    def weight_kg(self) -> Decimal | None:
        """The weight in kilograms; unknown where a product's is."""
        return None if self.weight_g is None else self.weight_g / 1000

    @transition(field=status, **PARCEL_GRAPH["pack"])
    def pack(self, *, at: datetime) -> None:
        """It is closed, and nothing goes in any more."""
        self.packed_at = at

    @transition(field=status, **PARCEL_GRAPH["unpack"])
    def unpack(self, *, at: datetime) -> None:
        """It was opened before it left, and what it held is in its totes again."""


class ParcelContent(models.Model):
    """What a parcel holds of one pick task."""

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="contents")
    task = models.ForeignKey(PickTask, on_delete=models.PROTECT, related_name="+")
    part = models.ForeignKey(LinePart, on_delete=models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="parcelcontent_quantity_positive"),
            models.UniqueConstraint(fields=["parcel", "task"], name="parcelcontent_one_per_parcel_and_task"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product_id}"


class Count(models.Model):
    """A bin that came up short of a product, to be counted; done, with what was there and the posting that said so.

    Or one that a pick emptied by the books: then `seen` is what the picker saw left; where that is none it is done.
    `expected` is what the books said when it was counted. One is open per bin and product, or lot.
    """

    class Status(models.TextChoices):
        OPEN = "OPEN", "To check"
        DONE = "DONE", "Checked"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    task = models.ForeignKey(PickTask, on_delete=models.PROTECT, related_name="+")
    status = StatusField(max_length=10, choices=Status.choices, default=Status.OPEN)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    seen = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    expected = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    counted = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    counted_at = models.DateTimeField(null=True)
    counted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = [COUNT_GRAPH.trigger("count_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(status__in=["OPEN", "DONE"]), name="count_status_is_known"),
            models.CheckConstraint(
                condition=Q(status="OPEN", counted__isnull=True) | Q(status="DONE", counted__gte=0),
                name="count_done_with_what_was_there",
            ),
            models.UniqueConstraint(
                fields=["product", "bin", "lot"],
                condition=Q(status="OPEN"),
                nulls_distinct=False,
                name="count_one_open_per_product_bin_and_lot",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "id"], condition=Q(status="OPEN"), name="count_open_by_company")
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The printed number."""
        return document_number("C", self.pk)

    @property
    def because(self) -> str:
        """Why it is to be counted."""
        return self.task.get_reason_display() if self.seen is None else "Should be empty"

    @transition(field=status, **COUNT_GRAPH["finish"])
    def finish(self, *, at: datetime) -> None:
        """Somebody counted what is there."""
        self.counted_at = at


class PutBack(models.Model):
    """Goods of one pick that lost their order, to be brought from the tote to a shelf, as a rule to their own.

    Until then they are staged, and nobody can sell them.
    """

    class Status(models.TextChoices):
        PLANNED = "PLANNED", "To put back"
        DONE = "DONE", "Put back"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey(PickTask, on_delete=models.PROTECT, related_name="put_backs")
    level = models.ForeignKey(StockLevel, on_delete=models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    tote = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="+", db_index=False)
    bin = models.ForeignKey(Bin, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    status = StatusField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = [PUT_BACK_GRAPH.trigger("putback_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="putback_quantity_positive"),
            models.CheckConstraint(condition=Q(status__in=["PLANNED", "DONE"]), name="putback_status_is_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "id"], condition=Q(status="PLANNED"), name="putback_open_by_company")
        ]

    def __str__(self) -> str:
        return f"put-back {self.pk}"

    @transition(field=status, **PUT_BACK_GRAPH["finish"])
    def finish(self, *, at: datetime) -> None:
        """The goods lie on a shelf again."""
        self.done_at = at
