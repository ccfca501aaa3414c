"""Reservations: keeping units for a customer or a project, giving them up, and orders that take them over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from core import bulk, transitions
from core.models import Company, User
from core.quantities import in_steps
from core.refusals import Blocked, ChangedMeanwhile, Refused
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Product, Warehouse
from orders.models import (
    Customer,
    CustomerAddress,
    LinePart,
    OrderEvent,
    Reservation,
    ReservationUse,
    SalesOrder,
)
from orders.queries import reservations as reservation_queries
from orders.services.noting import note_allocated
from orders.services.recording import Fact

ZERO = Decimal(0)
LONGEST = timedelta(days=1_100)
Status = Reservation.Status


@dataclass(frozen=True, slots=True)
class Freed:
    """A reservation that was given up, and how many units of its product those who waited got at once."""

    reservation_id: int
    units: Decimal


@atomic
def make_reservation(
    *,
    product_id: int,
    quantity: Decimal,
    wanted_on: date,
    expires_on: date,
    customer_id: int | None = None,
    project: str = "",
    warehouse_id: int | None = None,
    actor: User,
    at: datetime,
) -> int:
    """Keep units of a product through a day, and return the reservation's id; what is not to be had yet waits.

    :raises NotAllowed: where the actor may not reserve.
    :raises Blocked: where it is for nobody, nothing that is kept in stock, or over before it begins.
    """
    require(actor, "orders.reserve")
    company = actor.company
    product = Product.objects.for_user(actor).filter(pk=product_id).select_related("unit").first()
    customer = Customer.objects.for_user(actor).filter(pk=customer_id).first() if customer_id else None
    warehouse = Warehouse.objects.filter(company=company, pk=warehouse_id).first() if warehouse_id else None
    if product is None or product.kind != Product.Kind.STOCK:
        raise Blocked("Only what is kept in stock can be reserved; of a kit, reserve its components.")
    if not product.is_active:
        raise Blocked(f"{product.sku} is no longer sold.")
    if quantity <= 0 or not in_steps(quantity, product.unit.step):
        raise Blocked(f"{quantity.normalize():f} is no number of units of {product.sku}.")
    if (customer_id and customer is None) or (warehouse_id and warehouse is None):
        raise Blocked("There is no such customer or warehouse.")
    if customer is None and not project.strip():
        raise Blocked("Say for which customer or project.")
    if customer is not None and not customer.is_active:
        raise Blocked(f"{customer.name} may not order: the account is closed.")
    _check_days(expires_on, at)
    if not at.date() <= wanted_on <= at.date() + LONGEST:
        raise Blocked("The day on which it is wanted has passed, or is more than three years away.")
    until = max(wanted_on, at.date()) + timedelta(days=customer.good_for_days if customer else 0)
    demand_id = inventory_services.reserve(
        request=inventory_services.DemandRequest(
            company_id=company.pk,
            product_id=product.pk,
            quantity=quantity,
            due_on=wanted_on,
            group=0,
            destination=_destination(customer, warehouse, actor),
            good_until=until if product.tracking != Product.Tracking.NONE else None,
            channel_id=customer.channel_id if customer else None,
        ),
        warehouse_id=warehouse_id,
        at=at,
    )
    reservation = Reservation(
        company=company,
        customer=customer,
        project=project.strip(),
        product=product,
        warehouse=warehouse,
        quantity=quantity,
        wanted_on=wanted_on,
        expires_on=expires_on,
        demand_id=demand_id,
        created_by=actor,
        created_at=at,
    )
    bulk.insert([reservation])
    return int(reservation.pk)


@atomic
def change_reservation(
    *, reservation_id: int, expires_on: date, customer_id: int | None = None, actor: User, at: datetime
) -> None:
    """Keep a reservation through another day, and name the customer where it is for a project so far.

    :raises NotAllowed: where the actor may not reserve.
    :raises Refused: where it is not open any more, is for another customer, or the day is over.
    """
    require(actor, "orders.reserve")
    (reservation,) = _mine([reservation_id], actor)
    if reservation.status != Status.OPEN:
        raise _too_late(reservation)
    _check_days(expires_on, at)
    if customer_id is not None and reservation.customer_id not in (None, customer_id):
        raise Blocked(f"{reservation} is kept for another customer.")
    if customer_id is not None and not Customer.objects.for_user(actor).filter(pk=customer_id).exists():
        raise Blocked("There is no such customer.")
    reservation.expires_on = expires_on
    reservation.customer_id = customer_id or reservation.customer_id
    bulk.update([reservation], ["expires_on", "customer_id"])


@atomic
def free_reservations(
    *, reservation_ids: Collection[int], reason: str, actor: User, at: datetime
) -> dict[int, Freed | Refused]:
    """Give up what reservations keep; those who wait for it get it at once. One that was freed is returned as such.

    :raises NotAllowed: where the actor may not reserve.
    """
    require(actor, "orders.reserve")
    reservations = _mine(reservation_ids, actor)
    open_ones = [one for one in reservations if one.status == Status.OPEN]
    for one in open_ones:
        one.reason, one.ended_by = reason.strip(), actor
    units = _end(open_ones, "free", ["reason", "ended_by_id"], actor, at)
    return {
        one.pk: Freed(one.pk, units.get(one.product_id, ZERO)) if one.status == Status.FREED else _too_late(one)
        for one in reservations
    }


@atomic
def expire_reservations(*, at: datetime, limit: int = 50) -> int:
    """Give up what is kept by reservations of one company whose last day is over, and return how many.

    Run again until it finds none.
    """
    first = reservation_queries.expired(at).select_related("company").order_by("expires_on", "pk").first()
    if first is None:
        return 0
    at = first.company.local(at)
    expired = reservation_queries.expired(at).filter(company=first.company)
    asked = expired.order_by("expires_on", "pk").values_list("pk", flat=True)[:limit]
    rows = Reservation.objects.filter(pk__in=list(asked), status=Status.OPEN)
    locked = [one.pk for one in rows.locked()]
    # Somebody may have extended one while this waited for its lock
    over = list(expired.filter(pk__in=locked).order_by("pk"))
    _end(over, "expire", [], None, at)
    return len(over)


def fill_reservations(*, at: datetime) -> int:
    """Give what is free to reservations that lack some of what they are to keep, and return how many got any."""
    return sum(_fill(company, company.local(at)) for company in Company.objects.order_by("pk"))


@atomic
def _fill(company: Company, at: datetime) -> int:
    open_ones = Reservation.objects.filter(company=company, status=Status.OPEN)
    short = open_ones.filter(demand__backordered__gt=0).order_by("pk")
    demand_ids = list(short.values_list("demand", flat=True))
    return len(inventory_services.fill_reserved(demand_ids=demand_ids, at=at)) if demand_ids else 0


@dataclass(slots=True)
class Claims:
    """What parts of orders take over of locked reservations, by their place among the parts."""

    takings: dict[int, tuple[inventory_services.Taking, ...]] = field(default_factory=dict)
    uses: list[tuple[Reservation, LinePart, Decimal]] = field(default_factory=list)


def claim(parts: Sequence[LinePart], orders: Mapping[int, SalesOrder], at: datetime) -> Claims:
    """Lock the reservations of orders' customers, and claim for each part what is kept of its product.

    What expires first is taken first. Components of kits take nothing: they were not what was reserved.
    """
    plain = {place: part for place, part in enumerate(parts) if part.ratio is None}
    customers = {orders[part.order_id].customer_id for part in plain.values()}
    rows = Reservation.objects.filter(
        customer__in=customers,
        product__in={part.product_id for part in plain.values()},
        status=Status.OPEN,
        expires_on__gte=at.date(),
    )
    kept: dict[tuple[int, int], list[Reservation]] = defaultdict(list)
    for one in sorted(rows.locked(), key=lambda row: (row.expires_on, row.pk)):
        kept[one.customer_id, one.product_id].append(one)
    claims = Claims()
    for place, part in plain.items():
        wanted, takings = part.ordered, []
        for one in kept[orders[part.order_id].customer_id, part.product_id]:
            units = min(wanted, one.left)
            if units > 0:
                wanted -= units
                one.taken += units
                takings.append(inventory_services.Taking(one.demand_id, units, one.number))
                claims.uses.append((one, part, units))
        if takings:
            claims.takings[place] = tuple(takings)
    return claims


def take_over(claims: Claims, at: datetime) -> list[Fact]:
    """Write what was claimed, whose parts are written, and return what there is to tell the orders."""
    rows = list({one.pk: one for one, _part, _units in claims.uses}.values())
    bulk.update(rows, ["taken"])
    transitions.apply([row for row in rows if row.left == 0], "take", at=at, fields=["ended_at"])
    bulk.later([ReservationUse(reservation=one, part=part, quantity=units, at=at) for one, part, units in claims.uses])
    told: dict[tuple[int, Reservation], Decimal] = defaultdict(Decimal)
    for one, part, units in claims.uses:
        told[part.order_id, one] += units
    return [
        Fact(
            *(order_id, one.company_id, OrderEvent.Kind.RESERVED, "reservation", one.pk),
            {"units": f"{units.normalize():f}", "number": one.number},
        )
        for (order_id, one), units in told.items()
    ]


def _end(
    reservations: Sequence[Reservation], verb: str, fields: Sequence[str], actor: User | None, at: datetime
) -> dict[int, Decimal]:
    """End open, locked reservations, and give what they kept to those who wait; return the units by product."""
    if not reservations:
        return {}
    transitions.apply(reservations, verb, at=at, fields=[*fields, "ended_at"])
    got = inventory_services.free_reserved(demand_ids=[one.demand_id for one in reservations], at=at)
    units: dict[int, Decimal] = defaultdict(Decimal)
    if not got:
        return units
    of_product: dict[int, list[Reservation]] = defaultdict(list)
    for one in reservations:
        of_product[one.product_id].append(one)
    by_product: dict[int, dict[int, Decimal]] = defaultdict(dict)
    for demand_id, product_id in reservation_queries.products_of(got):
        by_product[product_id][demand_id] = got[demand_id]
    for product_id, of_demand in by_product.items():
        ended = of_product[product_id]
        units[product_id] = sum(of_demand.values(), ZERO)
        numbers = ", ".join(one.number for one in ended)
        note_allocated(got=of_demand, company_id=ended[0].company_id, actor=actor, at=at, number=numbers)
    return units


def _mine(reservation_ids: Collection[int], actor: User) -> list[Reservation]:
    rows = list(Reservation.objects.for_user(actor).filter(pk__in=reservation_ids).locked())
    if len(rows) < len(set(reservation_ids)):
        raise Blocked("There is no such reservation.")
    return rows


def _too_late(reservation: Reservation) -> ChangedMeanwhile:
    return ChangedMeanwhile(f"{reservation} is {reservation.get_status_display().lower()}.")


def _check_days(expires_on: date, at: datetime) -> None:
    """See that a reservation is not over before it begins, and ends before anybody has forgotten it.

    :raises Blocked: where it does not.
    """
    if expires_on < at.date():
        raise Blocked("The day through which it is kept has passed.")
    if expires_on > at.date() + LONGEST:
        raise Blocked("Nothing is kept for more than three years.")


def _destination(customer: Customer | None, warehouse: Warehouse | None, actor: User) -> inventory_services.Destination:
    """Return where the goods will probably go: to the customer, or from the warehouse to wherever the project is."""
    addresses = CustomerAddress.objects.filter(customer=customer).order_by("-is_ship_to", "-is_bill_to", "pk")
    address = addresses.first() if customer else None
    place = address or warehouse or Warehouse.objects.filter(company=actor.company).order_by("priority", "pk").first()
    if place is None:
        raise Blocked("There is no warehouse that could keep it.")
    return inventory_services.Destination(place.country, place.postcode)
