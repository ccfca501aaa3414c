"""The promise: demand that an order's part placed, and what was allocated to it."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from core.locking import LockingQuerySet
from core.models import Company, CompanyQuerySet
from core.transitions import Graph
from inventory.models.catalogue import Product
from inventory.models.stock import StockLevel, quantity_field

ALLOCATION_GRAPH = Graph(
    release=(["FIRM"], "RELEASED"),
    pick=(["RELEASED"], "PICKED"),
    consume=(["RELEASED", "PICKED"], "CONSUMED"),
    free=(["FIRM", "RELEASED", "PICKED"], "FREED"),
)


class Demand(models.Model):
    """What one part of an order wants of a product, and how far it is promised; the unit of locking of the promise.

    quantity = allocated + backordered + picked, always; `backordered` is computed by the database. `promised_on` is the
    day on which all of it can leave, unknown (null) while some of it has no supply. A demand that is held gets no
    stock.
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

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product_id}"


class Allocation(models.Model):
    """Stock of one level promised to one demand, with the reason for the choice; changed only under its demand's lock.

    `quantity` was allocated, `picked` of it has left the shelf, `consumed` of that has left the house; units that were
    given up are in none of them, but a row that gave up all keeps what it had been. The level's `allocated` is the sum
    of quantity - picked over FIRM and RELEASED rows.
    """

    class Status(models.TextChoices):
        FIRM = "FIRM", "Firm"
        RELEASED = "RELEASED", "Released"
        PICKED = "PICKED", "Picked"
        CONSUMED = "CONSUMED", "Consumed"
        FREED = "FREED", "Freed"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    demand = models.ForeignKey(Demand, on_delete=models.PROTECT, related_name="allocations")
    level = models.ForeignKey(StockLevel, on_delete=models.PROTECT, related_name="+")
    quantity = quantity_field()
    picked = quantity_field(default=0)
    consumed = quantity_field(default=0)
    status = FSMField(max_length=10, choices=Status.choices, default=Status.FIRM, protected=True)
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
                condition=Q(status__in=["FIRM", "RELEASED", "PICKED", "CONSUMED", "FREED"]),
                name="allocation_status_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} for {self.demand_id}"

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
        """The stock is sellable to others again."""
