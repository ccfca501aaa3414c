"""The one event log: every fact about an order, from every app (ADR 0003)."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core.ledger import append_only
from core.models import Company, CompanyQuerySet
from orders.models.sales import SalesOrder


class CancelReason(models.TextChoices):
    """Why an order, or a part of it, is not wanted or cannot be filled."""

    CUSTOMER = "CUSTOMER", "Customer asked"
    STOCK = "STOCK", "Not to be had"
    LATE = "LATE", "Too late"
    DUPLICATE = "DUPLICATE", "Ordered twice"
    PRICE = "PRICE", "Price or terms"
    CREDIT = "CREDIT", "Credit"
    MISTAKE = "MISTAKE", "Keyed by mistake"


class MoveReason(models.TextChoices):
    """Why stock that was promised to one order is given to another."""

    URGENT = "URGENT", "More urgent"
    AGREED = "AGREED", "Agreed with both customers"
    COMPLETES = "COMPLETES", "Completes the other order"
    DELAYED = "DELAYED", "The first order cannot leave yet"
    MISTAKE = "MISTAKE", "Allocated by mistake"


# What those who follow an order are told of; a Notice names each alike
TOLD = (
    *("HELD", "LIFTED", "PROMISED", "SHORT", "CUT", "CANCELLED"),
    *("DELIVERED", "DELIVERY_REFUSED", "DELIVERY_MISSED", "DELIVERY_LOST"),
)


def tell_followers() -> pgtrigger.Trigger:
    """Return the trigger that puts what matters into the inboxes of an order's followers, with the event itself.

    The services that write events need not ask whether anybody follows: no statement of theirs is spent on it, and
    other events do not wake it (ADR 0015).
    """
    return pgtrigger.Trigger(
        name="tell_followers",
        level=pgtrigger.Row,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        condition=pgtrigger.Q(new__kind__in=list(TOLD)),
        func="""
            INSERT INTO core_notice (company_id, user_id, kind, document_id, label, what, actor_id, at)
            SELECT NEW.company_id, f.user_id, f.kind, f.document_id, COALESCE(o.number, 'draft ' || o.id), NEW.kind,
                NEW.actor_id, NEW.at
            FROM core_follower f JOIN orders_salesorder o ON o.id = NEW.order_id
            WHERE f.company_id = NEW.company_id AND f.kind = 'salesorder' AND f.document_id = NEW.order_id
                AND f.user_id IS DISTINCT FROM NEW.actor_id
            ORDER BY f.user_id;
            RETURN NULL;
        """,
    )


class OrderEvent(models.Model):
    """A fact about an order: append-only, in the order of its id; timeline, stage clock and source of webhooks.

    `subject` names what it happened to (the order itself, a wave, a parcel, an invoice). `data` holds figures and
    numbers of documents, no personal text.
    """

    class Kind(models.TextChoices):
        CREATED = "CREATED", "Created"
        CHANGED = "CHANGED", "Changed"
        DISCARDED = "DISCARDED", "Discarded"
        CONFIRMED = "CONFIRMED", "Confirmed"
        ALLOCATED = "ALLOCATED", "Allocated"
        RESERVED = "RESERVED", "Reservation taken over"
        PROMISED = "PROMISED", "Promise moved"
        SUBSTITUTED = "SUBSTITUTED", "Substituted"
        BROKEN_UP = "BROKEN_UP", "Kit broken up"
        STOCK_MOVED = "STOCK_MOVED", "Stock moved between orders"
        BROUGHT = "BROUGHT", "Brought together"
        RELEASED = "RELEASED", "Released"
        PICKED = "PICKED", "Picked"
        SHORT = "SHORT", "Picked short"
        PACKED = "PACKED", "Packed"
        UNPACKED = "UNPACKED", "Unpacked"
        DISPATCHED = "DISPATCHED", "Dispatched"
        DELIVERED = "DELIVERED", "Delivered"
        DELIVERY_REFUSED = "DELIVERY_REFUSED", "Delivery refused"
        DELIVERY_MISSED = "DELIVERY_MISSED", "Delivery missed"
        NO_ATTEMPT = "NO_ATTEMPT", "No delivery attempted"
        DELIVERY_LOST = "DELIVERY_LOST", "Lost on the way"
        COMPLETED = "COMPLETED", "Completed"
        INVOICED = "INVOICED", "Invoiced"
        PAID = "PAID", "Paid"
        CREDITED = "CREDITED", "Credited"
        CREDIT_APPLIED = "CREDIT_APPLIED", "Credit applied"
        UNSETTLED = "UNSETTLED", "Settlement undone"
        REFUNDED = "REFUNDED", "Refunded"
        HELD = "HELD", "Put on hold"
        LIFTED = "LIFTED", "Hold lifted"
        CUT = "CUT", "Cut"
        CANCELLED = "CANCELLED", "Cancelled"
        PUT_BACK = "PUT_BACK", "Put back"
        CLOSED = "CLOSED", "Closed"
        RETURN_REQUESTED = "RETURN_REQUESTED", "Return requested"
        RETURN_AUTHORIZED = "RETURN_AUTHORIZED", "Return authorized"
        RETURN_REJECTED = "RETURN_REJECTED", "Return rejected"
        RETURN_CANCELLED = "RETURN_CANCELLED", "Return cancelled"
        RETURN_EXPIRED = "RETURN_EXPIRED", "Return expired"
        RETURN_RECEIVED = "RETURN_RECEIVED", "Returned goods received"
        RETURN_INSPECTED = "RETURN_INSPECTED", "Returned goods inspected"
        RETURN_DECIDED = "RETURN_DECIDED", "Returned goods put away"
        RETURN_CLEARED = "RETURN_CLEARED", "Goods taken out of quarantine"
        RETURN_LOST = "RETURN_LOST", "Lost goods to settle"
        RETURN_SETTLED = "RETURN_SETTLED", "Return settled"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="events", db_index=False)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    request_id = models.CharField(max_length=64, blank=True)
    data = models.JSONField(default=dict)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = [*append_only(), tell_followers()]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["order", "id"], name="orderevent_by_order")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.order_id}"
