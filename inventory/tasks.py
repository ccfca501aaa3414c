"""Inventory's jobs: pegging what waits to what comes, and telling what is late."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from inventory import services


@app.task(name="inventory.peg_demands")
def peg_demands(product_ids: list[int]) -> None:
    """Promise what is on its way to demands of products that wait; safe to run twice."""
    services.peg_demands(product_ids=product_ids, at=timezone.now())


@app.periodic(cron="5 * * * *")
@app.task(name="inventory.note_late_supply", queueing_lock="inventory.note_late_supply")
def note_late_supply(timestamp: int) -> None:
    """Take the date from promises whose supplier is late; every hour, and safe to run at any time."""
    services.note_late(at=timezone.now())
