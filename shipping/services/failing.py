"""What did not arrive: refused or missed deliveries, lost shipments, and parcels that are back at our dock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
from shipping.models import DeliveryFailure, Shipment, ShipmentLine

Kind = DeliveryFailure.Kind
_EVENTS = {
    Kind.REFUSED: OrderEvent.Kind.DELIVERY_REFUSED,
    Kind.MISSED: OrderEvent.Kind.DELIVERY_MISSED,
    Kind.NO_ATTEMPT: OrderEvent.Kind.NO_ATTEMPT,
    Kind.LOST: OrderEvent.Kind.DELIVERY_LOST,
}


@dataclass(frozen=True, slots=True)
class Failed:
    """A shipment that was not delivered, and how often that was tried."""

    shipment_id: int
    order_id: int
    attempts: int


@atomic
def fail_deliveries(
    *,
    shipment_ids: Collection[int],
    kind: DeliveryFailure.Kind,
    note: str,
    happened_at: datetime,
    actor: User,
    at: datetime,
) -> dict[int, Failed | Refused]:
    """Note that shipments were not delivered. What is refused comes back; where nobody was there it is tried again.

    Where the carrier made no attempt that is kept, and counts as none (PRODUCT.md case 72).

    :raises NotAllowed: where the actor may not note deliveries.
    :raises ValueError: for a kind that is no delivery, which has a verb of its own.
    """
    require(actor, "shipping.deliver")
    if kind == Kind.LOST:
        raise ValueError("What is lost is told to lose_shipments.")
    clear, results = _on_their_way(shipment_ids, happened_at, actor)
    tried = [shipment for shipment in clear if kind != Kind.NO_ATTEMPT]
    for shipment in tried:
        shipment.attempts += 1
    refused = [shipment for shipment in tried if kind == Kind.REFUSED and shipment.status == Shipment.Status.DISPATCHED]
    transitions.apply(refused, "refuse", at=at, fields=["attempts"])
    bulk.update([shipment for shipment in tried if shipment not in refused], ["attempts"])
    _keep(clear, kind, note, "", happened_at, actor, at)
    return results | {row.pk: Failed(row.pk, row.order_id, row.attempts) for row in clear}


@atomic
def lose_shipments(
    *, shipment_ids: Collection[int], claim: str, note: str, actor: User, at: datetime
) -> dict[int, Failed | Refused]:
    """Note that the carrier lost shipments, with the number of our claim; one that is lost already is returned as such.

    :raises NotAllowed: where the actor may not note deliveries.
    """
    require(actor, "shipping.deliver")
    clear, results = _on_their_way(shipment_ids, at, actor)
    lines = ShipmentLine.objects.filter(shipment__in=clear).values_list("pk", "quantity", "failed")
    bulk.add(ShipmentLine, {pk: {"lost": quantity - failed} for pk, quantity, failed in lines if quantity > failed})
    transitions.apply(clear, "lose", at=at)
    _keep(clear, Kind.LOST, note, claim, at, actor, at)
    if clear:
        events.shipments_lost.send(
            sender=Shipment,
            event=events.ShipmentsLost(
                tuple(row.pk for row in clear), tuple(row.order_id for row in clear), actor.pk, at
            ),
        )
    standing = Shipment.objects.for_user(actor).filter(pk__in=results, status=Shipment.Status.LOST)
    return results | {row.pk: Failed(row.pk, row.order_id, row.attempts) for row in [*clear, *standing]}


@atomic
def note_come_back(*, units: Mapping[int, Decimal], at: datetime) -> None:
    """Count units by shipment line that came back undelivered, and bring shipments of which nothing is out home.

    What was thought lost is lost no more. The caller holds the orders' locks.

    :raises Blocked: where a line has not as many units that are neither delivered nor back.
    """
    lines = list(ShipmentLine.objects.filter(pk__in=units).select_related("shipment").order_by("pk"))
    changes: dict[int, dict[str, Decimal]] = {}
    for line in lines:
        if line.shipment.status not in Shipment.OUT or units[line.pk] > line.quantity - line.failed:
            raise Blocked(f"{line.shipment} is not on its way any more: receive its goods as a return.")
        changes[line.pk] = {"failed": units[line.pk], "lost": -min(line.lost, units[line.pk])}
    bulk.add(ShipmentLine, changes)
    shipments = {line.shipment_id: line.shipment for line in lines}
    out = set(
        ShipmentLine.objects.filter(shipment__in=shipments)
        .filter(quantity__gt=F("failed"))
        .values_list("shipment_id", flat=True)
    )
    transitions.apply([row for pk, row in sorted(shipments.items()) if pk not in out], "come_back", at=at)


def _on_their_way(
    shipment_ids: Collection[int], happened_at: datetime, actor: User
) -> tuple[list[Shipment], dict[int, Failed | Refused]]:
    """Lock the orders of shipments; return those that are on their way, and why the others are not."""
    asked = Shipment.objects.for_user(actor).filter(pk__in=shipment_ids)
    # A shipment changes only under its order's lock, and is read after that is held
    list(SalesOrder.objects.filter(pk__in=asked.values("order_id")).only("pk").locked())
    shipments = list(asked.order_by("pk"))
    blocked = queries.fail_blockers(shipments, happened_at)
    results: dict[int, Failed | Refused] = {pk: Blocked.because(blockers) for pk, blockers in blocked.items()}
    return [shipment for shipment in shipments if shipment.pk not in blocked], results


def _keep(
    shipments: Sequence[Shipment],
    kind: DeliveryFailure.Kind,
    note: str,
    claim: str,
    happened_at: datetime,
    actor: User,
    at: datetime,
) -> None:
    bulk.insert(
        [
            DeliveryFailure(
                company_id=shipment.company_id,
                shipment=shipment,
                kind=kind,
                note=note.strip(),
                claim=claim.strip(),
                happened_at=happened_at,
                recorded_by=actor,
            )
            for shipment in shipments
        ]
    )
    if shipments:
        orders_services.record(
            facts=[
                orders_services.Fact(
                    shipment.order_id,
                    shipment.company_id,
                    _EVENTS[kind],
                    "shipment",
                    shipment.pk,
                    {"shipment": shipment.number, "carrier": shipment.carrier},
                )
                for shipment in shipments
            ],
            actor=actor,
            at=at,
        )
