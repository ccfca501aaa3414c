"""Transfers: goods that one warehouse sends to another, and what is promised of them while they travel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, Q
from django_fsm import transition

from core.ledger import append_only
from core.locking import LockingQuerySet
from core.models import Company, CompanyQuerySet, User
from core.numbering import document_number
from core.transitions import Graph, StatusField
from inventory.models.catalogue import Product
from inventory.models.lots import Lot
from inventory.models.places import Warehouse, accesses_of
from inventory.models.stock import StockPosting, quantity_field

TRANSFER_GRAPH = Graph(
    send=(["DRAFT"], "SENT"),
    receive_part=(["SENT", "PART_RECEIVED"], "PART_RECEIVED"),
    receive=(["SENT", "PART_RECEIVED"], "RECEIVED"),
    cancel=(["DRAFT"], "CANCELLED"),
)


class TransferQuerySet(CompanyQuerySet):
    """Transfers, which are for those who work at either end."""

    def for_user(self, user: User) -> Self:
        """Return the transfers of the person's companies from or to a warehouse in which they work."""
        mine = accesses_of(user)
        here = mine.values("warehouse")
        return super().for_user(user).filter(~Exists(mine) | Q(from_warehouse__in=here) | Q(to_warehouse__in=here))


class Transfer(models.Model):
    """Goods that go from one warehouse to another, to be there on a day.

    A draft keeps its units at the warehouse that sends them: nobody else is promised these. Its lines are dated supply
    of the other warehouse from then on, pegged to what waits.
    """

    class Status(models.TextChoices):
        DRAFT = "DRAFT", "To send"
        SENT = "SENT", "On its way"
        PART_RECEIVED = "PART_RECEIVED", "Part received"
        RECEIVED = "RECEIVED", "Received"
        CANCELLED = "CANCELLED", "Cancelled"

    TRAVELS = ("SENT", "PART_RECEIVED")
    OPEN = ("DRAFT", *TRAVELS)

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    from_warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    to_warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    status = StatusField(max_length=13, choices=Status.choices, default=Status.DRAFT)
    expected_on = models.DateField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    objects = TransferQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [TRANSFER_GRAPH.trigger("transfer_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(status__in=["DRAFT", "SENT", "PART_RECEIVED", "RECEIVED", "CANCELLED"]),
                name="transfer_status_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(from_warehouse=F("to_warehouse")), name="transfer_between_two_warehouses"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["company", "expected_on", "id"],
                condition=Q(status__in=["DRAFT", "SENT", "PART_RECEIVED"]),
                name="transfer_open_by_date",
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The printed number."""
        return document_number("TR", self.pk)

    @transition(field=status, **TRANSFER_GRAPH["send"])
    def send(self, *, at: datetime) -> None:
        """Its goods left the one warehouse."""
        self.sent_at = at

    @transition(field=status, **TRANSFER_GRAPH["receive_part"])
    def receive_part(self, *, at: datetime) -> None:
        """Some of it came, and more is on its way."""

    @transition(field=status, **TRANSFER_GRAPH["receive"])
    def receive(self, *, at: datetime) -> None:
        """All of it came, or is known to be lost."""
        self.done_at = at

    @transition(field=status, **TRANSFER_GRAPH["cancel"])
    def cancel(self, *, at: datetime) -> None:
        """It is not sent."""
        self.done_at = at


class TransferLine(models.Model):
    """Units of one product, of one lot once they are sent, that travel from one warehouse to the other.

    `quantity` was asked for and `sent` has left (null before); of that `received` came and `lost` never will, and what
    is `open` is still to come: no more of it is pegged than that. `value` left with what was sent, and `settled` of it
    was taken in or written off, all of it with the last unit.
    What is to be sent is kept by a demand of the line's own (`kept_by`), which is on hold, so that nothing else serves
    it. `wanted_by` is the order's demand for which the units are brought; these look for no other stock meanwhile.
    """

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    quantity = quantity_field()
    sent = quantity_field(null=True)
    received = quantity_field(default=0)
    lost = quantity_field(default=0)
    open = models.GeneratedField(
        expression=models.functions.Greatest(
            models.functions.Coalesce(F("sent"), F("quantity")) - F("received") - F("lost"), Decimal(0)
        ),
        output_field=quantity_field(),
        db_persist=True,
    )
    value = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    settled = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    kept_by = models.ForeignKey("inventory.Demand", on_delete=models.PROTECT, related_name="+")
    wanted_by = models.ForeignKey("inventory.Demand", on_delete=models.PROTECT, null=True, related_name="+")

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["transfer", "position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["transfer", "position"], name="transferline_position_once_per_transfer"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="transferline_quantity_positive"),
            models.CheckConstraint(condition=Q(received__gte=0, lost__gte=0), name="transferline_counts_not_negative"),
            models.CheckConstraint(
                condition=Q(sent__isnull=True, received=0, lost=0)
                | Q(sent__lte=F("quantity"), sent__gte=F("received") + F("lost")),
                name="transferline_arrived_within_sent_within_quantity",
            ),
            models.CheckConstraint(
                condition=Q(settled__gte=0, settled__lte=F("value")), name="transferline_settled_within_value"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["product"], condition=Q(open__gt=0), name="transferline_open_by_product")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product_id}"

    @property
    def expected_on(self) -> date:
        """The day on which its transfer is to be there."""
        return self.transfer.expected_on


class TransferPosting(models.Model):
    """That a transfer caused a posting: its goods were picked, sent, taken in or written off."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="postings")
    posting = models.OneToOneField(StockPosting, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["posting"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    def __str__(self) -> str:
        return f"{self.posting_id} of {self.transfer_id}"
