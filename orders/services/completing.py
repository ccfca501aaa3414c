"""Orders that have nothing left to ship are completed by a job that pulls them (ADR 0004)."""

from __future__ import annotations

from datetime import datetime

from core import transitions
from core.transactions import atomic
from orders.models import Facet, OrderEvent, SalesOrder
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
