"""What is kept for later: units of a product that a customer or a project is to have, until a day."""

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

from core.ledger import append_only
from core.locking import LockingQuerySet
from core.models import Company, CompanyQuerySet
from core.numbering import document_number
from core.transitions import Graph, StatusField
from inventory.models import Demand, Product, Warehouse
from orders.models.customers import Customer
from orders.models.sales import LinePart

RESERVATION_GRAPH = Graph(
    take=(["OPEN"], "TAKEN"),
    expire=(["OPEN"], "EXPIRED"),
    free=(["OPEN"], "FREED"),
)


@pghistory.track(
    pghistory.UpdateEvent(condition=pghistory.AnyChange("customer", "expires_on"), row=pghistory.Old),
    fields=["customer", "expires_on"],
    model_name="ReservationHistory",
    obj_field=pghistory.ObjForeignKey(related_name="history"),
)
class Reservation(models.Model):
    """Units of a product that are kept for a customer, or for a project in words, through the day of `expires_on`.

    Its `demand` takes part in promising like that of an order: it has stock, or is pegged to what comes. Orders of the
    customer take it over as they are confirmed (`taken`); while it is open its demand is for the rest, afterwards for
    nothing. `warehouse` is where it was asked to be kept if possible.
    """

    class Status(models.TextChoices):
        OPEN = "OPEN", "Open"
        TAKEN = "TAKEN", "Taken"
        EXPIRED = "EXPIRED", "Expired"
        FREED = "FREED", "Freed"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    project = models.CharField(max_length=120, blank=True)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    taken = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    wanted_on = models.DateField()
    expires_on = models.DateField()
    status = StatusField(max_length=7, choices=Status.choices, default=Status.OPEN)
    demand = models.OneToOneField(Demand, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    # Why it was freed by hand, by whom, and when it ended in whatever way
    reason = models.CharField(max_length=200, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(null=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [RESERVATION_GRAPH.trigger("reservation_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, taken__gte=0, taken__lte=F("quantity")),
                name="reservation_taken_within_quantity",
            ),
            models.CheckConstraint(
                condition=Q(customer__isnull=False) | ~Q(project=""), name="reservation_is_for_somebody"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["OPEN", "TAKEN", "EXPIRED", "FREED"]), name="reservation_status_is_known"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Asked with every order that is confirmed
            models.Index(fields=["customer"], condition=Q(status="OPEN"), name="reservation_open_by_customer"),
            models.Index(fields=["company", "status", "expires_on", "id"], name="reservation_by_expiry"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The printed number."""
        return document_number("RV", self.pk)

    @property
    def left(self) -> Decimal:
        """What no order has taken over."""
        return self.quantity - self.taken

    @transition(field=status, **RESERVATION_GRAPH["take"])
    def take(self, *, at: datetime) -> None:
        """Orders took the last unit over."""
        self.ended_at = at

    @transition(field=status, **RESERVATION_GRAPH["expire"])
    def expire(self, *, at: datetime) -> None:
        """Its last day is over."""
        self.ended_at = at

    @transition(field=status, **RESERVATION_GRAPH["free"])
    def free(self, *, at: datetime) -> None:
        """Nobody wants it any more."""
        self.ended_at = at


class ReservationUse(models.Model):
    """Units of a reservation that a part of an order took over; together they are what was taken of it."""

    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="uses")
    part = models.ForeignKey(LinePart, on_delete=models.PROTECT, related_name="+")
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    at = models.DateTimeField()

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservationuse_quantity_positive")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.reservation_id}"
