"""Jobs: deferred by name inside the transaction, run by the worker after its commit, safe to run twice."""

from __future__ import annotations

from typing import Any

from procrastinate.contrib.django import app


def defer(name: str, **arguments: Any) -> None:
    """Queue one job in the current transaction; nothing is queued where that rolls back.

    `name` is the task's, such as "billing.render_invoices"; a test checks that every name deferred exists.

    :raises TaskNotFound: where no app has such a task.
    """
    app.configure_task(name, allow_unknown=False).defer(**arguments)
