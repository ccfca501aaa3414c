"""Why a verb of orders is off, for any number of orders at once."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from django.db import connection
from django.urls import reverse

from core.refusals import Blocker
from orders import sql
from orders.models import SalesOrder

_STATUS = dict(SalesOrder.Status.choices)


def blockers(order_ids: Collection[int], verb: str) -> dict[int, list[Blocker]]:
    """Return why a verb is off for each order, by one statement; an order that is not named has nothing against it.

    Knows "orders.confirm" and "orders.allocate".

    :raises KeyError: for a verb that is not orders'.
    """
    find = {"orders.confirm": _confirm_blockers, "orders.allocate": _allocate_blockers}[verb]
    found = find(order_ids) if order_ids else {}
    return {order_id: reasons for order_id, reasons in found.items() if reasons}


def _confirm_blockers(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.CONFIRM_FACTS, [list(order_ids)])
        facts = cursor.fetchall()
    found: dict[int, list[Blocker]] = {}
    for order_id, status, is_active, customer, customer_id, lines, inactive, has_address in facts:
        reasons = found.setdefault(order_id, [])
        if status not in {SalesOrder.Status.DRAFT, SalesOrder.Status.REVIEW}:
            reasons.append(Blocker("already_confirmed", f"The order is {_STATUS[status].lower()} already."))
            continue
        if not lines:
            reasons.append(Blocker("no_lines", "The order has no line."))
        if not is_active:
            link = reverse("orders:customer", args=[customer_id])
            reasons.append(Blocker("customer_closed", f"{customer} may not order: the account is closed.", link))
        if inactive:
            reasons.append(Blocker("not_sold", f"No longer sold: {inactive}."))
        if not has_address:
            reasons.append(Blocker("no_address", "The ship-to address lacks a street or a city."))
    return found


def _allocate_blockers(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.ALLOCATE_FACTS, [list(order_ids)])
        facts: list[tuple[int, str, Decimal, Decimal]] = cursor.fetchall()
    found: dict[int, list[Blocker]] = {}
    for order_id, status, waiting, free in facts:
        reasons = found.setdefault(order_id, [])
        if status not in {SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED}:
            reasons.append(Blocker("not_open", f"The order is {_STATUS[status].lower()}."))
        elif waiting <= 0:
            reasons.append(Blocker("nothing_waits", "Nothing of this order waits for stock."))
        elif free <= 0:
            reasons.append(Blocker("no_stock", f"{waiting.normalize():f} units wait, and none of them is in stock."))
    return found
