"""purge_training: removes what is left of training companies that were begun anew, by the owner's role."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from core import purging
from core.models import Company


class Command(BaseCommand):
    """Remove each retired training company whole, in a transaction of its own."""

    help = (
        "Remove training companies in which nobody works any more, with all their rows, and no row of another company."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --dry-run."""
        parser.add_argument("--dry-run", action="store_true", help="only name what would be removed")

    def handle(self, *_: Any, dry_run: bool, **__: Any) -> None:
        """Remove them, or name them."""
        companies = purging.retired()
        if not companies:
            self.stdout.write("There is no retired training company.")
        elif dry_run:
            for company in companies:
                self.stdout.write(f"{company.code}  {company.name}: would be removed")
        else:
            with purging.quick_checks():
                for company in companies:
                    self.purge(company)

    def purge(self, company: Company) -> None:
        """Remove one, and say how much it was."""
        begun = time.monotonic()
        removed = purging.purge(company.pk)
        seconds = time.monotonic() - begun
        self.stdout.write(
            f"{company.code}  {company.name}: {sum(removed.values()):,} rows of {len(removed)} tables"
            f" removed in {seconds:.0f} s"
        )
