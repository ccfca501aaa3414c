"""What audit checks are made of: a statement that returns drift, and the count of what it looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import connection

from core.registry import AuditCheck, Drift


def sql_check(name: str, *, rows: str, drift: str) -> AuditCheck:
    """Return a check from two statements: `rows` counts what is proved, `drift` returns (subject, stored, proved) where they differ."""

    def find() -> tuple[int, list[Drift]]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {rows}")
            counted = int(cursor.fetchone()[0])
            cursor.execute(drift)
            found = [Drift(str(subject), str(stored), str(proved)) for subject, stored, proved in cursor.fetchall()]
        return counted, found

    return AuditCheck(name, find)


def register_all(register: Callable[..., None], app: str, checks: Sequence[AuditCheck]) -> None:
    """Register an app's checks in the order given."""
    for number, check in enumerate(checks):
        register(f"{app}.{number:02d}", check)
