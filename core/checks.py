"""Checks of the databases: none was left between two versions, and production runs and migrates by two roles."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def check_roles(**_: Any) -> list[CheckMessage]:
    """Return a warning where one role both runs and migrates."""
    if settings.DATABASES["default"].get("USER") != settings.DATABASES["owner"].get("USER"):
        return []
    return [
        Warning(
            "One role both runs and migrates: ledgers are guarded by triggers only.",
            hint="Give MIGRATE_DATABASE_URL the owner's role and DATABASE_URL another.",
            id="orderly.W001",
        )
    ]


def check_squashed(databases: Collection[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Return an error for each app of which a database has a part of the migrations that were squashed since."""
    squashed = {key: set(each.replaces) for key, each in MigrationLoader(None).disk_migrations.items() if each.replaces}
    found: list[CheckMessage] = []
    for alias in databases or ():
        applied = set(MigrationRecorder(connections[alias]).applied_migrations())
        for (app, name), replaced in squashed.items():
            missing = sorted(replaced - applied)
            if missing and len(missing) < len(replaced) and (app, name) not in applied:
                found.append(
                    Error(
                        f"The database lacks {app}.{missing[0][1]}, which {name} has taken in.",
                        hint="Migrate it by the last version that has that file, then by this one; or make it anew.",
                        id="orderly.E001",
                    )
                )
    return found
