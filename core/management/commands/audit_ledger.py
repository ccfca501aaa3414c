"""audit_ledger: recomputes every cached figure from the ledgers and says where they differ.

It reports; it never repairs.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from core import registry

SHOWN = 20


class Command(BaseCommand):
    """Run all checks that the apps have registered, in one snapshot of the database.

    Exit with 1 where anything drifted.
    """

    help = "Recompute stock, promises, parts, facets, invoices, payments and series from the ledgers, and report drift."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run the checks.

        :raises CommandError: where any check found drift.
        """
        drifted = total = 0
        is_outermost = not connection.in_atomic_block
        with transaction.atomic():
            if is_outermost:
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for check in registry.audit_checks:
                rows, found = check.find()
                total += rows
                drifted += len(found)
                mark = "drift" if found else "ok"
                self.stdout.write(f"{mark:5}  {rows:>10,} rows  {check.name}")
                for drift in found[:SHOWN]:
                    self.stdout.write(f"         {drift.subject}: stored {drift.stored}, proved {drift.proved}")
                if len(found) > SHOWN:
                    self.stdout.write(f"         and {len(found) - SHOWN:,} more")
        if drifted:
            raise CommandError(f"{drifted:,} figures differ from the ledgers.", returncode=1)
        self.stdout.write(self.style.SUCCESS(f"{total:,} rows checked, no drift."))
