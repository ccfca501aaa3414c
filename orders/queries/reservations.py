"""Reads of reservations: the queue, one of them, what is kept of a product or for a customer, and whose day is over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from core.models import User
from core.reading import day_at
from core.registry import DocumentLink, KeptUnits
from inventory.models import Allocation, Demand
from orders.models import Reservation, ReservationUse

Status = Reservation.Status
# A reservation that expires within so many days is running out
RUNS_OUT = timedelta(days=7)
# As many as a product's page has room for; the queue finds all
SHOWN = 20
_UNITS = DecimalField(max_digits=18, decimal_places=6)


def reservations(user: User) -> QuerySet[Reservation]:
    """Return the reservations of the person's companies; `comes` says how many units of each are still to come."""
    pegs = Allocation.objects.filter(demand=OuterRef("demand"), status=Allocation.Status.SOFT).order_by()
    comes = Subquery(pegs.values("demand").annotate(units=Sum("quantity")).values("units"))
    rows: QuerySet[Reservation] = Reservation.objects.for_user(user)
    return rows.select_related("customer", "product__unit", "warehouse", "demand", "created_by", "ended_by").annotate(
        comes=Coalesce(comes, Value(Decimal(0)), output_field=_UNITS), open_units=F("quantity") - F("taken")
    )


def tabs(today: date) -> dict[str, Q]:
    """Return the states by which reservations are looked after."""
    return {
        "open": Q(status=Status.OPEN),
        "out": Q(status=Status.OPEN, expires_on__lte=today + RUNS_OUT),
        "short": Q(status=Status.OPEN, demand__backordered__gt=F("comes")),
        "taken": Q(status=Status.TAKEN),
        "expired": Q(status=Status.EXPIRED),
        "freed": Q(status=Status.FREED),
    }


def expired(at: datetime) -> QuerySet[Reservation]:
    """Return the open reservations whose last day is over at their company."""
    today = day_at(at)
    return Reservation.objects.filter(status=Status.OPEN).annotate(today=today).filter(expires_on__lt=F("today"))


@dataclass(frozen=True, slots=True)
class Kept:
    """Units that a reservation keeps: in a warehouse, or of what is to come there on a day; and why from there."""

    quantity: Decimal
    warehouse: str
    comes_on: date | None
    reason: str


def kept_by(reservation: Reservation) -> list[Kept]:
    """Return where what a reservation keeps lies, and what comes for it, the first to come first."""
    rows = Allocation.objects.filter(
        demand=reservation.demand_id, status__in=[Allocation.Status.SOFT, Allocation.Status.FIRM]
    ).select_related("level__warehouse", "supply__order__warehouse", "transfer_line__transfer__to_warehouse")
    kept = []
    for row in rows.order_by("pk"):
        if row.level:
            kept.append(Kept(row.quantity, row.level.warehouse.name, None, row.reason))
        elif row.supply:
            kept.append(Kept(row.quantity, row.supply.order.warehouse.name, row.supply.expected_on, row.reason))
        elif row.transfer_line:
            transfer = row.transfer_line.transfer
            kept.append(Kept(row.quantity, transfer.to_warehouse.name, transfer.expected_on, row.reason))
    return sorted(kept, key=lambda one: (one.comes_on is not None, one.comes_on or date.min))


def uses_of(reservation: Reservation) -> QuerySet[ReservationUse]:
    """Return what orders took over of a reservation, the latest first."""
    return reservation.uses.select_related("part__order").order_by("-pk")


def open_for(user: User, **about: int) -> QuerySet[Reservation]:
    """Return the open reservations of a product or a customer that a person may see, the first to expire first."""
    return reservations(user).filter(status=Status.OPEN, **about).order_by("expires_on", "pk")


def products_of(demand_ids: Collection[int]) -> list[tuple[int, int]]:
    """Return demands with their products."""
    return list(Demand.objects.filter(pk__in=demand_ids).order_by("pk").values_list("pk", "product_id"))


def owners_of_reserved(demand_ids: Collection[int]) -> dict[int, DocumentLink]:
    """Return by demand the reservation that placed it, with for whom it is."""
    rows = Reservation.objects.filter(demand__in=demand_ids).select_related("customer")
    return {
        row.demand_id: DocumentLink(
            "reservation",
            row.number,
            reverse("reservations:reservation", args=[row.pk]),
            row.customer.name if row.customer else row.project,
        )
        for row in rows
    }


def kept_of_product(product_id: int, user: User) -> list[KeptUnits]:
    """Return what is kept of a product for later, the first to expire first; nothing for those who may not see it."""
    if not user.can("orders.view_reservations"):
        return []
    return [
        KeptUnits(
            DocumentLink("reservation", row.number, reverse("reservations:reservation", args=[row.pk])),
            row.customer.name if row.customer else row.project,
            row.left,
            row.wanted_on,
            row.expires_on,
        )
        for row in open_for(user, product=product_id)[:SHOWN]
    ]
