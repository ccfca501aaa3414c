"""What the carrier lost: a return without goods, for its settlement, that shrinks by what turns up in time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from core import bulk, transitions
from core.models import User
from core.money import ZERO
from core.transactions import atomic
from orders.models import OrderEvent
from returns.models import ReturnLine, ReturnOrder
from returns.services.requesting import awaited, plain, tell
from shipping.models import ShipmentLine

LOST = "Lost on the way"
FOUND = "Turned up again"


@atomic
def open_lost_returns(*, shipment_ids: Collection[int], actor_id: int, at: datetime) -> list[ReturnOrder]:
    """Make a return of each lost shipment, which waits for its settlement at once; nobody awaits its goods any more.

    The caller holds the orders' locks.
    """
    left = ShipmentLine.objects.filter(shipment__in=shipment_ids, lost__gt=0)
    lost = list(left.select_related("shipment", "part").order_by("shipment_id", "pk"))
    actor = User.objects.get(pk=actor_id)
    _give_up(lost, actor, at)
    made: dict[int, ReturnOrder] = {}
    lines = []
    for line in lost:
        shipment = line.shipment
        row = made.get(shipment.pk)
        if row is None:
            row = made[shipment.pk] = ReturnOrder(
                company_id=shipment.company_id,
                order_id=shipment.order_id,
                shipment=shipment,
                warehouse_id=shipment.warehouse_id,
                kind=ReturnOrder.Kind.DELIVERY_FAILURE,
                reason=ReturnOrder.Reason.LOST,
                requested_by=actor,
                requested_at=at,
            )
            row.lose(at=at)
        lines.append(
            ReturnLine(
                return_order=row,
                shipment_line=line,
                part_id=line.part_id,
                product_id=line.part.product_id,
                authorized=ZERO,
                lost=line.lost,
            )
        )
    returns = list(made.values())
    bulk.insert(returns, (lines, "return_order"))
    units = {row.pk: sum((line.lost for line in lines if line.return_order is row), ZERO) for row in returns}
    tell(returns, OrderEvent.Kind.RETURN_LOST, actor, at, {pk: {"units": plain(total)} for pk, total in units.items()})
    return returns


def _give_up(lost: Sequence[ShipmentLine], actor: User, at: datetime) -> None:
    """Let open returns await lost units no more; one that then awaits nothing, and got nothing, is cancelled."""
    waiting = ReturnLine.objects.filter(return_order__status__in=ReturnOrder.OPEN, shipment_line__in=lost)
    claimed = {line.pk: awaited(line) for line in waiting if awaited(line)}
    if not claimed:
        return
    bulk.add(ReturnLine, {pk: {"authorized": -units} for pk, units in claimed.items()})
    returns = ReturnOrder.objects.filter(
        status__in=[ReturnOrder.Status.REQUESTED, ReturnOrder.Status.AUTHORIZED], lines__in=claimed
    )
    wanted = returns.exclude(lines__authorized__gt=0).distinct()
    _close(list(wanted.order_by("pk")), "cancel", LOST, actor, at)


def note_found(*, units: Mapping[int, Decimal], actor: User, at: datetime) -> None:
    """Take units by shipment line that turned up off the returns of what was lost, as far as these are not settled.

    One of which all turned up is cancelled. The caller holds the orders' locks.
    """
    waiting = ReturnLine.objects.filter(
        shipment_line__in=units, lost__gt=0, return_order__status=ReturnOrder.Status.DECIDED
    )
    changes = {line.pk: {"lost": -min(line.lost, units[line.shipment_line_id])} for line in waiting}
    if not changes:
        return
    bulk.add(ReturnLine, changes)
    returns = ReturnOrder.objects.filter(lines__in=changes).exclude(lines__lost__gt=0).distinct()
    _close(list(returns.order_by("pk")), "turn_up", FOUND, actor, at)


def _close(returns: Sequence[ReturnOrder], verb: str, reason: str, actor: User, at: datetime) -> None:
    for row in returns:
        row.closed_reason = reason
    transitions.apply(returns, verb, at=at, fields=["closed_at", "closed_reason"])
    tell(returns, OrderEvent.Kind.RETURN_CANCELLED, actor, at)
