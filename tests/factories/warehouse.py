"""Orders brought through the warehouse by its services, and what stands there now."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import User
from core.refusals import Refused
from inventory.models import Allocation, BinStock, Demand, Product, StockLevel, StockMove
from orders.models import LinePart, OrderEvent, SalesOrder
from shipping.models import Shipment, ShipmentLine
from tests.factories.house import AT, House
from warehouse import services
from warehouse.models import Count, Parcel, ParcelContent, PickTask, Wave

ROWS = (
    SalesOrder,
    LinePart,
    OrderEvent,
    Demand,
    Allocation,
    StockLevel,
    BinStock,
    StockMove,
    Wave,
    PickTask,
    Parcel,
    ParcelContent,
    Count,
    Shipment,
    ShipmentLine,
)


def released(house: House, *lines: tuple[Product, Any], **fields: Any) -> SalesOrder:
    """Make an order whose allocated stock is released."""
    order = house.order(*lines, **fields)
    return _done(order, services.release_orders(order_ids=[order.pk], actor=house.boss, at=AT))


def picked(house: House, *lines: tuple[Product, Any], **fields: Any) -> SalesOrder:
    """Make an order all of whose tasks are picked."""
    order = released(house, *lines, **fields)
    return _done(order, services.pick_orders(order_ids=[order.pk], actor=house.boss, at=AT))


def packed(house: House, *lines: tuple[Product, Any], **fields: Any) -> SalesOrder:
    """Make an order all of whose picked goods are in parcels."""
    order = picked(house, *lines, **fields)
    return _done(order, services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT))


def _done(order: SalesOrder, results: dict[int, Any]) -> SalesOrder:
    if isinstance(results[order.pk], Refused):
        raise results[order.pk]
    return SalesOrder.objects.get(pk=order.pk)


def snapshot() -> dict[str, list[Any]]:
    """Return every row that the warehouse and shipping may change, to compare before and after."""
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in ROWS}


class Statements(CaptureQueriesContext):
    """The statements of a block, without those that only begin and end transactions and savepoints."""

    def __init__(self, actor: User) -> None:
        super().__init__(connection)
        # A request reads the person's roles before it calls a service
        assert actor.verbs

    def __len__(self) -> int:
        return len(self.told)

    @property
    def told(self) -> list[str]:
        """What was asked of the database."""
        frame = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
        return [query["sql"] for query in self.captured_queries if not query["sql"].startswith(frame)]
