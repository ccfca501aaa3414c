"""Transfers between warehouses, reached through the services."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from inventory import services
from inventory.models import Product, Transfer, TransferLine
from orders import services as orders_services
from orders.models import SalesOrder
from tests.factories.house import AT, House
from tests.factories.supply import day
from warehouse import services as warehouse_services


def drafted(house: House, *carried: tuple[Product, Any], days: int = 2, actor: Any = None) -> Transfer:
    """Keep units at the second warehouse for the first."""
    here, there = house.warehouses[:2]
    pk = services.draft_transfer(
        from_id=there.pk,
        to_id=here.pk,
        carried=[services.Carried(product.pk, Decimal(units)) for product, units in carried],
        expected_on=day(days),
        actor=actor or house.boss,
        at=AT,
    )
    return Transfer.objects.get(pk=pk)


def brought(house: House, order: SalesOrder) -> Transfer:
    """Bring an order together in the first warehouse, from one other."""
    (transfer,) = orders_services.bring_together(
        order_id=order.pk, warehouse_id=house.warehouses[0].pk, actor=house.boss, at=AT
    )
    return transfer


def lines_of(transfer: Transfer) -> list[TransferLine]:
    """Return a transfer's lines as they stand."""
    return list(TransferLine.objects.filter(transfer=transfer).order_by("position"))


def leave(house: House, transfer: Transfer, *units: Any, actor: Any = None) -> Transfer:
    """Send so many units of each line, or all that is kept."""
    asked = {line.pk: Decimal(one) for line, one in zip(lines_of(transfer), units, strict=False)}
    return warehouse_services.send_transfer(transfer_id=transfer.pk, units=asked, actor=actor or house.boss, at=AT)


def reach(house: House, transfer: Transfer, *units: Any, last: bool = False, actor: Any = None) -> services.TakenIn:
    """Take so many units of each line in, into the first bin of the first warehouse."""
    shelf = house.shelves[transfer.to_warehouse_id][0]
    return warehouse_services.receive_transfer(
        transfer_id=transfer.pk,
        arrivals=[
            services.Arrival(line.pk, shelf.pk if Decimal(one) else None, Decimal(one), is_last=last)
            for line, one in zip(lines_of(transfer), units, strict=True)
        ],
        actor=actor or house.boss,
        at=AT,
    )
