"""Reads of shipping that join, aggregate or feed a page, and the blockers of its verbs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.urls import reverse

from core import registry
from core.models import User
from core.numbering import document_number
from core.reading import each_has, is_one_of
from core.refusals import Blocker
from core.registry import DocumentLink, Found, Hit, LotStep, SetUpPart, Stage
from core.seeking import Sought, first_of
from core.setting_up import counted
from inventory.models import accesses_of
from orders.models import IN_PARCELS, Hold, LinePart, SalesOrder
from orders.queries import holds
from orders.queries.kits import part_name
from shipping import sql
from shipping.models import Carrier, DeliveryFailure, Shipment, ShipmentLine
from warehouse.models import Parcel, ParcelContent


@dataclass(frozen=True, slots=True)
class DockFacts:
    """What of an order waits at the dock, and how many shipments of it have left."""

    order_id: int
    status: str
    parcels: int
    weight_g: Decimal | None
    warehouses: list[str]
    shipments: int
    held: int  # parcels that a hold keeps at the dock
    is_short: bool  # less was found than was to be picked, and that is in no parcel yet
    reasons: list[str]  # of the order's holds

    @property
    def holds(self) -> list[str]:
        """Why the order, or lines of it, are on hold, in words."""
        return [holds.sentence(reason) for reason in self.reasons]

    @property
    def weight_kg(self) -> Decimal | None:
        """The parcels' weight in kilograms, where all of them were weighed."""
        return None if self.weight_g is None else self.weight_g / 1000


def dock_facts(order_ids: Collection[int]) -> dict[int, DockFacts]:
    """Return what of each order waits at the dock; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql.ORDER_FACTS, [list(order_ids)])
        return {order_id: DockFacts(order_id, *facts) for order_id, *facts in cursor.fetchall()}


def blockers(order_ids: Collection[int], verb: str) -> dict[int, list[Blocker]]:
    """Return why a verb is off for each order; an order that is not named has nothing against it. One statement.

    Knows "shipping.dispatch".

    :raises KeyError: for a verb that is not shipping's.
    """
    if verb != "shipping.dispatch":
        raise KeyError(verb)
    found: dict[int, list[Blocker]] = {}
    for order_id, facts in dock_facts(order_ids).items() if order_ids else ():
        if facts.parcels:
            continue
        if facts.held:
            found[order_id] = [Blocker("on_hold", sentence) for sentence in facts.holds]
            continue
        if facts.shipments:
            found[order_id] = [Blocker("already_dispatched", "Everything packed has left already.")]
        else:
            found[order_id] = [Blocker("not_packed", "Nothing is packed yet.")]
    return found


def deliver_blockers(shipments: Iterable[Shipment], received_at: datetime) -> dict[int, list[Blocker]]:
    """Return why shipments cannot be noted as delivered at a moment; one that is not named can, or is already."""
    found: dict[int, list[Blocker]] = {}
    for shipment in shipments:
        if shipment.dispatched_at is None:
            found[shipment.pk] = [Blocker("not_dispatched", f"{shipment} has not left yet.")]
            continue
        left_at = shipment.dispatched_at.replace(second=0, microsecond=0)  # people say it to the minute
        if shipment.status in {Shipment.Status.LOST, Shipment.Status.RETURNED}:
            state = "is lost" if shipment.status == Shipment.Status.LOST else "came back"
            found[shipment.pk] = [Blocker("not_delivered", f"{shipment} {state}: it was not delivered.")]
        elif shipment.status != Shipment.Status.DELIVERED and received_at < left_at:
            found[shipment.pk] = [Blocker("before_dispatch", f"{shipment} left later than that.")]
    return found


def fail_blockers(shipments: Iterable[Shipment], happened_at: datetime) -> dict[int, list[Blocker]]:
    """Return why shipments cannot have failed to be delivered at a moment; one that is not named can."""
    found: dict[int, list[Blocker]] = {}
    shipments = list(shipments)
    ids = [shipment.pk for shipment in shipments]
    arrived = {pk for sent_back in registry.sent_back for pk in sent_back(ids)} if ids else set()
    for shipment in shipments:
        if shipment.dispatched_at is None:
            found[shipment.pk] = [Blocker("not_dispatched", f"{shipment} has not left yet.")]
            continue
        if shipment.pk in arrived:
            sentence = f"The customer sent goods of {shipment} back, so it arrived: note it as delivered."
            found[shipment.pk] = [Blocker("sent_back", sentence)]
            continue
        left_at = shipment.dispatched_at.replace(second=0, microsecond=0)
        if shipment.status not in {Shipment.Status.DISPATCHED, Shipment.Status.RETURNING}:
            state = shipment.get_status_display().lower()
            found[shipment.pk] = [Blocker("not_on_its_way", f"{shipment} is not on its way: {state}.")]
        elif happened_at < left_at:
            found[shipment.pk] = [Blocker("before_dispatch", f"{shipment} left later than that.")]
    return found


def failures_of(shipment: Shipment) -> list[DeliveryFailure]:
    """Return what went wrong with a shipment, the latest first."""
    return list(shipment.failures.select_related("recorded_by").order_by("-pk"))


def departed(parcel_ids: Collection[int]) -> set[int]:
    """Return which of some parcels have left the house."""
    gone = ShipmentLine.objects.filter(parcel__in=parcel_ids).values_list("parcel_id", flat=True)
    return set(gone)


_PACKED = Parcel.objects.filter(order=OuterRef("pk"), status=Parcel.Status.PACKED)
_HAS_LEFT = Exists(ShipmentLine.objects.filter(parcel=OuterRef("pk")))
# A box is not opened for a hold: one line of its contents keeps all of it here
_STOPS = Q(line__isnull=True) | Exists(
    ParcelContent.objects.filter(parcel=OuterRef(OuterRef("pk")), part__line=OuterRef("line"))
)
_IS_HELD = Exists(Hold.objects.filter(_STOPS, order=OuterRef("order_id"), released_at__isnull=True))


# What an order that is completed was to send has left
_IS_RELEASED = Q(status=SalesOrder.Status.RELEASED)
# Units in parcels that are here are few and have an index: they are looked up first
_HAS_PARCELS = Q(is_one_of(LinePart.objects.filter(IN_PARCELS).values("order")))
# Parcels are read only where a hold may keep them
HAS_PARCELS_AT_THE_DOCK = (
    _IS_RELEASED & _HAS_PARCELS & (~Q(holds.order_is_held()) | Q(each_has(_PACKED.filter(~_HAS_LEFT, ~_IS_HELD))))
)
# Few orders are on hold: they are found first
HAS_PARCELS_ON_HOLD = _IS_RELEASED & holds.ORDER_IS_HELD & Q(each_has(_PACKED.filter(~_HAS_LEFT, _IS_HELD)))


def orders_at_the_dock(user: User) -> QuerySet[SalesOrder]:
    """Return the orders of the person's companies that are with a warehouse or have left it, with their customers.

    Who is kept to some warehouses gets those with parcels there.
    """
    statuses = [SalesOrder.Status.RELEASED, SalesOrder.Status.COMPLETED]
    mine = accesses_of(user)
    here = Parcel.objects.filter(order=OuterRef("pk"), warehouse__in=mine.values("warehouse"))
    orders = SalesOrder.objects.for_user(user).filter(status__in=statuses).select_related("customer")
    return orders.filter(Q(~Exists(mine)) | Q(Exists(here)))


def orders_of_parcels(user: User, parcel_ids: Collection[int]) -> dict[int, int]:
    """Return the orders of those parcels that are of the person's companies, by parcel id."""
    return dict(Parcel.objects.for_user(user).filter(pk__in=parcel_ids).values_list("pk", "order_id"))


