"""Returns brought as far as a test needs them, by the services."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.refusals import Refused
from inventory.models import Product
from orders.models import LinePart, SalesOrder
from returns import services
from returns.models import Grade, ReturnDisposition, ReturnOrder
from tests.factories.house import AT, House


def parts_of(order: SalesOrder, units: Mapping[Product, Any]) -> dict[int, Decimal]:
    """Return units by the part of an order that is of a product."""
    parts = {part.product_id: part.pk for part in LinePart.objects.filter(order=order)}
    return {parts[product.pk]: Decimal(quantity) for product, quantity in units.items()}


def asked(
    house: House, order: SalesOrder, units: Mapping[Product, Any], *, authorize: bool = True, **fields: Any
) -> ReturnOrder:
    """Ask for a return of an order, authorized at once unless said otherwise."""
    draft = services.ReturnDraft(order.pk, parts_of(order, units), **fields)
    (made,) = services.create_returns(drafts=[draft], authorize=authorize, actor=house.boss, at=AT)
    if isinstance(made, Refused):
        raise made
    return made


def received(house: House, order: SalesOrder, units: Mapping[Product, Any], **fields: Any) -> ReturnOrder:
    """Make a return of which all has come."""
    made = asked(house, order, units, **fields)
    receive(house, made, order, units)
    return again(made)


def receive(house: House, made: ReturnOrder, order: SalesOrder, units: Mapping[Product, Any], **fields: Any) -> Any:
    """Take in units for a return."""
    arrival = services.Arrival(parts_of(order, units), **fields)
    return services.receive_return(return_id=made.pk, arrival=arrival, actor=house.boss, at=AT)


def inspected(
    house: House, order: SalesOrder, units: Mapping[Product, Any], *, grade: Grade = Grade.A, **fields: Any
) -> ReturnOrder:
    """Make a return of which all has come and has a grade, and waits for where it goes."""
    made = received(house, order, units, **fields)
    graded = [services.Graded(part_id, grade, quantity) for part_id, quantity in parts_of(order, units).items()]
    services.inspect_return(return_id=made.pk, graded=graded, actor=house.boss, at=AT)
    return again(made)


def decided(
    house: House,
    order: SalesOrder,
    units: Mapping[Product, Any],
    *,
    grade: Grade = Grade.A,
    disposition: ReturnDisposition.Kind | None = None,
    **fields: Any,
) -> ReturnOrder:
    """Make a return of which all has come and gone where its grade leads, or where said."""
    made = received(house, order, units, **fields)
    graded = [
        services.Graded(part_id, grade, quantity, disposition=disposition or services.PRESET[grade])
        for part_id, quantity in parts_of(order, units).items()
    ]
    services.inspect_return(return_id=made.pk, graded=graded, actor=house.boss, at=AT)
    return again(made)


def again(made: ReturnOrder) -> ReturnOrder:
    """Read a return again."""
    return ReturnOrder.objects.get(pk=made.pk)
