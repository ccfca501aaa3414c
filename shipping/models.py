"""What shipping keeps: shipments, which parcel content left with which, labels, and what arrived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar, Self
from urllib.parse import quote

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django_fsm import transition

from core.ledger import append_only
from core.models import Company, CompanyQuerySet, User
from core.numbering import document_number
from core.transitions import Graph, StatusField
from inventory.models import Calendar, StockPosting, Warehouse, WarehouseQuerySet
from inventory.models.routes import dispatch_day
from orders.models import LinePart, SalesOrder
from warehouse.models import Parcel, ParcelContent

# Where the number of a parcel goes in the address of its page
NUMBER_PLACE = "{number}"
SHIPMENT_GRAPH = Graph(
    label=(["DRAFT"], "LABELLED"),
    dispatch=(["DRAFT", "LABELLED"], "DISPATCHED"),
    deliver=(["DISPATCHED", "RETURNING"], "DELIVERED"),
    refuse=(["DISPATCHED"], "RETURNING"),
    lose=(["DISPATCHED", "RETURNING"], "LOST"),
    come_back=(["DISPATCHED", "RETURNING", "LOST"], "RETURNED"),
)


class _Carriers(CompanyQuerySet):
    """Carriers; those for a person come with the days on which they collect."""

    def for_user(self, user: User) -> Self:
        """Return the carriers of the companies that the user belongs to."""
        return super().for_user(user).select_related("company", "calendar")


@pghistory.track()
class Carrier(models.Model):
    """Who takes goods to customers, the services they offer by name, and where their parcels are followed.

    `tracking_url` is the address of the carrier's page, {number} in it the parcel's. They collect on the days of their
    `calendar`, or of the company, until `cut_off` in the company's time zone. One that shipments name is retired, not
    removed.
    """

    LONGEST_SERVICE = 29  # with the name it fits a shipment

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=30)
    services = ArrayField(models.CharField(max_length=LONGEST_SERVICE), default=list, blank=True)
    tracking_url = models.CharField(max_length=200, blank=True)
    calendar = models.ForeignKey(
        Calendar, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    cut_off = models.TimeField(null=True, blank=True)
    is_active = models.BooleanField("is offered", default=True)

    objects = _Carriers.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                "company",
                Lower("name"),
                name="carrier_name_once_per_company",
                violation_error_message="Another carrier is called so.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def offers(self) -> list[str]:
        """What of them can be chosen: the carrier, and each service."""
        return [self.name, *(f"{self.name} {service}" for service in self.services)]

    def collects_on(self, at: datetime) -> date:
        """Return the day on which they take what is ready now."""
        days = self.calendar or self.company
        return dispatch_day(days, self.cut_off, at.astimezone(self.company.zone))

    def tracking_link(self, number: str) -> str:
        """Return where a parcel of theirs is followed; nothing where there is no such page or no number."""
        return self.tracking_url.replace(NUMBER_PLACE, quote(number, safe="")) if number else ""


class Shipment(models.Model):
    """Packed parcels of one order that leave one warehouse together, with a carrier and a tracking number."""

    class Status(models.TextChoices):
        DRAFT = "DRAFT", "Draft"
        LABELLED = "LABELLED", "Labelled"
        DISPATCHED = "DISPATCHED", "Dispatched"
        DELIVERED = "DELIVERED", "Delivered"
        RETURNING = "RETURNING", "On its way back"
        RETURNED = "RETURNED", "Came back"
        LOST = "LOST", "Lost"

    # It has left and is neither with the customer nor back; what is lost may turn up again
    OUT: ClassVar[Sequence[str]] = ["DISPATCHED", "RETURNING", "LOST"]

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    status = StatusField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    ship_to = models.JSONField()
    carrier = models.CharField(max_length=60, blank=True)
    # The one of ours that `carrier` names, where it is one
    carried_by = models.ForeignKey(Carrier, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    tracking_number = models.CharField(max_length=60, blank=True)
    posting = models.ForeignKey(StockPosting, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    attempts = models.PositiveSmallIntegerField("failed attempts", default=0)
    dispatched_at = models.DateTimeField(null=True)
    dispatched_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [SHIPMENT_GRAPH.trigger("shipment_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(
                    status__in=["DRAFT", "LABELLED", "DISPATCHED", "DELIVERED", "RETURNING", "RETURNED", "LOST"]
                ),
                name="shipment_status_is_known",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["company", "dispatched_at", "id"],
                condition=Q(status="DISPATCHED"),
                name="shipment_in_transit",
            ),
            models.Index(
                fields=["company", "dispatched_at", "id"],
                condition=Q(status__in=["RETURNING", "LOST"]),
                name="shipment_astray",
            ),
            models.Index(fields=["company", "id"], condition=Q(status="RETURNED"), name="shipment_came_back"),
            models.Index(
                fields=["company", "tracking_number"],
                condition=~Q(tracking_number=""),
                name="shipment_by_tracking_number",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The printed number."""
        return document_number("SH", self.pk)

    @property
    def tracking_link(self) -> str:
        """Where the shipment is followed; `carried_by` is loaded."""
        return self.carried_by.tracking_link(self.tracking_number) if self.carried_by else ""

    @transition(field=status, **SHIPMENT_GRAPH["dispatch"])
    def dispatch(self, *, at: datetime) -> None:
        """The goods have left the house."""
        self.dispatched_at = at

    @transition(field=status, **SHIPMENT_GRAPH["deliver"])
    def deliver(self, *, at: datetime) -> None:
        """The goods have arrived."""

    @transition(field=status, **SHIPMENT_GRAPH["refuse"])
    def refuse(self, *, at: datetime) -> None:
        """Nobody took the goods, and the carrier brings them back."""

    @transition(field=status, **SHIPMENT_GRAPH["lose"])
    def lose(self, *, at: datetime) -> None:
        """The carrier does not find them any more."""

    @transition(field=status, **SHIPMENT_GRAPH["come_back"])
    def come_back(self, *, at: datetime) -> None:
        """All of it that was not delivered is at our dock again."""


