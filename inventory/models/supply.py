"""Where stock comes from: suppliers and what they sell us, the orders placed with them, and when more is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from core.locking import LockingQuerySet
from core.models import Company, CompanyQuerySet, validate_language
from core.numbering import document_number
from core.transitions import Graph, StatusField
from core.working_days import WorkingDays
from inventory.models.catalogue import Product
from inventory.models.places import Warehouse, WarehouseQuerySet
from inventory.models.routes import Calendar
from inventory.models.stock import quantity_field

SUPPLIER_ORDER_GRAPH = Graph(
    approve=(["DRAFT"], "APPROVED"),
    send=(["APPROVED"], "SENT"),
    acknowledge=(["SENT"], "ACKNOWLEDGED"),
    receive_part=(["SENT", "ACKNOWLEDGED", "PART_RECEIVED"], "PART_RECEIVED"),
    receive=(["SENT", "ACKNOWLEDGED", "PART_RECEIVED"], "RECEIVED"),
    close=(["PART_RECEIVED", "RECEIVED"], "CLOSED"),
    cancel=(["DRAFT", "APPROVED", "SENT", "ACKNOWLEDGED"], "CANCELLED"),
)
SUPPLIER_MAIL_GRAPH = Graph(deliver=(["QUEUED"], "SENT"), fail=(["QUEUED"], "FAILED"))


def cost_field(**options: object) -> models.DecimalField:
    """Return a column for what one stock unit costs, with six places (PRODUCT.md section 4, rule 1)."""
    return models.DecimalField(max_digits=18, decimal_places=6, **options)  # type: ignore[arg-type]


@pghistory.track()
class Supplier(models.Model):
    """Somebody from whom stock is bought, in the company's currency.

    Their lead times are in working days of their `calendar`, or of the company. They may deliver `over_percent` more of
    a line than was ordered without anybody being asked.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=20)
    name = models.CharField(max_length=120)
    email = models.EmailField("e-mail for orders", blank=True)
    address = models.TextField(blank=True)
    # In which they are written to
    language = models.CharField(max_length=10, default="en", db_default="en", validators=[validate_language])
    lead_days = models.PositiveSmallIntegerField("lead time in days", default=14)
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    over_percent = models.DecimalField("may deliver over, in percent", max_digits=5, decimal_places=2, default=0)
    is_active = models.BooleanField("may be ordered from", default=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["code"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "code"],
                name="supplier_code_once_per_company",
                violation_error_message="Another supplier has this code.",
            ),
            models.CheckConstraint(
                condition=Q(over_percent__gte=0, over_percent__lte=100),
                name="supplier_over_percent_is_a_share",
                violation_error_message="A tolerance is from 0 to 100 percent.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def days(self) -> WorkingDays:
        """By which they work: their calendar, or the company's days."""
        return self.calendar or self.company


@pghistory.track()
class SupplierItem(models.Model):
    """That a supplier sells a product, and on what terms; of several suppliers the lowest `rank` is asked first."""

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="supplier_items")
    part_number = models.CharField("their part number", max_length=60, blank=True)
    unit_cost = cost_field(verbose_name="cost of one unit")
    minimum = quantity_field(verbose_name="least quantity", default=1)
    multiple = quantity_field(verbose_name="in multiples of", default=1)
    lead_days = models.PositiveSmallIntegerField("lead time in days", null=True, blank=True)
    rank = models.PositiveSmallIntegerField("choice", default=1)
    is_inspected = models.BooleanField("inspect at receipt", default=False, db_default=False)

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["product__sku", "rank", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["supplier", "product"],
                name="supplieritem_once_per_supplier_and_product",
                violation_error_message="This supplier has this product already.",
            ),
            models.CheckConstraint(
                condition=Q(unit_cost__gte=0),
                name="supplieritem_cost_not_negative",
                violation_error_message="A cost is zero or more.",
            ),
            models.CheckConstraint(
                condition=Q(minimum__gte=0, multiple__gt=0),
                name="supplieritem_can_be_ordered",
                violation_error_message="The least quantity is zero or more, and the multiple above zero.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} from {self.supplier_id}"


@pghistory.track()
class SupplierPriceBreak(models.Model):
    """What a unit of a supplier's item costs from a quantity on."""

    item = models.ForeignKey(SupplierItem, on_delete=models.CASCADE, related_name="breaks")
    quantity = quantity_field()
    unit_cost = cost_field()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["item", "quantity"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["item", "quantity"], name="supplierpricebreak_once_per_quantity"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, unit_cost__gte=0), name="supplierpricebreak_is_a_price_of_units"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_cost} from {self.quantity}"


