"""Jobs of orders: completing and closing what has nothing left, and lifting holds whose day has come."""

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


@app.periodic(cron="* * * * *")
@app.task(name="orders.close_orders", queueing_lock="orders.close_orders")
def close_orders(timestamp: int) -> None:
    """Close the orders of which nothing is left; every minute, and safe to run at any time."""
    services.close_orders(at=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(name="orders.release_expired_holds", queueing_lock="orders.release_expired_holds")
def release_expired_holds(timestamp: int) -> None:
    """Lift the holds whose day has come; every minute, and safe to run at any time."""
    services.release_expired_holds(at=timezone.now())
