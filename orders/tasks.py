"""Jobs of orders: runs over all that waits, completing and closing, lifting holds, and ending reservations."""

from __future__ import annotations

from time import monotonic

from django.db import OperationalError
from django.utils import timezone
from procrastinate.contrib.django import app

from core import jobs
from core.transactions import as_refusal
from orders import services
from orders.services.running import FIRST_SLICE, fitting

# A worker goes on with something else after as many seconds of one run
TURN = 10


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
    while services.release_expired_holds(at=timezone.now()):
        pass


@app.periodic(cron="*/10 * * * *")
@app.task(name="orders.tell_of_late_orders", queueing_lock="orders.tell_of_late_orders")
def tell_of_late_orders(timestamp: int) -> None:
    """Tell those who follow an order that it is late; every ten minutes, and safe to run at any time."""
    services.tell_of_late_orders(at=timezone.now())


@app.task(name="orders.advance_run")
def advance_run(run_id: int) -> None:
    """Go on with a run over all that waits for some seconds, then let others have their turn; safe to run twice.

    :raises OperationalError: where the database fails for another reason than rows that somebody holds.
    """
    until, lines = monotonic() + TURN, FIRST_SLICE
    while monotonic() < until:
        begun = monotonic()
        try:
            if not services.advance_run(run_id=run_id, lines=lines, at=timezone.now()):
                return
        except OperationalError as error:
            if as_refusal(error) is None:
                raise
            break
        lines = fitting(lines, round((monotonic() - begun) * 1000))
    jobs.defer("orders.advance_run", run_id=run_id)


@app.periodic(cron="30 2 * * *")
@app.task(name="orders.begin_nightly_runs", queueing_lock="orders.begin_nightly_runs")
def begin_nightly_runs(timestamp: int) -> None:
    """Give what has become free to all that waits; every night."""
    services.begin_nightly_runs(at=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(name="orders.expire_reservations", queueing_lock="orders.expire_reservations")
def expire_reservations(timestamp: int) -> None:
    """Give up what is kept by reservations whose last day is over; every minute, and safe to run at any time."""
    while services.expire_reservations(at=timezone.now()):
        pass


@app.periodic(cron="45 2 * * *")
@app.task(name="orders.fill_reservations", queueing_lock="orders.fill_reservations")
def fill_reservations(timestamp: int) -> None:
    """Give what is free to reservations that lack some of what they keep; every night, and safe to run at any time."""
    services.fill_reservations(at=timezone.now())
