"""Lots by hand: picks of what a lot may not be sent to any more are called off, and the orders are told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from core import transitions
from core.models import User
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Demand, Lot
from orders import services as orders_services
from warehouse.models import Count
from warehouse.services.expiring import cuts_of_tasks, planned_picks


@atomic
def date_lot(*, lot_id: int, expires_on: date | None, reason: str, actor: User, at: datetime) -> None:
    """Correct until when a lot is good; picks for whom it does not last long enough are called off.

    :raises NotAllowed: where the actor may not keep lots.
    :raises Blocked: where there is no such lot, or no reason is given.
    :raises StockMoved: where some of it was promised while this waited; nothing was changed.
    """
    require(actor, "inventory.keep_lots")
    company_id = _company_of(lot_id, actor)
    planned = planned_picks(company_id, [lot_id])
    asked = dict(Demand.objects.filter(pk__in={task.demand_id for task in planned}).values_list("pk", "good_until"))
    last = expires_on or date.max
    failing = [task for task in planned if last < max(asked[task.demand_id] or date.min, at.date())]
    got = inventory_services.date_lot(
        lot_id=lot_id,
        expires_on=expires_on,
        called_off=cuts_of_tasks(failing),
        to_be_counted=lambda: _to_be_counted(lot_id),
        reason=reason,
        actor=actor,
        at=at,
    )
    transitions.apply(failing, "cancel", at=at)
    orders_services.note_allocated(got=got, company_id=company_id, actor=actor, at=at)


@atomic
def hold_lot(*, lot_id: int, reason: str, actor: User, at: datetime) -> None:
    """Block a lot for its quality: its picks are called off, and its promises made anew.

    :raises NotAllowed: where the actor may not keep lots.
    :raises Blocked: where there is no such lot, or no reason is given.
    :raises StockMoved: where some of it was promised while this waited; nothing was changed.
    """
    require(actor, "inventory.keep_lots")
    company_id = _company_of(lot_id, actor)
    planned = planned_picks(company_id, [lot_id])
    inventory_services.hold_lot(lot_id=lot_id, called_off=cuts_of_tasks(planned), reason=reason, actor=actor, at=at)
    transitions.apply(planned, "cancel", at=at)


@atomic
def lift_lot(*, lot_id: int, reason: str, actor: User, at: datetime) -> None:
    """Give a lot free that was held for its quality; what waits gets of it, and its orders are told.

    :raises NotAllowed: where the actor may not keep lots.
    :raises Blocked: where there is no such lot, or no reason is given.
    """
    company_id = _company_of(lot_id, actor)
    got = inventory_services.lift_lot(
        lot_id=lot_id, to_be_counted=lambda: _to_be_counted(lot_id), reason=reason, actor=actor, at=at
    )
    orders_services.note_allocated(got=got, company_id=company_id, actor=actor, at=at)


def _company_of(lot_id: int, actor: User) -> int:
    found = Lot.objects.for_user(actor).filter(pk=lot_id).values_list("company_id", flat=True).first()
    if found is None:
        raise Blocked("There is no such lot.")
    return int(found)


def _to_be_counted(lot_id: int) -> Collection[int]:
    return set(Count.objects.filter(lot=lot_id, status=Count.Status.OPEN).values_list("bin_id", flat=True))
