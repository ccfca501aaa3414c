"""What PostgreSQL's planner is told beside the statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from psycopg import ClientCursor


@contextmanager
def planned_anew(alias: str = "default") -> Iterator[None]:
    """Have PostgreSQL plan each statement for the values that are asked for, which stand in it.

    Of a prepared statement it keeps a plan for any values, after a few: such a plan takes no partial index, and cannot
    know how rare a value is. What services ask all day by keys is better off with one; a queue's page is not.
    """

    def spelled_out(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if many or not params:
            return execute(sql, params, many, context)
        return execute(ClientCursor(context["connection"].connection).mogrify(sql, params), None, many, context)

    with connections[alias].execute_wrapper(spelled_out):
        yield
