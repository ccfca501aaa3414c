"""Services as transactions: the outermost begins one, and those it calls are part of it without savepoints."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

from core import bulk
from core.refusals import Busy

P = ParamSpec("P")
R = TypeVar("R")


def as_refusal(error: OperationalError) -> Busy | None:
    """Return what a database's error says to a person: that others hold the rows; nothing for other errors."""
    if isinstance(error.__cause__, (LockNotAvailable, DeadlockDetected)):
        return Busy("Somebody else is working on this right now. Nothing was changed: try again in a moment.")
    return None


class _ServiceBlock(transaction.Atomic):
    """An atomic block that a service opened."""


def atomic(service: Callable[P, R]) -> Callable[P, R]:
    """Make a function all or nothing.

    Called from another service it joins that one's transaction: a savepoint would cost two statements a call, and there
    is nothing to go on with after a refusal. Whoever catches what a service raised may therefore not carry on inside
    another one.

    :raises TransactionManagementError: where the function caught what a service in it raised, and returned.
    """

    @wraps(service)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        database: Any = connections[DEFAULT_DB_ALIAS]
        if not any(isinstance(block, _ServiceBlock) for block in database.atomic_blocks):
            with _ServiceBlock(using=None, savepoint=True, durable=False), bulk.waiting():
                return whole(database, *args, **kwargs)
        try:
            return whole(database, *args, **kwargs)
        except BaseException:
            database.needs_rollback = True
            raise

    def whole(database: Any, *args: P.args, **kwargs: P.kwargs) -> R:
        result = service(*args, **kwargs)
        if database.needs_rollback:
            raise transaction.TransactionManagementError(
                f"{service.__qualname__} went on after a refusal in a service that it called."
            )
        return result

    return call


def undone(call: Callable[[], R]) -> R:
    """Call a service for what it answers, and take all that it wrote back: a preview is the real thing undone."""
    with transaction.atomic():
        answer = call()
        transaction.set_rollback(True)
    return answer
