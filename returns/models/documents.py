"""Return orders over shipment lines, and how far the units of each line are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django_fsm import transition

from core.models import Company
from core.numbering import document_number
from core.transitions import Graph, StatusField
from inventory.models import Product, Warehouse, WarehouseQuerySet
from inventory.models.stock import quantity_field
from orders.models import LinePart, SalesOrder
from returns.models.columns import by, value_field
from shipping.models import Shipment, ShipmentLine

_ARRIVED = ["RECEIVED", "INSPECTED", "DECIDED"]
RETURN_GRAPH = Graph(
    authorize=(["REQUESTED"], "AUTHORIZED"),
    reject=(["REQUESTED"], "REJECTED"),
    receive=(["AUTHORIZED", *_ARRIVED], "RECEIVED"),
    inspect=(["RECEIVED"], "INSPECTED"),
    decide=(["RECEIVED", "INSPECTED"], "DECIDED"),
    settle=(["DECIDED"], "SETTLED"),
    expire=(["AUTHORIZED"], "EXPIRED"),
    cancel=(["REQUESTED", "AUTHORIZED"], "CANCELLED"),
    lose=(["REQUESTED"], "DECIDED"),
    turn_up=(["DECIDED"], "CANCELLED"),
)


class ReturnOrder(models.Model):
    """Goods of one order that come back: customers send them, or the carrier does, who could not deliver them.

    It changes only under its order's lock. A blind one was made at the dock by the goods themselves; one of what the
    carrier lost has no goods and waits for nothing but its settlement.
    """

    class Kind(models.TextChoices):
        CUSTOMER = "CUSTOMER", "Customer return"
        DELIVERY_FAILURE = "DELIVERY_FAILURE", "Delivery failure"

    class Status(models.TextChoices):
        REQUESTED = "REQUESTED", "Requested"
        AUTHORIZED = "AUTHORIZED", "Authorized"
        REJECTED = "REJECTED", "Rejected"
        RECEIVED = "RECEIVED", "Received"
        INSPECTED = "INSPECTED", "Inspected"
        DECIDED = "DECIDED", "To settle"
        SETTLED = "SETTLED", "Settled"
        EXPIRED = "EXPIRED", "Expired"
        CANCELLED = "CANCELLED", "Cancelled"

    class Reason(models.TextChoices):
        NOT_WANTED = "NOT_WANTED", "Not wanted"
        WRONG_ITEM = "WRONG_ITEM", "We sent the wrong item"
        DEFECTIVE = "DEFECTIVE", "Defective"
        DAMAGED = "DAMAGED", "Damaged on the way"
        LATE = "LATE", "Came too late"
        REFUSED = "REFUSED", "Refused at the door"
        UNDELIVERED = "UNDELIVERED", "Could not be delivered"
        LOST = "LOST", "Lost on the way"
        UNKNOWN = "UNKNOWN", "Not said"

    class Wish(models.TextChoices):
        UNKNOWN = "UNKNOWN", "Not said"
        REFUND = "REFUND", "Refund or credit"
        RESHIP = "RESHIP", "Send it again"

    # Somebody still has work with them, and what of them has not come is claimed
    OPEN: ClassVar[Sequence[str]] = ["REQUESTED", "AUTHORIZED", *_ARRIVED]

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, null=True, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.CUSTOMER)
    status = StatusField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    reason = models.CharField(max_length=12, choices=Reason.choices, default=Reason.UNKNOWN)
    note = models.CharField(max_length=300, blank=True)
    wish = models.CharField(max_length=8, choices=Wish.choices, default=Wish.UNKNOWN)
    is_blind = models.BooleanField(default=False)
    expires_on = models.DateField(null=True)
    requested_by = by()
    requested_at = models.DateTimeField()
    authorized_by = by(null=True)
    authorized_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [RETURN_GRAPH.trigger("returnorder_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "REQUESTED",
                        "AUTHORIZED",
                        "REJECTED",
                        "RECEIVED",
                        "INSPECTED",
                        "DECIDED",
                        "SETTLED",
                        "EXPIRED",
                        "CANCELLED",
                    ]
                ),
                name="returnorder_status_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["REJECTED", "CANCELLED"]) | ~Q(closed_reason=""),
                name="returnorder_given_up_with_a_reason",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["company", "status", "id"],
                condition=Q(status__in=["REQUESTED", "AUTHORIZED", "RECEIVED", "INSPECTED", "DECIDED"]),
                name="returnorder_open_by_status",
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The printed number."""
        return document_number("RT", self.pk)

    @property
    def is_lost(self) -> bool:
        """Whether it is of what the carrier lost, and has no goods: what of it turns up makes a blind return."""
        return self.kind == self.Kind.DELIVERY_FAILURE and not self.is_blind

    @transition(field=status, **RETURN_GRAPH["authorize"])
    def authorize(self, *, at: datetime) -> None:
        """The goods may come."""
        self.authorized_at = at

    @transition(field=status, **RETURN_GRAPH["reject"])
    def reject(self, *, at: datetime) -> None:
        """The goods may not come."""
        self.closed_at = at

    @transition(field=status, **RETURN_GRAPH["receive"])
    def receive(self, *, at: datetime) -> None:
        """Something has come, and is not inspected yet."""

    @transition(field=status, **RETURN_GRAPH["inspect"])
    def inspect(self, *, at: datetime) -> None:
        """All that has come is graded."""

    @transition(field=status, **RETURN_GRAPH["decide"])
    def decide(self, *, at: datetime) -> None:
        """All that has come has gone where it belongs."""

    @transition(field=status, **RETURN_GRAPH["settle"])
    def settle(self, *, at: datetime) -> None:
        """The money is settled too."""
        self.closed_at = at

    @transition(field=status, **RETURN_GRAPH["expire"])
    def expire(self, *, at: datetime) -> None:
        """Nothing came in time."""
        self.closed_at = at

    @transition(field=status, **RETURN_GRAPH["cancel"])
    def cancel(self, *, at: datetime) -> None:
        """It is given up before anything came."""
        self.closed_at = at

    @transition(field=status, **RETURN_GRAPH["lose"])
    def lose(self, *, at: datetime) -> None:
        """The carrier lost the goods: there is nothing to wait for but the settlement."""

    @transition(field=status, **RETURN_GRAPH["turn_up"])
    def turn_up(self, *, at: datetime) -> None:
        """All that was thought lost turned up before it was settled."""
        self.closed_at = at


