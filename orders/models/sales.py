"""The sales order: commercial lines, physical parts, and the facets that say how far each is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Self

import pghistory
import pgtrigger
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django_fsm import transition

from core.locking import LockingQuerySet
from core.models import Company, User
from core.numbering import document_number
from core.transitions import Graph, StatusField
from inventory.models import Channel, Demand, Product
from orders.models.credit import CreditedQuerySet
from orders.models.customers import Customer, InvoiceOn, ShipPolicy
from orders.models.facets import Facet
from orders.models.intake import CustomerPO

ORDER_GRAPH = Graph(
    submit_for_review=(["DRAFT"], "REVIEW"),
    confirm=(["DRAFT", "REVIEW"], "CONFIRMED"),
    release=(["CONFIRMED", "RELEASED"], "RELEASED"),
    pull_back=(["RELEASED"], "CONFIRMED"),
    complete=(["RELEASED"], "COMPLETED"),
    reopen=(["COMPLETED"], "RELEASED"),
    close=(["CONFIRMED", "RELEASED", "COMPLETED"], "CLOSED"),
    cancel=(["DRAFT", "REVIEW", "CONFIRMED", "RELEASED"], "CANCELLED"),
)


_COMMERCIAL = [
    *("customer", "po_number", "requested_on", "ship_to", "bill_to", "terms_days", "currency"),
    *("discount_percent", "discount"),
]


def _facet_field() -> models.CharField:
    return models.CharField(max_length=4, choices=Facet.choices, default=Facet.NONE)


@pghistory.track(
    pghistory.UpdateEvent(condition=pghistory.AnyChange(*_COMMERCIAL), row=pghistory.Old),
    fields=_COMMERCIAL,
    model_name="SalesOrderHistory",
    obj_field=pghistory.ObjForeignKey(related_name="history"),
)
class SalesOrder(models.Model):
    """What a customer ordered and we agreed to. Terms freeze at confirm (PRODUCT.md A10).

    `status` is what people decide; the five facets are caches set in the statement that advances the parts, and proved
    by the audit. So are `promise`, how its promise stands, and `leaves_from`, the warehouses that units of it are
    promised from, or left: lists by which queues find what is under way. `to_release` says that stock is promised to it
    which no wave has, whether or not something keeps that from the warehouse.
    """

    class Status(models.TextChoices):
        DRAFT = "DRAFT", "Draft"
        REVIEW = "REVIEW", "In review"
        CONFIRMED = "CONFIRMED", "Confirmed"
        RELEASED = "RELEASED", "Released"
        COMPLETED = "COMPLETED", "Completed"
        CLOSED = "CLOSED", "Closed"
        CANCELLED = "CANCELLED", "Cancelled"

    # Somebody still has work with them
    OPEN: ClassVar[Sequence[str]] = ["DRAFT", "REVIEW", "CONFIRMED", "RELEASED", "COMPLETED"]
    # Goods of them are still to leave, or to be promised
    TO_SHIP: ClassVar[Sequence[str]] = ["DRAFT", "REVIEW", "CONFIRMED", "RELEASED"]

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.CharField(max_length=20, null=True, editable=False)  # noqa: DJ001 - a draft has none, and none is unique
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    customer_po = models.ForeignKey(CustomerPO, on_delete=models.PROTECT, null=True, related_name="+")
    po_number = models.CharField("customer's PO number", max_length=60)
    po_key = models.CharField(max_length=60, editable=False)
    po_release = models.PositiveSmallIntegerField("release of the PO", default=1, editable=False)
    status = StatusField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    allocation = _facet_field()
    fulfilment = _facet_field()
    billing = _facet_field()
    payment = _facet_field()
    returned = _facet_field()
    promise = models.JSONField(db_default=models.Value([], models.JSONField()), editable=False)
    leaves_from = models.JSONField(db_default=models.Value([], models.JSONField()), editable=False)
    to_release = models.BooleanField(default=False, db_default=False, editable=False)
    # Where it is sold, which decides of what stock it can be promised
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    ordered_on = models.DateField()
    requested_on = models.DateField()
    ship_to = models.JSONField()
    bill_to = models.JSONField()
    terms_days = models.PositiveSmallIntegerField()
    # The certificate by which its lines are not taxed, as it was when they were priced
    tax_exemption = models.CharField(max_length=60, blank=True, editable=False)
    # Off the goods and services together: an amount, or the percentage that it was made from; spread over their lines
    discount_percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    discount = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    invoice_on = models.CharField(
        max_length=8, choices=InvoiceOn.choices, default=InvoiceOn.DISPATCH, editable=False
    )  # the customer's rule on the day of confirming, as are the two that follow
    ship_policy = models.CharField(max_length=7, choices=ShipPolicy.choices, default=ShipPolicy.PARTIAL, editable=False)
    ship_minimum = models.PositiveSmallIntegerField(default=0, editable=False)
    net = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    tax = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    gross = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    confirmed_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CreditedQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [ORDER_GRAPH.trigger("salesorder_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "number"], name="salesorder_number_once_per_company"),
            models.UniqueConstraint(
                fields=["company", "customer", "po_key", "po_release"],
                condition=~Q(status="CANCELLED"),
                name="salesorder_po_once_per_customer",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["DRAFT", "REVIEW", "CONFIRMED", "RELEASED", "COMPLETED", "CLOSED", "CANCELLED"]
                ),
                name="salesorder_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=False) | Q(status__in=["DRAFT", "REVIEW", "CANCELLED"]),
                name="salesorder_numbered_from_confirm",
            ),
            models.CheckConstraint(
                condition=Q(discount__gte=0, discount_percent__gte=0, discount_percent__lte=100),
                name="salesorder_discount_takes_off",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["company", "status", "requested_on", "id"],
                condition=Q(status__in=["DRAFT", "REVIEW", "CONFIRMED", "RELEASED", "COMPLETED"]),
                name="salesorder_open_by_status",
            ),
            models.Index(
                fields=["company", "billing", "id"],
                condition=Q(status__in=["CONFIRMED", "RELEASED", "COMPLETED"]),
                name="salesorder_open_by_billing",
            ),
            # Most of what is open waits for goods; nothing is promised to an order of charges and services alone
            models.Index(
                fields=["company", "id"],
                condition=Q(
                    ~Q(fulfilment="NONE") | Q(invoice_on="CONFIRM") | Q(promise=[]),
                    status__in=["CONFIRMED", "RELEASED", "COMPLETED"],
                    billing__in=["NONE", "PART"],
                ),
                name="salesorder_to_invoice",
            ),
            models.Index(
                fields=["company", "requested_on", "id"],
                condition=Q(status__in=["DRAFT", "REVIEW", "CONFIRMED", "RELEASED"]),
                name="salesorder_to_do_by_day",
            ),
            models.Index(
                fields=["company", "requested_on"],
                condition=Q(to_release=True),
                name="salesorder_to_release_by_day",
            ),
            models.Index(
                fields=["customer"],
                condition=Q(status__in=["DRAFT", "REVIEW", "CONFIRMED", "RELEASED"]),
                name="salesorder_to_do_by_customer",
            ),
            models.Index(fields=["channel", "id"], condition=Q(channel__isnull=False), name="salesorder_by_channel"),
            # Orders lie as they came: a few pages say which stretch of the table has the orders of some days
            BrinIndex(fields=["ordered_on"], name="salesorder_by_day_ordered"),
            models.Index(fields=["company", "po_key"], name="salesorder_by_po_number"),
            # A list of pending entries would be read by every queue; and whoever asks by status alone is not to walk it
            GinIndex(
                fields=["promise", "leaves_from"],
                opclasses=["jsonb_path_ops", "jsonb_path_ops"],
                fastupdate=False,
                condition=Q(status__in=["CONFIRMED", "RELEASED", "COMPLETED"]) & ~Q(promise=[]),
                name="salesorder_open_by_promise",
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"draft {self.pk}"

    @transition(field=status, **ORDER_GRAPH["confirm"])
    def confirm(self, *, at: datetime) -> None:
        """Freeze the terms and give the number."""
        self.confirmed_at = at
        self.number = document_number("SO", self.pk)

    @transition(field=status, **ORDER_GRAPH["release"])
    def release(self, *, at: datetime) -> None:
        """At least one unit is with a warehouse."""

    @transition(field=status, **ORDER_GRAPH["pull_back"])
    def pull_back(self, *, at: datetime) -> None:
        """No unit of it is with a warehouse any more."""

    @transition(field=status, **ORDER_GRAPH["complete"])
    def complete(self, *, at: datetime) -> None:
        """Every part is shipped or cancelled."""
        self.completed_at = at

    @transition(field=status, **ORDER_GRAPH["close"])
    def close(self, *, at: datetime) -> None:
        """Nothing is left to ship, to bill or to be paid."""

    @transition(field=status, **ORDER_GRAPH["cancel"])
    def cancel(self, *, at: datetime) -> None:
        """Nothing more is to come of it."""


@pghistory.track(
    pghistory.UpdateEvent(
        condition=pghistory.AnyChange("product", "quantity", "price", "discount_percent"), row=pghistory.Old
    ),
    pghistory.DeleteEvent(),
    fields=["product", "quantity", "price", "discount_percent"],
    model_name="SalesOrderLineHistory",
    obj_field=pghistory.ObjForeignKey(related_name="history"),
)
class SalesOrderLine(models.Model):
    """What was agreed for one item: quantity in stock units, price per unit, tax; how much was cancelled and invoiced.

    `quantity` and `net` stay what was agreed; `cancelled_net` is what the cancelled units took away of the net.
    `credited` is what credit notes took back of that to be billed again or never; billed is invoiced less credited. A
    credit for a price or out of goodwill takes nothing back and does not count here.
    """

    class PriceSource(models.TextChoices):
        LIST = "LIST", "Price list"
        MANUAL = "MANUAL", "Keyed"
        DOCUMENT = "DOCUMENT", "Customer's document"

    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    # The kit that this was a component of, until that was broken up
    of_kit = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    description = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    price = models.DecimalField(max_digits=18, decimal_places=6)
    price_source = models.CharField(max_length=10, choices=PriceSource.choices, default=PriceSource.LIST)
    # Why this price: the list, with the quantity and the days it counts for
    price_reason = models.CharField(max_length=160, blank=True)
    discount_percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    # This line's share of the order's discount; it is off the net already
    order_discount = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    tax_category = models.CharField(max_length=2)
    tax_rate = models.DecimalField(max_digits=7, decimal_places=4)
    net = models.DecimalField(max_digits=18, decimal_places=4)
    cancelled = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    cancelled_net = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    invoiced = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    invoiced_net = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    credited = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    credited_net = models.DecimalField(max_digits=18, decimal_places=4, default=0)

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["order", "position"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["of_kit"], condition=Q(of_kit__isnull=False), name="salesorderline_of_kit"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Looked at when a statement ends, so that one statement can move lines up and down
            models.UniqueConstraint(
                fields=["order", "position"],
                name="salesorderline_position_once_per_order",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="salesorderline_quantity_positive"),
            models.CheckConstraint(condition=Q(price__gte=0), name="salesorderline_price_not_negative"),
            models.CheckConstraint(
                condition=Q(discount_percent__gte=0, discount_percent__lte=100),
                name="salesorderline_discount_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=Q(credited__gte=0, credited__lte=F("invoiced"), invoiced__lte=F("quantity") + F("credited")),
                name="salesorderline_billed_within_ordered",
            ),
            models.CheckConstraint(
                condition=Q(cancelled__gte=0, cancelled__lte=F("quantity") - F("invoiced") + F("credited")),
                name="salesorderline_cancelled_within_not_billed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.position}"

    @property
    def remaining_net(self) -> Decimal:
        """The net without what was cancelled."""
        return self.net - self.cancelled_net


# What of parts lies in totes, and what in parcels that are still in the house
IN_TOTES, IN_PARCELS = Q(picked__gt=F("packed")), Q(packed__gt=F("shipped"))


class LinePartQuerySet(LockingQuerySet):
    """Parts of orders, which are for those of the order's company."""

    def for_user(self, user: User) -> Self:
        """Return the parts of orders of the companies that the user belongs to."""
        return self.filter(order__company__in=user.company_ids)


