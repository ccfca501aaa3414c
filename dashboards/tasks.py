"""Jobs of dashboards: figures that follow what happens, and all open orders taken in anew each night."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from dashboards import services


@app.periodic(cron="* * * * *")
@app.task(name="dashboards.roll_up", queueing_lock="dashboards.roll_up")
def roll_up(timestamp: int) -> None:
    """Bring figures up to date; every minute, and safe to run at any time."""
    services.roll_up_all(at=timezone.now())


@app.periodic(cron="40 2 * * *")
@app.task(name="dashboards.roll_up_open", queueing_lock="dashboards.roll_up_open")
def roll_up_open(timestamp: int) -> None:
    """Take in all open orders anew; every night, after the runs that give out what has become free."""
    services.roll_up_all(at=timezone.now(), with_open=True)
