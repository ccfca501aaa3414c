"""Dispatching: packed parcels leave with a carrier, and their goods are issued at cost, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.urls import reverse

from core import bulk
from core.models import User
from core.money import exponent
from core.numbering import document_number
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.queries.places import ELSEWHERE, warehouse_ids
from orders import queries as orders_queries
from orders import services as orders_services
from orders.models import OrderEvent, SalesOrder
from shipping import events, queries, sql
from shipping.models import Label, Shipment, ShipmentLine


@dataclass(frozen=True, slots=True)
class Dispatched:
    """Shipments of an order that have left."""

    order_id: int
    shipment_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Consignment:
    """With whom parcels leave, by name and by key where it is one of the company's carriers, and the numbers to follow
    them by: the shipment's, and those of parcels by their id.

    Without a number of its own a shipment goes by its first parcel's.
    """

    carrier: str
    tracking_number: str = ""
    carrier_id: int | None = None
    parcels: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Content:
    """What a packed parcel holds of one pick task, and has not left."""

    content_id: int
    parcel_id: int
    order_id: int
    warehouse_id: int
    part_id: int
    product_id: int
    quantity: Decimal
    allocation_id: int
    tote_id: int
    demand_id: int
    level_id: int
    lot_id: int | None


@atomic
def dispatch_orders(
    *,
    order_ids: Collection[int],
    carrier: str,
    tracking_number: str,
    actor: User,
    at: datetime,
    carrier_id: int | None = None,
) -> dict[int, Dispatched | Refused]:
    """Send off every packed parcel of orders, one shipment per order and warehouse, and issue its goods at cost, once.

    An order of which everything packed has left is left as it is and returned as such, whatever carrier is named now.

    :raises NotAllowed: where the actor may not dispatch.
    """
    require(actor, "shipping.dispatch")
    orders = _locked(order_ids, actor)
    contents = _undispatched(list(orders), actor)
    results = _send_off(orders, contents, Consignment(carrier, tracking_number, carrier_id), actor, at)
    idle = orders.keys() - results.keys()
    return results | _refused_or_standing(idle) if idle else results


@atomic
def dispatch_parcels(
    *, parcel_ids: Collection[int], consignment: Consignment, actor: User, at: datetime
) -> dict[int, Dispatched | Refused]:
    """Send off chosen parcels, of one order or of several, and leave the others at the dock for a later shipment.

    A parcel that has left already stays with the shipment that took it. An order one of whose chosen parcels was
    unpacked meanwhile is refused as a whole.

    :raises NotAllowed: where the actor may not dispatch.
    """
    require(actor, "shipping.dispatch")
    asked = queries.orders_of_parcels(actor, parcel_ids)
    orders = _locked(sorted(set(asked.values())), actor)
    contents = [content for content in _undispatched(list(orders), actor) if content.parcel_id in asked]
    missing = asked.keys() - {content.parcel_id for content in contents}
    gone = list(
        ShipmentLine.objects.filter(parcel__in=missing)
        .values_list("parcel_id", "shipment__order_id", "shipment_id")
        .distinct()
        .order_by("shipment_id")
    )
    opened = sorted(missing - {parcel_id for parcel_id, _order_id, _shipment_id in gone})
    facts = queries.dock_facts([asked[parcel_id] for parcel_id in opened]) if opened else {}
    refused: dict[int, Dispatched | Refused] = {
        asked[parcel_id]: Blocked(" ".join(facts[asked[parcel_id]].holds))
        if facts[asked[parcel_id]].held
        else Blocked(
            f"{document_number('P', parcel_id)} was opened again: it is not at the dock any more.",
            link=reverse("warehouse:pack_order", args=[asked[parcel_id]]),
        )
        for parcel_id in opened
    }
    standing = _by_order((order_id, shipment_id) for _parcel_id, order_id, shipment_id in gone)
    contents = [content for content in contents if content.order_id not in refused]
    return {**standing, **_send_off(orders, contents, consignment, actor, at), **refused}


def _locked(order_ids: Collection[int], actor: User) -> dict[int, SalesOrder]:
    return bulk.by_pk(orders_queries.locked_orders_with_parties(actor.company_ids, order_ids))


def _send_off(
    orders: dict[int, SalesOrder], contents: Sequence[_Content], consignment: Consignment, actor: User, at: datetime
) -> dict[int, Dispatched | Refused]:
    """Note that contents have left, write their shipments company by company, and tell the floors above."""
    if not contents:
        return {}
    shipped: dict[int, Decimal] = defaultdict(Decimal)
    for content in contents:
        shipped[content.part_id] += content.quantity
    orders_services.note_shipped(shipped=shipped)
    of_company: dict[int, list[_Content]] = defaultdict(list)
    for content in contents:
        of_company[orders[content.order_id].company_id].append(content)
    # Stock rows belong to one company, and companies come in the order of their ids: nobody waits in a circle
    shipments = [
        shipment
        for company_id in sorted(of_company)
        for shipment in _ship(orders, of_company[company_id], consignment, actor, at)
    ]
    results = _by_order((shipment.order_id, shipment.pk) for shipment in shipments)
    events.shipments_dispatched.send(
        sender=Shipment,
        event=events.ShipmentsDispatched(tuple(shipment.pk for shipment in shipments), tuple(results), at),
    )
    return results


def _undispatched(order_ids: Sequence[int], actor: User) -> list[_Content]:
    with connection.cursor() as cursor:
        cursor.execute(sql.UNDISPATCHED, [bulk.array(order_ids)])
        contents = [_Content(*row) for row in cursor.fetchall()]
    mine = warehouse_ids(actor)
    return [content for content in contents if content.warehouse_id in mine]


def _ship(
    orders: dict[int, SalesOrder],
    contents: Sequence[_Content],
    consignment: Consignment,
    actor: User,
    at: datetime,
) -> list[Shipment]:
    """Issue the goods of one company's parcels, and write the shipments that took them."""
    company = orders[contents[0].order_id].company
    issued = inventory_services.issue_allocations(
        company_id=company.pk,
        issues=[
            inventory_services.StockIssue(
                allocation_id=content.allocation_id,
                demand_id=content.demand_id,
                level_id=content.level_id,
                product_id=content.product_id,
                tote_id=content.tote_id,
                quantity=content.quantity,
                lot_id=content.lot_id,
            )
            for content in contents
        ],
        places=exponent(company.currency),
        reference=_reference([str(orders[pk]) for pk in dict.fromkeys(content.order_id for content in contents)]),
        actor=actor,
        at=at,
    )
    shipments: dict[tuple[int, int], Shipment] = {}
    lines: list[ShipmentLine] = []
    parcels: dict[tuple[int, int], dict[int, None]] = defaultdict(dict)
    for content, cost in zip(contents, issued.costs, strict=True):
        key = (content.order_id, content.warehouse_id)
        shipment = shipments.setdefault(
            key,
            Shipment(
                company=company,
                warehouse_id=content.warehouse_id,
                order_id=content.order_id,
                ship_to=orders[content.order_id].ship_to,
                carrier=consignment.carrier,
                carried_by_id=consignment.carrier_id,
                posting_id=issued.posting_id,
                dispatched_by_id=actor.pk,
            ),
        )
        parcels[key][content.parcel_id] = None
        lines.append(
            ShipmentLine(
                shipment=shipment,
                parcel_id=content.parcel_id,
                content_id=content.content_id,
                part_id=content.part_id,
                quantity=content.quantity,
                cost=cost,
            )
        )
    labels: list[Label] = []
    for key, shipment in shipments.items():
        shipment.dispatch(at=at)
        numbers = {pk: consignment.parcels[pk] for pk in parcels[key] if consignment.parcels.get(pk)}
        shipment.tracking_number = consignment.tracking_number or next(iter(numbers.values()), "")
        labels += [
            Label(shipment=shipment, parcel_id=parcel_id, tracking_number=number)
            for parcel_id, number in numbers.items()
        ]
    bulk.insert(list(shipments.values()), (lines, "shipment"), (labels, "shipment"))
    orders_services.record(
        facts=[
            orders_services.Fact(
                shipment.order_id,
                company.pk,
                OrderEvent.Kind.DISPATCHED,
                "shipment",
                shipment.pk,
                {
                    "shipment": shipment.number,
                    "parcels": [document_number("P", parcel_id) for parcel_id in parcels[key]],
                    "carrier": consignment.carrier,
                    "tracking_number": shipment.tracking_number,
                },
            )
            for key, shipment in shipments.items()
        ],
        actor=actor,
        at=at,
    )
    return list(shipments.values())


