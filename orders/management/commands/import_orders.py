"""import_orders: take a CSV file of orders in as drafts, and say of every other row why not."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.models import User
from core.refusals import Refused
from orders import services


class Command(BaseCommand):
    """Import a file on behalf of a person, whose company and roles count."""

    help = "Import orders from a CSV file as drafts; failed rows can be written to a file with their reasons."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, the person, and where to write the failed rows."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="email", required=True, help="e-mail address of the person who imports")
        parser.add_argument("--failed", type=Path, help="write the failed rows with a reason column to this file")

    def handle(self, *_: Any, file: Path, email: str, failed: Path | None, **__: Any) -> None:
        """Import the file and report.

        :raises CommandError: where the person or the file is unknown, or the file cannot be read as orders.
        """
        try:
            actor = User.objects.get_by_natural_key(email)
            data = file.read_bytes()
            report = services.import_order_file(
                data=data, source=file.name, actor=actor, at=timezone.now(), progress=self.progress
            )
        except User.DoesNotExist as error:
            raise CommandError(f"Nobody signs in as {email}.") from error
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except Refused as error:
            raise CommandError(error.sentence) from error
        for row in report.refused:
            where = f", {row.column}" if row.column else ""
            self.stdout.write(f"row {row.line_number}{where}: {row.reason}")
        self.stdout.write(
            f"{len(report.order_ids)} orders made of {report.accepted_rows:,} rows;"
            f" {len(report.refused):,} rows refused (read as {report.encoding}, separated by {report.delimiter!r})."
        )
        if failed is not None and report.refused:
            with failed.open("w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out)
                writer.writerow([*report.header, "Reason"])
                writer.writerows([*row.cells[: len(report.header)], row.reason] for row in report.refused)
            self.stdout.write(f"The refused rows are in {failed}.")

    def progress(self, done: int, whole: int) -> None:
        """Say how many documents are done."""
        self.stderr.write(f"{done:,} of {whole:,} orders read")
