"""migrate, run by the owner role: the app role may not change the schema."""

from __future__ import annotations

from typing import cast

from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import DEFAULT_DB_ALIAS


class Command(MigrateCommand):
    """Django's migrate on the alias "owner"."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take Django's arguments, with the owner's alias instead of the app's."""
        super().add_arguments(parser)
        for action in parser._actions:
            if action.dest == "database":
                action.default = "owner"
                action.choices = cast("tuple[str, ...]", ("owner", DEFAULT_DB_ALIAS))