@pghistory.track()
class ReorderRule(models.Model):
    """When a warehouse wants more of a product: where what is there and comes in time falls below the point.

    Then as much is bought as fills it up to `order_up_to`. `safety_stock` is kept back from promises of the future.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="reorder_rules")
    reorder_point = quantity_field()
    order_up_to = quantity_field()
    safety_stock = quantity_field(default=0)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "product", "warehouse"],
                name="reorderrule_once_per_product_and_warehouse",
                violation_error_message="This warehouse has a rule for this product already.",
            ),
            models.CheckConstraint(
                condition=Q(
                    safety_stock__gte=0, safety_stock__lte=F("reorder_point"), reorder_point__lte=F("order_up_to")
                ),
                name="reorderrule_safety_within_point_within_target",
                violation_error_message="Safety stock is at most the reorder point, and this at most the target.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} in {self.warehouse_id} below {self.reorder_point}"


class SupplierOrder(models.Model):
    """An order placed with a supplier for one warehouse. Once sent its lines are dated supply, pegged to what waits.

    Its dates are its lines'; `expected_on` is the last of them.
    """

    class Status(models.TextChoices):
        DRAFT = "DRAFT", "Draft"
        APPROVED = "APPROVED", "Approved"
        SENT = "SENT", "Sent"
        ACKNOWLEDGED = "ACKNOWLEDGED", "Acknowledged"
        PART_RECEIVED = "PART_RECEIVED", "Part received"
        RECEIVED = "RECEIVED", "Received"
        CLOSED = "CLOSED", "Closed"
        CANCELLED = "CANCELLED", "Cancelled"

    OPEN = ("SENT", "ACKNOWLEDGED", "PART_RECEIVED")

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="orders")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    status = StatusField(max_length=14, choices=Status.choices, default=Status.DRAFT)
    is_suggested = models.BooleanField(default=False)
    expected_on = models.DateField()
    their_number = models.CharField("their order number", max_length=60, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [SUPPLIER_ORDER_GRAPH.trigger("supplierorder_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "DRAFT",
                        "APPROVED",
                        "SENT",
                        "ACKNOWLEDGED",
                        "PART_RECEIVED",
                        "RECEIVED",
                        "CLOSED",
                        "CANCELLED",
                    ]
                ),
                name="supplierorder_status_is_known",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["company", "expected_on", "id"],
                condition=Q(status__in=["SENT", "ACKNOWLEDGED", "PART_RECEIVED"]),
                name="supplierorder_open_by_date",
            ),
            models.Index(
                fields=["company", "their_number"], condition=~Q(their_number=""), name="supplierorder_by_their_number"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The printed number."""
        return document_number("PO", self.pk)

    @transition(field=status, **SUPPLIER_ORDER_GRAPH["approve"])
    def approve(self, *, at: datetime) -> None:
        """Somebody who may says yes to it."""
        self.approved_at = at

    @transition(field=status, **SUPPLIER_ORDER_GRAPH["send"])
    def send(self, *, at: datetime) -> None:
        """The supplier has it: its lines are supply."""
        self.sent_at = at

    @transition(field=status, **SUPPLIER_ORDER_GRAPH["acknowledge"])
    def acknowledge(self, *, at: datetime) -> None:
        """The supplier said yes, with a number and dates of their own."""

    @transition(field=status, **SUPPLIER_ORDER_GRAPH["receive_part"])
    def receive_part(self, *, at: datetime) -> None:
        """Some of it came, and more is to come."""

    @transition(field=status, **SUPPLIER_ORDER_GRAPH["receive"])
    def receive(self, *, at: datetime) -> None:
        """All of it came that is still to come."""
        self.done_at = at

    @transition(field=status, **SUPPLIER_ORDER_GRAPH["close"])
    def close(self, *, at: datetime) -> None:
        """Nothing more of it comes, or is asked for."""
        self.done_at = at

    @transition(field=status, **SUPPLIER_ORDER_GRAPH["cancel"])
    def cancel(self, *, at: datetime) -> None:
        """It is not wanted any more, and nothing of it came."""
        self.done_at = at


