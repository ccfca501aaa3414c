"""Who did it, beside each change that history keeps: told to the database once a transaction, before its first write.

pghistory's own way puts a second command in front of every statement, which PostgreSQL refuses to prepare.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

_TELL = (
    "SELECT set_config('pghistory.context_metadata', %s, true), set_config('pghistory.context_id', %s, true)"
    " /* history */"
)
_READS = ("SELECT", "SAVEPOINT", "RELEASE", "SHOW", "FETCH", "DECLARE", "CLOSE")


class _Teller:
    """A statement wrapper that tells the database the context before the first write of each transaction."""

    def __init__(self, context: Callable[[], dict[str, Any]]) -> None:
        self.context = context
        self.id = str(uuid.uuid4())
        self.is_told = False

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        text = str(sql).lstrip()[:40].upper()
        raw = context["connection"].connection
        if raw is None or raw.info.transaction_status == TransactionStatus.IDLE or text.startswith("ROLLBACK"):
            self.is_told = False  # a transaction begins, or goes back to before it was told
        if self.is_told or text.startswith((*_READS, "ROLLBACK")):
            return execute(sql, params, many, context)
        if not connection.in_atomic_block:
            with transaction.atomic():
                return self(execute, sql, params, many, context)
        self.is_told = True
        with connection.cursor() as cursor:
            cursor.execute(_TELL, [json.dumps(self.context()), self.id])
        return execute(sql, params, many, context)


@contextmanager
def attributed_to(context: Callable[[], dict[str, Any]]) -> Iterator[None]:
    """Hang what `context` returns at the first write on every history row written inside, and on none written after."""
    teller = _Teller(context)
    with connection.execute_wrapper(teller):
        yield
    raw = connection.connection
    if teller.is_told and raw is not None and raw.info.transaction_status == TransactionStatus.INTRANS:
        with connection.cursor() as cursor:
            cursor.execute(_TELL, ["", ""])