class LinePart(models.Model):
    """The physical half of a line: one product, one date, running totals in stock units that only a reversal lowers.

    A component of a kit has a `ratio`, how many of it are in one, and a `price_share`, its part of the line's net: both
    as they were when the order was confirmed. The shares of a line's components are 1 together.

    What is now in a stage is a difference of two totals. `demand` is the promise below; allocated and backordered live
    there only.
    """

    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="parts")
    line = models.ForeignKey(SalesOrderLine, on_delete=models.PROTECT, related_name="parts")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    demand = models.OneToOneField(Demand, on_delete=models.PROTECT, null=True, related_name="+")
    requested_on = models.DateField()
    ratio = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    price_share = models.DecimalField(max_digits=9, decimal_places=8, null=True)
    ordered = models.DecimalField(max_digits=18, decimal_places=6)
    cancelled = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    picked = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    packed = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    shipped = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    delivered = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    returned = models.DecimalField(max_digits=18, decimal_places=6, default=0)

    objects = LinePartQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(ordered__gt=0, cancelled__gte=0, cancelled__lte=F("ordered")),
                name="linepart_cancelled_within_ordered",
            ),
            models.CheckConstraint(
                condition=Q(picked__lte=F("ordered") - F("cancelled")), name="linepart_picked_within_ordered"
            ),
            models.CheckConstraint(condition=Q(packed__lte=F("picked")), name="linepart_packed_within_picked"),
            models.CheckConstraint(condition=Q(shipped__lte=F("packed")), name="linepart_shipped_within_packed"),
            models.CheckConstraint(
                condition=Q(delivered__gte=0, delivered__lte=F("shipped"), returned__gte=0, returned__lte=F("shipped")),
                name="linepart_returned_within_shipped",
            ),
            models.CheckConstraint(
                condition=Q(ratio__isnull=True, price_share__isnull=True)
                | Q(ratio__gt=0, price_share__gte=0, price_share__lte=1),
                name="linepart_component_has_ratio_and_share",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["order"], condition=IN_TOTES, name="linepart_in_totes_by_order"),
            models.Index(fields=["order"], condition=IN_PARCELS, name="linepart_in_parcels_by_order"),
        ]

    def __str__(self) -> str:
        return f"part {self.pk} of {self.line_id}"