def parcels_at_the_dock(order_ids: Collection[int], user: User) -> QuerySet[Parcel]:
    """Return orders' packed parcels in the person's warehouses that can leave, with how many units each holds."""
    return (
        Parcel.objects.for_user(user)
        .filter(~_HAS_LEFT, ~_IS_HELD, order__in=order_ids, status=Parcel.Status.PACKED)
        .select_related("warehouse")
        .annotate(units=Sum("contents__quantity"))
        .order_by("order_id", "pk")
    )


def shipments(user: User) -> QuerySet[Shipment]:
    """Return the shipments of the person's companies, with what a row shows of them."""
    return Shipment.objects.for_user(user).select_related(
        "order__customer", "warehouse", "dispatched_by", "proof", "carried_by"
    )


def shipments_of_order(order_id: int, user: User) -> QuerySet[Shipment]:
    """Return an order's shipments from the person's warehouses, with how many parcels and units each took."""
    return (
        Shipment.objects.for_user(user)
        .filter(order_id=order_id)
        .select_related("warehouse", "dispatched_by", "proof", "carried_by")
        .prefetch_related("labels")
        .annotate(parcels=Count("lines__parcel", distinct=True), units=Sum("lines__quantity"))
        .order_by("pk")
    )


@dataclass(frozen=True, slots=True)
class LeftLine:
    """Units of one product, and of one lot where it has them, that left in a parcel."""

    sku: str
    description: str
    unit: str
    lot_id: int | None
    lot: str | None
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class LeftParcel:
    """A parcel of a shipment: its number with the carrier, its weight and what was in it."""

    parcel: Parcel
    tracking_number: str
    lines: tuple[LeftLine, ...]


