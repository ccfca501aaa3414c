"""Bringing an order together: what it was promised in several warehouses goes to one, from which all of it leaves."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

from core.models import User
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Transfer
from orders import queries
from orders.models import LinePart, OrderEvent, SalesOrder
from orders.services.allocating import set_allocation
from orders.services.recording import Fact, record


@atomic
def bring_together(
    *, order_id: int, warehouse_id: int, expected_on: date | None = None, actor: User, at: datetime
) -> list[Transfer]:
    """Make the transfers that bring what an order was promised elsewhere to one warehouse; its timeline tells of each.

    :raises NotAllowed: where the actor may not move stock.
    :raises Blocked: where the order is not open, or nothing of it can be brought there.
    """
    require(actor, "orders.move_stock")
    orders = queries.locked_orders(actor.company_ids, [order_id])
    if not orders:
        raise Blocked("There is no such order.")
    (order,) = orders
    if order.status not in {SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED}:
        raise Blocked(f"{order} is {order.get_status_display().lower()}.")
    parts = LinePart.objects.filter(order=order, demand__isnull=False)
    brought = inventory_services.bring_together(
        demand_ids=list(parts.values_list("demand_id", flat=True)),
        warehouse_id=warehouse_id,
        expected_on=expected_on,
        actor=actor,
        at=at,
    )
    set_allocation([order.pk])
    units: dict[Transfer, Decimal] = defaultdict(Decimal)
    for one in brought:
        units[one.transfer] += one.quantity
    record(
        facts=[
            Fact(
                *(order.pk, order.company_id, OrderEvent.Kind.BROUGHT, "transfer", transfer.pk),
                {
                    "units": f"{quantity.normalize():f}",
                    "number": transfer.number,
                    "expected": transfer.expected_on.isoformat(),
                },
            )
            for transfer, quantity in units.items()
        ],
        actor=actor,
        at=at,
    )
    return list(units)
