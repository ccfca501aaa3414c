"""Inspecting goods at receipt: what is good goes to those who wait for it, and these are told."""

from __future__ import annotations

from datetime import datetime

from core.models import User
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Inspection
from orders import services as orders_services


@atomic
def inspect_goods(*, inspection_id: int, found: inventory_services.Found, actor: User, at: datetime) -> Inspection:
    """Note what was found of goods in quarantine: those who wait for the good ones get them, and are told.

    :raises NotAllowed: where the actor may not inspect.
    :raises Blocked: where there is no such inspection, a reason is missing, or the numbers are none of it.
    :raises ChangedMeanwhile: where fewer units wait than were found good or bad.
    """
    done = inventory_services.inspect_goods(inspection_id=inspection_id, found=found, actor=actor, at=at)
    inspection = done.inspection
    orders_services.note_received(
        got=done.got, company_id=inspection.company_id, number=done.order_number, actor=actor, at=at
    )
    return inspection
