"""The kernel's own jobs: bringing back what a killed worker left behind, and going on with files that come in."""

from __future__ import annotations

import contextlib
from time import monotonic

from django.db import OperationalError
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException

from core import intake, jobs
from core.sessions import SessionStore
from core.transactions import as_refusal

# A worker goes on with something else after as many seconds of one file
TURN = 10


@app.periodic(cron="* * * * *")
@app.task(name="core.rescue_stalled_jobs", queueing_lock="core.rescue_stalled_jobs", pass_context=True)
async def rescue_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Put jobs whose worker died back in the queue; every task is safe to run twice."""
    for job in await context.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=30):
        # It has ended after all, or the same work waits in the queue: the others are brought back all the same.
        with contextlib.suppress(ConnectorException):
            await context.app.job_manager.retry_job(job)


@app.periodic(cron="40 2 * * *")
@app.task(name="core.clear_sessions", queueing_lock="core.clear_sessions")
def clear_sessions(timestamp: int) -> None:
    """Forget sessions that have run out; every night, and safe to run at any time."""
    SessionStore.clear_expired()


@app.task(name="core.advance_import")
def advance_import(import_id: int) -> None:
    """Go on with a file that comes in for some seconds, then let others have their turn; safe to run twice.

    :raises OperationalError: where the database fails for another reason than rows that somebody holds.
    """
    until = monotonic() + TURN
    while monotonic() < until:
        try:
            if not intake.advance(import_id=import_id, at=timezone.now()):
                return
        except OperationalError as error:
            if as_refusal(error) is None:
                raise
            break
    jobs.defer("core.advance_import", import_id=import_id)
