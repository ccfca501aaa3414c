"""Checks of `check --deploy`: production stands on a server of its own, with two roles."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

EMBEDDED_MARKS = ("/var/lib/orderly", "pgdata")


def is_embedded(database: dict[str, Any]) -> bool:
    """Say whether a database's address is the socket of the server that `make run` brings."""
    host = str(database.get("HOST") or "")
    return host.startswith("/") and any(mark in host for mark in EMBEDDED_MARKS)


def check_server(**_: Any) -> list[CheckMessage]:
    """Return an error for the embedded server, and a warning where one role both runs and migrates."""
    default, owner = settings.DATABASES["default"], settings.DATABASES["owner"]
    found: list[CheckMessage] = []
    if is_embedded(default) or is_embedded(owner):
        found.append(
            Error(
                "The database is the embedded server of `make run`, which is for one machine's trial only.",
                hint="Point DATABASE_URL and MIGRATE_DATABASE_URL at a PostgreSQL 15 or later of your own.",
                id="orderly.E001",
            )
        )
    if default.get("USER") == owner.get("USER"):
        found.append(
            Warning(
                "One role both runs and migrates: ledgers are guarded by triggers only.",
                hint="Give MIGRATE_DATABASE_URL the owner's role and DATABASE_URL another.",
                id="orderly.W001",
            )
        )
    return found
