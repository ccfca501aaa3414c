"""Wiring of the kernel: privileges after each migration, production's own checks."""

from __future__ import annotations

import gc
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.db.models.signals import post_migrate

from core import registry
from core.checks import check_roles, check_squashed
from core.ledger import grant_app_role


def _grant_after_migrate(using: str, **_: Any) -> None:
    role = str(settings.DATABASES["default"].get("USER") or "")
    if role:
        grant_app_role(using, role)


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Connect the grants to migrate, register the checks of databases, and collect garbage seldom."""
        from core.setting_up import PARTS

        registry.register_parts(PARTS, after=0)
        registry.navigation.register(
            "set_up",
            registry.NavigationItem("Company set-up", "core:set_up", "settings", "core.set_up", key="j"),
            order=95,
        )
        post_migrate.connect(_grant_after_migrate, sender=self, dispatch_uid="core.grant_app_role")
        checks.register(check_roles, checks.Tags.database, deploy=True)
        checks.register(check_squashed, checks.Tags.database)
        registry.navigation.register(
            "imports",
            registry.NavigationItem("Imports", "core:imports", "upload", "core.import", key="m"),
            order=90,
        )
        registry.navigation.register(
            "alerts",
            registry.NavigationItem("Alerts", "core:alerts", "alert", "core.keep_views", key="t", group="My work"),
            order=5,
        )
        registry.navigation.register(
            "inbox",
            registry.NavigationItem("Inbox", "core:inbox", "inbox", "core.keep_views", key="x", group="My work"),
            order=6,
        )
        registry.watched_queues.register("imports", "core:imports", order=90)
        registry.commands.register(
            "Import a file", registry.Command("Import a file", "core:import_file", "upload", "core.import"), order=90
        )
        # A request makes rows by the hundred, and nearly all die with it without the collector's help, which would look
        # through them after each seven hundred: a fifth of the Python of a bulk action.
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
