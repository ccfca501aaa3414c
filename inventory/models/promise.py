"""The promise: demand that an order's part placed, and what was allocated to it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from core.locking import LockingQuerySet
from core.models import Company, CompanyQuerySet
from core.transitions import Graph, StatusField
from inventory.models.catalogue import Product
from inventory.models.channels import Channel, ChannelPool
from inventory.models.stock import StockLevel, quantity_field
from inventory.models.supply import SupplierOrderLine
from inventory.models.transfers import TransferLine

ALLOCATION_GRAPH = Graph(
    release=(["FIRM"], "RELEASED"),
    pick=(["RELEASED"], "PICKED"),
    consume=(["RELEASED", "PICKED"], "CONSUMED"),
    free=(["SOFT", "FIRM", "RELEASED", "PICKED"], "FREED"),
)
BROKEN_PEG_GRAPH = Graph(settle=(["OPEN"], "ANSWERED"))


class Demand(models.Model):
    """What one part of an order wants of a product, and how far it is promised; the unit of locking of the promise.

    A line of a transfer places one as well, on hold, for what it is to take with it, and a reservation places one for
    an order that is still to come.

    quantity = allocated + backordered + picked, always; `backordered` is computed by the database. `promised_on` is the
    day on which all of it can leave, unknown (null) while some of it has no supply; `first_promised_on` is the day that
    was said first, whatever came after. A demand that is held gets no stock. Of a product with lots it gets only what
    is good until `good_until`; of others (null) anything. Sold through a `channel`, it gets what that may have.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    quantity = quantity_field()
    allocated = quantity_field(default=0)
    picked = quantity_field(default=0)
    backordered = models.GeneratedField(
        expression=F("quantity") - F("allocated") - F("picked"), output_field=quantity_field(), db_persist=True
    )
    due_on = models.DateField()
    promised_on = models.DateField(null=True)
    first_promised_on = models.DateField(null=True)
    good_until = models.DateField(null=True)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    priority = models.SmallIntegerField(default=100)
    is_held = models.BooleanField(default=False)
    destination_country = models.CharField(max_length=2)
    destination_postcode = models.CharField(max_length=16, blank=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gte=0), name="demand_quantity_not_negative"),
            models.CheckConstraint(condition=Q(allocated__gte=0), name="demand_allocated_not_negative"),
            models.CheckConstraint(condition=Q(picked__gte=0), name="demand_picked_not_negative"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("allocated") + F("picked")), name="demand_promised_within_quantity"
            ),
        ]
        # `backordered` stays as it is while goods are picked and leave, so that these updates stay within their page
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["product"], condition=Q(backordered__gt=0), name="demand_waiting_by_product")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product_id}"