def _reference(numbers: Sequence[str]) -> str:
    """Return what the stock posting refers to: the order, or the first of several."""
    return f"{numbers[0]} and {len(numbers) - 1} more" if len(numbers) > 1 else numbers[0]


def _refused_or_standing(order_ids: Collection[int]) -> dict[int, Dispatched | Refused]:
    """Say of orders that had nothing to dispatch why, or which shipments of them have left already."""
    blocked = queries.blockers(order_ids, "shipping.dispatch")
    standing = [pk for pk, blockers in blocked.items() if blockers[0].code == "already_dispatched"]
    refused: dict[int, Dispatched | Refused] = {pk: Blocked.because(blocked.get(pk, [ELSEWHERE])) for pk in order_ids}
    if not standing:
        return refused
    shipments = Shipment.objects.filter(order_id__in=standing).order_by("pk")
    return refused | _by_order(shipments.values_list("order_id", "pk"))


def _by_order(shipments: Iterable[tuple[int, int]]) -> dict[int, Dispatched | Refused]:
    of_order: dict[int, list[int]] = defaultdict(list)
    for order_id, shipment_id in shipments:
        of_order[order_id].append(shipment_id)
    return {order_id: Dispatched(order_id, tuple(ids)) for order_id, ids in of_order.items()}
