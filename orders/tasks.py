"""Jobs of orders: completing what has nothing left to ship."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from orders import services


@app.periodic(cron="* * * * * */5")
@app.task(name="orders.complete_orders", queueing_lock="orders.complete_orders")
def complete_orders(timestamp: int) -> None:
    """Complete the orders that are ready for it; every five seconds, and safe to run at any time."""
    services.complete_orders(at=timezone.now())


@app.task(name="orders.note_allocation")
def note_allocation(order_ids: list[int]) -> None:
    """Set the allocation facet of orders whose promise changed without their lock; safe to run twice."""
    services.note_allocation(order_ids=order_ids)
