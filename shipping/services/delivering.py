"""Delivering: shipments that have arrived, who took them in and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F

from core import bulk, transitions
from core.models import User
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from orders import services as orders_services
from orders.models import OrderEvent, SalesOrder
from shipping import events, queries
from shipping.models import ProofOfDelivery, Shipment, ShipmentLine


@dataclass(frozen=True, slots=True)
class Delivered:
    """A shipment that has arrived."""

    shipment_id: int
    order_id: int


@atomic
def deliver_shipments(
    *, shipment_ids: Collection[int], received_by: str, received_at: datetime, actor: User, at: datetime
) -> dict[int, Delivered | Refused]:
    """Note that shipments have arrived, who took them in and when; one that has arrived already is returned as such.

    A shipment that has not left by then is refused.

    :raises NotAllowed: where the actor may not deliver.
    """
    require(actor, "shipping.deliver")
    asked = Shipment.objects.for_user(actor).filter(pk__in=shipment_ids)
    # A shipment changes only under its order's lock, and is read after that is held
    list(SalesOrder.objects.filter(pk__in=asked.values("order_id")).only("pk").locked())
    shipments = list(asked.order_by("pk"))
    blocked = queries.deliver_blockers(shipments, received_at)
    results: dict[int, Delivered | Refused] = {pk: Blocked.because(blockers) for pk, blockers in blocked.items()}
    clear = [shipment for shipment in shipments if shipment.pk not in blocked]
    arrived = [shipment for shipment in clear if shipment.status != Shipment.Status.DELIVERED]
    if arrived:
        _deliver(arrived, received_by, received_at, actor, at)
    return results | {shipment.pk: Delivered(shipment.pk, shipment.order_id) for shipment in clear}


def _deliver(arrived: Sequence[Shipment], received_by: str, received_at: datetime, actor: User, at: datetime) -> None:
    parts: dict[int, Decimal] = defaultdict(Decimal)
    # What came back of it before was not delivered
    lines = ShipmentLine.objects.filter(shipment__in=arrived).annotate(rest=F("quantity") - F("lost") - F("failed"))
    for part_id, rest in lines.values_list("part_id", "rest"):
        parts[part_id] += rest
    orders_services.note_delivered(delivered=parts)
    transitions.apply(arrived, "deliver", at=at)
    bulk.insert(
        [
            ProofOfDelivery(
                company_id=shipment.company_id,
                shipment=shipment,
                received_by=received_by,
                received_at=received_at,
                recorded_by=actor,
            )
            for shipment in arrived
        ]
    )
    orders_services.record(
        facts=[
            orders_services.Fact(
                shipment.order_id,
                shipment.company_id,
                OrderEvent.Kind.DELIVERED,
                "shipment",
                shipment.pk,
                {"shipment": shipment.number, "carrier": shipment.carrier},
            )
            for shipment in arrived
        ],
        actor=actor,
        at=at,
    )
    order_ids = tuple(dict.fromkeys(shipment.order_id for shipment in arrived))
    events.shipments_delivered.send(
        sender=Shipment,
        event=events.ShipmentsDelivered(tuple(shipment.pk for shipment in arrived), order_ids, at),
    )
