"""Reads that the services of returns begin with: a return changes under its order's lock, and is read after it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, QuerySet

from core.reading import Among, Given, compiled
from inventory.models import Product
from orders.models import SalesOrder
from returns.models import ReturnLine, ReturnOrder


@compiled
def locked_orders_of_returns(company_ids: Given, return_ids: Given) -> QuerySet[SalesOrder]:
    """Lock the orders of returns, those of the companies only, and bring their company."""
    returns = ReturnOrder.objects.filter(Among(F("pk"), return_ids)).order_by().values("order_id")
    orders = SalesOrder.objects.filter(Among(F("company_id"), company_ids), pk__in=returns)
    return orders.select_related("company").locked()


@compiled
def lines_of_returns(warehouse_ids: Given, return_ids: Given) -> QuerySet[ReturnLine]:
    """Return the lines of returns, those to the warehouses only, with their return, product and shipment line."""
    lines = ReturnLine.objects.filter(
        Among(F("return_order__warehouse_id"), warehouse_ids), Among(F("return_order_id"), return_ids)
    )
    return lines.select_related("return_order", "product__unit", "part", "shipment_line").order_by("pk")


def lots_of(lines: Iterable[ReturnLine]) -> dict[int, int]:
    """Return the lot that left, by line; lines of goods without lots are not in it and nothing is asked for them."""
    tracked = [line.pk for line in lines if line.product.tracking != Product.Tracking.NONE]
    if not tracked:
        return {}
    lots = ReturnLine.objects.filter(pk__in=tracked).values_list("pk", "shipment_line__content__task__lot")
    return dict(lots)
