"""Checks of `check --deploy`: production runs and migrates by two roles."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning


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