class Allocation(models.Model):
    """Stock of one level promised to one demand, with the reason for the choice; changed only under its demand's lock.

    A SOFT one is a peg: it promises what a supplier is to bring (`supply`), or what comes from another warehouse
    (`transfer_line`), is made under that line's lock, and its demand waits for it: neither the demand's `allocated` nor
    a level's counts it. A peg whose units came, or that is
    not kept, is FREED.

    `quantity` was allocated, `picked` of it has left the shelf, `consumed` of that has left the house; units that were
    given up are in none of them, but a row that gave up all keeps what it had been. The level's `allocated` is the sum
    of quantity - picked over FIRM and RELEASED rows.

    `good_until` is its demand's as long as no lot was chosen: the promises that lots must be kept for. `pool` is that
    of its demand's channel at its level, where there is one, as long as some of it was not picked.
    """

    class Status(models.TextChoices):
        SOFT = "SOFT", "Soft"
        FIRM = "FIRM", "Firm"
        RELEASED = "RELEASED", "Released"
        PICKED = "PICKED", "Picked"
        CONSUMED = "CONSUMED", "Consumed"
        FREED = "FREED", "Freed"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    demand = models.ForeignKey(Demand, on_delete=models.PROTECT, related_name="allocations")
    level = models.ForeignKey(StockLevel, on_delete=models.PROTECT, null=True, related_name="+")
    supply = models.ForeignKey(SupplierOrderLine, on_delete=models.PROTECT, null=True, related_name="pegs")
    transfer_line = models.ForeignKey(
        TransferLine, on_delete=models.PROTECT, null=True, related_name="pegs", db_index=False
    )
    quantity = quantity_field()
    picked = quantity_field(default=0)
    consumed = quantity_field(default=0)
    status = StatusField(max_length=10, choices=Status.choices, default=Status.FIRM)
    good_until = models.DateField(null=True)
    pool = models.ForeignKey(ChannelPool, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    objects = LockingQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = [ALLOCATION_GRAPH.trigger("allocation_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="allocation_quantity_positive"),
            models.CheckConstraint(
                condition=Q(consumed__gte=0, consumed__lte=F("picked"), picked__lte=F("quantity")),
                name="allocation_consumed_within_picked_within_quantity",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["SOFT", "FIRM", "RELEASED", "PICKED", "CONSUMED", "FREED"]),
                name="allocation_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(level__isnull=False, supply__isnull=True, transfer_line__isnull=True)
                | Q(level__isnull=True, supply__isnull=False, transfer_line__isnull=True)
                | Q(level__isnull=True, supply__isnull=True, transfer_line__isnull=False),
                name="allocation_of_stock_or_of_what_comes",
            ),
            models.CheckConstraint(
                condition=Q(status="SOFT", level__isnull=True)
                | Q(status="FREED")
                | (~Q(status__in=["SOFT", "FREED"]) & Q(level__isnull=False)),
                name="allocation_soft_while_it_has_no_stock",
            ),
            models.CheckConstraint(
                condition=Q(pool__isnull=True) | Q(status__in=["FIRM", "RELEASED"]), name="allocation_open_in_its_pool"
            ),
        ]
        # Rows leave them with the release, and with the last unit picked: they hold what is promised, not what was
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["level"], condition=Q(good_until__isnull=False), name="allocation_of_lots_to_choose"),
            models.Index(fields=["pool"], condition=Q(pool__isnull=False), name="allocation_open_in_pool"),
            models.Index(
                fields=["level"], condition=Q(status__in=["FIRM", "RELEASED", "PICKED"]), name="allocation_to_be_sent"
            ),
            models.Index(
                fields=["transfer_line", "demand"],
                condition=Q(transfer_line__isnull=False, status="SOFT"),
                name="allocation_pegged_to_transfer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} for {self.demand_id}"

    @property
    def stock(self) -> StockLevel:
        """The level whose stock it promises, which all have but pegs."""
        if self.level is None:
            raise AssertionError(f"Allocation {self.pk} promises what has not come yet.")
        return self.level

    @transition(field=status, **ALLOCATION_GRAPH["release"])
    def release(self, *, at: object) -> None:
        """Bins were chosen and pick tasks made."""

    @transition(field=status, **ALLOCATION_GRAPH["pick"])
    def pick(self, *, at: object) -> None:
        """All of it has left the shelf."""

    @transition(field=status, **ALLOCATION_GRAPH["consume"])
    def consume(self, *, at: object) -> None:
        """All that was kept of it has left the house."""

    @transition(field=status, **ALLOCATION_GRAPH["free"])
    def free(self, *, at: object) -> None:
        """The stock, or what is to come, is for others again."""


class BrokenPeg(models.Model):
    """Units that one side of a peg gave up, until somebody of the other side has said what happens now (case 45).

    Where a supplier's order was cancelled an order waits for nothing; where a customer's was, a supplier brings what
    nobody asked for. Neither is changed by itself.
    """

    class Kind(models.TextChoices):
        ORDER_WAITS = "ORDER_WAITS", "Order waits for nothing"
        SUPPLY_SPARE = "SUPPLY_SPARE", "Nobody asked for it any more"

    class Status(models.TextChoices):
        OPEN = "OPEN", "Open"
        ANSWERED = "ANSWERED", "Answered"

    class Answer(models.TextChoices):
        WAIT = "WAIT", "Let it wait for other stock"
        OTHER_SUPPLIER = "OTHER_SUPPLIER", "Bought from another supplier"
        CANCEL = "CANCEL", "Cancelled with the customer"
        KEEP = "KEEP", "Keep it for stock"
        CUT = "CUT", "Cut from the supplier's order"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    demand = models.ForeignKey(Demand, on_delete=models.PROTECT, related_name="+")
    supply = models.ForeignKey(SupplierOrderLine, on_delete=models.PROTECT, related_name="broken_pegs")
    quantity = quantity_field()
    status = StatusField(max_length=8, choices=Status.choices, default=Status.OPEN)
    answer = models.CharField(max_length=14, choices=Answer.choices, blank=True)
    asked_at = models.DateTimeField()
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = [BROKEN_PEG_GRAPH.trigger("brokenpeg_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="brokenpeg_quantity_positive"),
            models.CheckConstraint(condition=Q(status__in=["OPEN", "ANSWERED"]), name="brokenpeg_status_is_known"),
            models.CheckConstraint(
                condition=Q(kind__in=["ORDER_WAITS", "SUPPLY_SPARE"]), name="brokenpeg_kind_is_known"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "kind", "id"], condition=Q(status="OPEN"), name="brokenpeg_open_by_kind")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.supply_id}"

    @transition(field=status, **BROKEN_PEG_GRAPH["settle"])
    def settle(self, *, at: datetime) -> None:
        """Somebody said what happens."""
        self.answered_at = at