class ReturnLine(models.Model):
    """What of one shipment line may come back, came back and went on from there.

    `received_value` is what the received units cost when they were issued: their share of the shipment line's cost, so
    that all of it together is that cost (PRODUCT.md rule 13). `short` are authorized units that will not come. Units
    that are sent back to the customer count as returned no more. `lost` are units that the carrier lost: only their
    money is settled. `quarantined` are those of the disposed units that lie in quarantine now.
    """

    return_order = models.ForeignKey(ReturnOrder, on_delete=models.PROTECT, related_name="lines")
    shipment_line = models.ForeignKey(ShipmentLine, on_delete=models.PROTECT, related_name="+")
    part = models.ForeignKey(LinePart, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    authorized = quantity_field()
    short = quantity_field(default=0)
    received = quantity_field(default=0)
    received_value = value_field(default=0)
    inspected = quantity_field(default=0)
    disposed = quantity_field(default=0)
    disposed_value = value_field(default=0)
    sent_back = quantity_field(default=0)
    sent_back_value = value_field(default=0)
    lost = quantity_field(default=0)
    quarantined = quantity_field(default=0)
    quarantined_value = value_field(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["return_order", "shipment_line"], name="returnline_once_per_shipment_line"),
            models.CheckConstraint(
                condition=Q(authorized__gte=0, short__gte=0, received__gte=0, received_value__gte=0, lost__gte=0),
                name="returnline_quantities_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(inspected__gte=0, inspected__lte=F("received")), name="returnline_inspected_within_received"
            ),
            models.CheckConstraint(
                condition=Q(disposed__gte=0, disposed__lte=F("inspected"))
                & Q(disposed_value__gte=0, disposed_value__lte=F("received_value")),
                name="returnline_disposed_within_inspected",
            ),
            models.CheckConstraint(
                condition=Q(sent_back__gte=0, sent_back__lte=F("disposed"))
                & Q(sent_back_value__gte=0, sent_back_value__lte=F("disposed_value")),
                name="returnline_sent_back_within_disposed",
            ),
            models.CheckConstraint(
                condition=Q(quarantined__gte=0, quarantined__lte=F("disposed") - F("sent_back"))
                & Q(quarantined_value__gte=0, quarantined_value__lte=F("disposed_value") - F("sent_back_value")),
                name="returnline_quarantined_within_disposed",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["return_order"], condition=Q(quarantined__gt=0), name="returnline_in_quarantine")
        ]

    def __str__(self) -> str:
        return f"line {self.pk} of {self.return_order_id}"
