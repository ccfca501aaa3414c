"""What a scan at the dock is of: a return, a shipment by its tracking number, an order, or an item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.models import User
from orders.models import SalesOrder
from returns.models import ReturnOrder
from returns.queries.pages import CAN_RECEIVE, RECEIVABLE, returns
from returns.queries.shipped import lines_in_reach
from shipping.models import Label, Shipment, ShipmentLine

_RETURN_NUMBER = re.compile(r"RT-?0*(\d{1,18})", re.IGNORECASE)
# A SKU may have left with thousands of orders: those that left last are offered
MOST_ORDERS = 10


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was found: returns that wait for goods, orders of which goods may come unannounced, and the shipment."""

    returns: Sequence[ReturnOrder] = ()
    orders: Sequence[SalesOrder] = ()
    shipment: Shipment | None = None
    parcel_id: int | None = None
    refusal: str = ""


def find(user: User, code: str) -> Scanned:
    """Return what a scanned or typed code is of, among the rows of the person's companies."""
    code = code.strip()
    number = _RETURN_NUMBER.fullmatch(code)
    if number:
        return _of_return(user, int(number[1]))
    label = Label.objects.filter(
        tracking_number=code, shipment__in=Shipment.objects.for_user(user).filter(dispatched_at__isnull=False)
    ).first()
    tracked = Shipment.objects.for_user(user).filter(dispatched_at__isnull=False)
    tracked = tracked.filter(pk=label.shipment_id) if label else tracked.filter(tracking_number=code)
    shipment = tracked.select_related("order__customer").order_by("-pk").first()
    if shipment is not None:
        found = _of_orders(user, [shipment.order])
        return Scanned(found.returns, found.orders, shipment, label.parcel_id if label else None, found.refusal)
    orders = SalesOrder.objects.for_user(user).select_related("customer")
    named = list(orders.filter(number__iexact=code)[:1]) or list(orders.filter(po_number__iexact=code)[:MOST_ORDERS])
    if named:
        return _of_orders(user, named)
    return _of_item(user, code)


def _of_return(user: User, pk: int) -> Scanned:
    row = returns(user).filter(pk=pk).first()
    if row is None:
        return Scanned(refusal="There is no return with this number.")
    if row.status in RECEIVABLE and not row.is_lost:
        return Scanned([row])
    return Scanned(refusal=f"{row} is {row.get_status_display().lower()}: nothing is received for it.")


def _of_orders(user: User, orders: Sequence[SalesOrder]) -> Scanned:
    awaited = list(returns(user).filter(CAN_RECEIVE, order__in=orders).order_by("pk"))
    lines = lines_in_reach([order.pk for order in orders], user)
    free = [order for order in orders if any(line.free for line in lines.get(order.pk, ()))]
    if awaited or free:
        return Scanned(awaited, free)
    order = orders[0]
    if not lines.get(order.pk):
        return Scanned(refusal=f"Nothing of {order} has left the house: it cannot come back.")
    return Scanned(refusal=f"All that left with {order} is back already.")


def _of_item(user: User, code: str) -> Scanned:
    for column in ("part__product__sku", "part__product__gtin"):
        left = ShipmentLine.objects.filter(**{column: code}, shipment__in=Shipment.objects.for_user(user))
        recent = left.order_by("-pk").values_list("shipment__order_id", flat=True)[: MOST_ORDERS * 5]
        ids = list(dict.fromkeys(recent))[:MOST_ORDERS]
        if ids:
            orders = SalesOrder.objects.for_user(user).filter(pk__in=ids).select_related("customer").order_by("-pk")
            return _of_orders(user, list(orders))
    return Scanned(refusal=f"{code} is no return, tracking number, order or item that has left: look at the box again.")


def shipment_out(user: User, order_id: int, key: str) -> Shipment | None:
    """Return the shipment of an order with a key as an address has it, where it is out and may come back to them."""
    if not (key.isascii() and key.isdecimal() and len(key) < 19):
        return None
    return Shipment.objects.for_user(user).filter(pk=int(key), order=order_id, status__in=Shipment.OUT).first()