def parcels_of_shipment(shipment: Shipment) -> list[LeftParcel]:
    """Return what left with a shipment, parcel by parcel; three statements."""
    contents: dict[int, list[LeftLine]] = {}
    for parcel_id, *line in (
        ShipmentLine.objects.filter(shipment=shipment)
        .values_list(
            *("parcel_id", "part__product__sku", part_name("part__"), "part__product__unit__code"),
            *("content__task__lot", "content__task__lot__code"),
        )
        .annotate(total=Sum("quantity"))
        .order_by("parcel_id", "part__line__position", "part__product__sku", "content__task__lot__code")
    ):
        contents.setdefault(parcel_id, []).append(LeftLine(*line))
    numbers = dict(shipment.labels.values_list("parcel_id", "tracking_number"))
    return [
        LeftParcel(parcel, numbers.get(parcel.pk, ""), tuple(contents[parcel.pk]))
        for parcel in Parcel.objects.filter(pk__in=contents).order_by("pk")
    ]


def lot_steps(lot_id: int, user: User) -> list[LotStep]:
    """Return the shipments in which units of a lot left, to who may see them."""
    if not user.can("shipping.view"):
        return []
    mine = Shipment.objects.for_user(user).filter(lines__content__task__lot=lot_id).distinct()
    rows = mine.select_related("order__customer").annotate(
        units=Sum("lines__quantity", filter=Q(lines__content__task__lot=lot_id))
    )
    return [
        LotStep(
            is_out=True,
            label=row.number,
            url=reverse("shipping:shipment", args=[row.pk]),
            party=row.order.customer.name,
            quantity=row.units,
            at=row.dispatched_at,
            state=f"of {row.order}",
        )
        for row in rows.order_by("pk")
        if row.dispatched_at is not None
    ]


def order_panel(order_id: int, user: User, _at: datetime) -> dict[str, Any]:
    """Return what shipping shows on an order's page."""
    shipments = list(shipments_of_order(order_id, user))
    queue = reverse("shipping:shipments")
    documents = [
        DocumentLink("Shipments", row.number, f"{queue}?q={row.number}", row.get_status_display().lower())
        for row in shipments
    ]
    return {"shipments": shipments, "documents": documents}


def carriers(user: User) -> list[Carrier]:
    """Return the person's carriers, the retired ones too, for they are refused by name."""
    return list(Carrier.objects.for_user(user))


def carriers_found(user: User, _at: datetime) -> Found:
    """Say with whom goods can leave."""
    there = counted(Carrier.objects.for_user(user).filter(is_active=True), "carrier")
    return Found(there, "" if there else "None yet: whoever dispatches types with whom it leaves.")


CARRIERS_PART = SetUpPart(
    "Carriers", Stage.LATER, "core:list", "Who takes goods to customers.", carriers_found, url_args=("carriers",)
)


def last_carrier(user: User) -> str:
    """Return the carrier of the person's last dispatch, which is likely that of the next; nothing before the first."""
    mine = Shipment.objects.for_user(user).filter(dispatched_by=user).order_by("-pk")
    return mine.values_list("carrier", flat=True).first() or ""


def find_shipments(user: User, sought: Sought) -> list[Hit]:
    """Return the shipment of a number, and those whose tracking number, or a parcel's, begins with the text."""
    if not sought.has_digit:
        return []
    mine = Shipment.objects.for_user(user)
    # Carriers print their numbers in groups, and scan them as one
    tracking = Sought(sought.text.replace(" ", ""))
    own, of_label = "tracking_number", "labels__tracking_number"
    ways = [
        mine.filter(tracking.begins(own)).exclude(tracking_number="").order_by(own).annotate(found=F(own)),
        mine.filter(tracking.begins(of_label)).order_by(of_label).annotate(found=F(of_label)),
    ]
    serial = sought.serial("SH")
    if serial:
        ways.insert(0, mine.filter(pk=serial).annotate(found=F("tracking_number")))
    columns = ("pk", "found", "carrier", "order__number", "order__customer__name", "status")
    return [
        Hit(
            "Shipment",
            document_number("SH", pk),
            reverse("shipping:shipment", args=[pk]),
            " · ".join(filter(None, (customer, order, f"{carrier} {found}".strip()))),
            Shipment.Status(status).label,
            status,
            sought.is_number(document_number("SH", pk)) or (bool(found) and sought.is_number(found)),
        )
        for pk, found, carrier, order, customer, status in first_of(ways, *columns)
    ]