class SupplierOrderLine(models.Model):
    """Units of one product that a supplier is to bring on a day, and the row that a peg locks.

    `cancelled` of `quantity` does not come any more; of what is `open` no more is pegged than that. `received` may go
    over what was asked by `over_percent`, taken from the supplier when the order was made. What has come and waits for
    inspection is `inspecting`: it is promised as what is still to come, until somebody has looked.
    """

    order = models.ForeignKey(SupplierOrder, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    part_number = models.CharField(max_length=60, blank=True)
    quantity = quantity_field()
    received = quantity_field(default=0)
    inspecting = quantity_field(default=0, db_default=0)
    cancelled = quantity_field(default=0)
    open = models.GeneratedField(
        expression=models.functions.Greatest(F("quantity") - F("received") - F("cancelled"), Decimal(0)),
        output_field=quantity_field(),
        db_persist=True,
    )
    unit_cost = cost_field()
    over_percent = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    expected_on = models.DateField()

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["order", "position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["order", "position"], name="supplierorderline_position_once_per_order"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="supplierorderline_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_cost__gte=0), name="supplierorderline_cost_not_negative"),
            models.CheckConstraint(
                condition=Q(received__gte=0, inspecting__gte=0, cancelled__gte=0),
                name="supplierorderline_counts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    received__lte=F("quantity") * (100 + F("over_percent")) / 100 - F("cancelled") - F("inspecting")
                ),
                name="supplierorderline_received_within_tolerance",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["product"], condition=Q(open__gt=0), name="supplyline_open_by_product")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product_id} on {self.expected_on}"


class SupplierMail(models.Model):
    """That an order is to go to its supplier by e-mail, and what came of it; each try is a row.

    One try at a time: another can be made when the last has gone or failed.
    """

    class Status(models.TextChoices):
        QUEUED = "QUEUED", "On its way"
        SENT = "SENT", "Sent"
        FAILED = "FAILED", "Failed"

    order = models.ForeignKey(SupplierOrder, on_delete=models.PROTECT, related_name="mails")
    address = models.EmailField()
    status = StatusField(max_length=6, choices=Status.choices, default=Status.QUEUED)
    reason = models.CharField("why it failed", max_length=200, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [SUPPLIER_MAIL_GRAPH.trigger("suppliermail_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(status__in=["QUEUED", "SENT", "FAILED"]), name="suppliermail_status_is_known"
            ),
            models.CheckConstraint(
                condition=(Q(status="FAILED") & ~Q(reason="")) | (~Q(status="FAILED") & Q(reason="")),
                name="suppliermail_failed_for_a_reason",
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(status="QUEUED"), name="suppliermail_one_on_its_way_per_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} to {self.address}"

    @transition(field=status, **SUPPLIER_MAIL_GRAPH["deliver"])
    def deliver(self, *, at: datetime) -> None:
        """The mail server took it."""
        self.done_at = at

    @transition(field=status, **SUPPLIER_MAIL_GRAPH["fail"])
    def fail(self, *, at: datetime) -> None:
        """It did not go, for a reason."""
        self.done_at = at
