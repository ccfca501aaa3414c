"""Reads that the services of returns begin with: a return changes under its order's lock, and is read after it."""

from __future__ import annotations

from django.db.models import F, QuerySet

from core.reading import Among, Given, compiled
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
