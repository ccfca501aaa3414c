"""Orders brought out of the house by the services."""

from __future__ import annotations

from typing import Any

from core.refusals import Refused
from inventory.models import Product
from orders import services as orders_services
from orders.models import SalesOrder
from shipping import services
from tests.factories.house import AT, House
from tests.factories.warehouse import packed
from warehouse import services as warehouse_services


def dispatch(
    house: House, *orders: SalesOrder, carrier: str = "Parcel Van", tracking_number: str = "PV1"
) -> dict[int, Any]:
    """Dispatch orders with a carrier."""
    return services.dispatch_orders(
        order_ids=[order.pk for order in orders],
        carrier=carrier,
        tracking_number=tracking_number,
        actor=house.boss,
        at=AT,
    )


def dispatched(house: House, *lines: tuple[Product, Any], **fields: Any) -> SalesOrder:
    """Make an order whose packed parcels have left."""
    order = packed(house, *lines, **fields)
    dispatch(house, order)
    return SalesOrder.objects.get(pk=order.pk)


def shipped_later(house: House, order: SalesOrder) -> SalesOrder:
    """Send off what an order waited for, once there is stock of it."""
    by: dict[str, Any] = {"order_ids": [order.pk], "actor": house.boss, "at": AT}
    verbs = (
        orders_services.allocate_orders,
        warehouse_services.release_orders,
        warehouse_services.pick_orders,
        warehouse_services.pack_orders,
    )
    for verb in verbs:
        result = verb(**by)[order.pk]
        if isinstance(result, Refused):
            raise result
    dispatch(house, order)
    return SalesOrder.objects.get(pk=order.pk)
