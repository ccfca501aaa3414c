"""The kernel's own jobs: bringing back what a killed worker left behind."""

from __future__ import annotations

import contextlib

from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException


@app.periodic(cron="* * * * *")
@app.task(name="core.rescue_stalled_jobs", queueing_lock="core.rescue_stalled_jobs", pass_context=True)
async def rescue_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Put jobs whose worker died back in the queue; every task is safe to run twice."""
    for job in await context.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=30):
        # It has ended after all, or the same work waits in the queue: the others are brought back all the same.
        with contextlib.suppress(ConnectorException):
            await context.app.job_manager.retry_job(job)
