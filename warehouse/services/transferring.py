"""Transfers at the dock: sent, and checked in, where the orders that wait for them are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from core.models import User
from core.money import exponent
from core.refusals import Blocked
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Transfer
from orders import services as orders_services


@atomic
def send_transfer(*, transfer_id: int, units: Mapping[int, Decimal], actor: User, at: datetime) -> Transfer:
    """Send a draft's goods, so many units of each line, all that it keeps where none is said.

    :raises NotAllowed: where the actor may not move stock between warehouses.
    :raises Blocked: where there is no such draft, the person does not work where it is sent, or nothing would be.
    """
    return inventory_services.send_transfer(
        transfer_id=transfer_id, units=units, places=_places(transfer_id, actor), actor=actor, at=at
    )


@atomic
def receive_transfer(
    *, transfer_id: int, arrivals: Sequence[inventory_services.Arrival], actor: User, at: datetime
) -> inventory_services.TakenIn:
    """Check goods of a transfer in: those who wait for them get them in the same transaction, and are told.

    :raises NotAllowed: where the actor may not receive.
    :raises Blocked: where nothing of it is expected, more came than was sent, or the person does not work there.
    """
    taken = inventory_services.take_in_transfer(
        transfer_id=transfer_id, arrivals=arrivals, places=_places(transfer_id, actor), actor=actor, at=at
    )
    number = Transfer(pk=transfer_id).number
    orders_services.note_received(got=taken.got, company_id=taken.company_id, number=number, actor=actor, at=at)
    return taken


def _places(transfer_id: int, actor: User) -> int:
    """Return how many decimals the company's currency has."""
    transfer = Transfer.objects.for_user(actor).filter(pk=transfer_id).select_related("company").first()
    if transfer is None:
        raise Blocked("There is no such transfer.")
    return exponent(transfer.company.currency)
