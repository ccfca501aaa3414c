"""Wiring of the kernel: privileges after each migration, production's own checks."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.db.models.signals import post_migrate

from core.checks import check_roles
from core.ledger import grant_app_role


def _grant_after_migrate(using: str, **_: Any) -> None:
    role = str(settings.DATABASES["default"].get("USER") or "")
    if role:
        grant_app_role(using, role)


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Connect the grants to migrate, and register the deployment checks."""
        post_migrate.connect(_grant_after_migrate, sender=self, dispatch_uid="core.grant_app_role")
        checks.register(check_roles, checks.Tags.database, deploy=True)
