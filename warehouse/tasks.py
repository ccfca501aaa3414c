"""The warehouse's jobs."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from warehouse import services


@app.periodic(cron="* * * * * */5")
@app.task(name="warehouse.complete_waves", queueing_lock="warehouse.complete_waves")
def complete_waves(timestamp: int) -> None:
    """Close the waves of which nothing is left to pick, a few seconds after the last scan."""
    services.complete_waves(at=timezone.now())


@app.periodic(cron="1,16,31,46 * * * *")
@app.task(name="warehouse.expire_lots", queueing_lock="warehouse.expire_lots")
def expire_lots(timestamp: int) -> None:
    """Block what has expired, soon after midnight in every time zone; safe to run at any time."""
    services.expire_lots(at=timezone.now())
