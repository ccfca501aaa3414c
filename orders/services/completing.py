"""Orders with nothing left to ship are completed, and those with nothing left at all closed, by jobs (ADR 0004)."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from core import registry, transitions
from core.transactions import atomic
from orders.models import Facet, LinePart, OrderEvent, SalesOrder
from orders.services.recording import Fact, record


@atomic
def complete_orders(*, at: datetime, limit: int = 200) -> int:
    """Complete released orders of which every part is shipped or cancelled; return how many.

    Run again, it finds none.
    """
    ready = SalesOrder.objects.filter(status=SalesOrder.Status.RELEASED, fulfilment__in=[Facet.FULL, Facet.OVER])
    ids = list(ready.order_by("pk").values_list("pk", flat=True)[:limit])
    orders = list(ready.filter(pk__in=ids).locked())
    transitions.apply(orders, "complete", at=at, fields=["completed_at"])
    record(
        facts=[Fact(order.pk, order.company_id, OrderEvent.Kind.COMPLETED, "order", order.pk) for order in orders],
        actor=None,
        at=at,
    )
    return len(orders)


@atomic
def close_orders(*, at: datetime, limit: int = 200) -> int:
    """Close the orders of which nothing is left to ship, to bill or to be paid; return how many.

    Charges and services alone are never shipped: such an order closes from where it was confirmed. One with which a
    higher app is not done, as with goods on their way back, waits. Run again, it finds none.
    """
    goods = LinePart.objects.filter(order=OuterRef("pk"))
    has_left = Q(status=SalesOrder.Status.COMPLETED) | Q(~Exists(goods), status=SalesOrder.Status.CONFIRMED)
    ready = SalesOrder.objects.filter(has_left, Q(payment=Facet.FULL) | Q(gross=0), billing=Facet.FULL)
    for unfinished in registry.unfinished:
        ready = ready.filter(~Exists(unfinished().filter(order=OuterRef("pk"))))
    ids = list(ready.order_by("pk").values_list("pk", flat=True)[:limit])
    orders = list(ready.filter(pk__in=ids).locked())
    transitions.apply(orders, "close", at=at)
    record(
        facts=[Fact(order.pk, order.company_id, OrderEvent.Kind.CLOSED, "order", order.pk) for order in orders],
        actor=None,
        at=at,
    )
    return len(orders)