class ShipmentLine(models.Model):
    """One parcel content that left: a content leaves once, whoever asks again (PRODUCT.md case 68).

    `cost` is its issue value. `lost` are units that the carrier lost, `failed` those that came back undelivered; what
    was delivered of a delivered shipment are the others.
    """

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="lines")
    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="+")
    content = models.OneToOneField(ParcelContent, on_delete=models.PROTECT, related_name="+")
    part = models.ForeignKey(LinePart, on_delete=models.PROTECT, related_name="+")
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    cost = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    lost = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    failed = models.DecimalField(max_digits=18, decimal_places=6, default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="shipmentline_quantity_positive"),
            models.CheckConstraint(
                condition=Q(lost__gte=0, failed__gte=0, lost__lte=F("quantity") - F("failed")),
                name="shipmentline_lost_and_failed_within_quantity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of part {self.part_id}"


class Label(models.Model):
    """The number by which the carrier follows one parcel, where it has one of its own beside the shipment's."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="labels")
    parcel = models.OneToOneField(Parcel, on_delete=models.PROTECT, related_name="+")
    tracking_number = models.CharField(max_length=60, db_index=True)

    def __str__(self) -> str:
        return self.tracking_number


class ProofOfDelivery(models.Model):
    """That a shipment arrived: who took it in, when, and who of ours noted it."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    shipment = models.OneToOneField(Shipment, on_delete=models.PROTECT, related_name="proof")
    received_by = models.CharField(max_length=80, blank=True)
    received_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "proofs of delivery"

    def __str__(self) -> str:
        return f"{self.shipment_id} on {self.received_at:%Y-%m-%d}"


class DeliveryFailure(models.Model):
    """That a carrier did not deliver: refused, nobody there, lost; or that no attempt was made, which counts as none.

    Append-only: what turns out otherwise is a later row or the shipment's own state.
    """

    class Kind(models.TextChoices):
        REFUSED = "REFUSED", "Refused"
        MISSED = "MISSED", "Nobody there"
        NO_ATTEMPT = "NO_ATTEMPT", "No attempt made"
        LOST = "LOST", "Lost"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="failures")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    note = models.CharField(max_length=200, blank=True)
    claim = models.CharField("claim with the carrier", max_length=60, blank=True)
    happened_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    def __str__(self) -> str:
        return f"{self.kind} of {self.shipment_id}"
