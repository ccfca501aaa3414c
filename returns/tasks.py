"""Jobs of returns: giving up what did not come in time."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from returns import services


@app.periodic(cron="7 * * * *")
@app.task(name="returns.expire_returns", queueing_lock="returns.expire_returns")
def expire_returns(timestamp: int) -> None:
    """Expire the returns whose time is over; every hour, for midnight comes at its own hour to each company."""
    services.expire_returns(at=timezone.now())
