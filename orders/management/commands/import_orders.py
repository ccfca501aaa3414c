"""import_orders: take a file of orders in as drafts, and say of every other row why not."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core import intake
from core.exports import csv_lines, xlsx_file
from core.models import FileImport, User
from core.refusals import Refused
from orders import services

SHOWN_ROWS = 300


class Command(BaseCommand):
    """Import a file on behalf of a person, whose company and roles count."""

    help = "Import orders from a CSV or XLSX file as drafts; failed rows can be written to a file with their reasons."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file or an import that was stopped, the person, and where to write the failed rows."""
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("file", type=Path, nargs="?")
        what.add_argument("--resume", type=int, metavar="ID", help="go on with an import that was stopped")
        parser.add_argument("--as", dest="email", required=True, help="e-mail address of the person who imports")
        parser.add_argument("--failed", type=Path, help="write failed rows, with reasons, to this .csv or .xlsx")
        parser.add_argument("--dry-run", action="store_true", help="try every row and keep nothing")
        parser.add_argument("--encoding", help="such as utf-8 or cp1252, where the guess is wrong")
        parser.add_argument("--separator", help="such as ; where the guess is wrong")

    def handle(self, *_: Any, file: Path | None, resume: int | None, email: str, **options: Any) -> None:
        """Import the file and report.

        :raises CommandError: where the person or the file is unknown, or the file cannot be read as orders.
        """
        try:
            actor = User.objects.get_by_natural_key(email)
            run = self.resumed(actor, resume) if file is None else self.received(file, actor, options)
            report = self.work(run, actor, is_dry=options["dry_run"])
        except User.DoesNotExist as error:
            raise CommandError(f"Nobody signs in as {email}.") from error
        except FileImport.DoesNotExist as error:
            raise CommandError(f"There is no import {resume} of this company.") from error
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except Refused as error:
            raise CommandError(error.sentence) from error
        self.tell(report, is_dry=options["dry_run"])
        failed: Path | None = options["failed"]
        if failed is not None and report.refused:
            self.write_refused(failed, report)
            self.stdout.write(f"The refused rows are in {failed}.")

    def write_refused(self, failed: Path, report: services.ImportReport) -> None:
        """Write the refused rows as they came, to a workbook where the file is named so."""
        as_workbook = failed.suffix.lower() == ".xlsx"
        rows = intake.refused_cells(FileImport.objects.get(pk=report.import_id), with_figures=as_workbook)
        header = [*report.header, "Reason"]
        if as_workbook:
            with xlsx_file(header, rows) as book, failed.open("wb") as out:
                shutil.copyfileobj(book, out)
        else:
            with failed.open("w", encoding="utf-8", newline="") as out:
                out.writelines(csv_lines(header, rows, delimiter=report.delimiter or ","))

    def received(self, file: Path, actor: User, options: dict[str, Any]) -> FileImport:
        """Take the file over, cut as it is asked for."""
        with file.open("rb") as content:
            run = intake.receive(
                kind=services.ORDERS.name, name=file.name, content=content, actor=actor, at=timezone.now()
            )
        asked = {"encoding": options["encoding"], "delimiter": options["separator"]}
        chosen = replace(intake.layout_of(run), **{name: value for name, value in asked.items() if value})
        return (
            intake.map_columns(import_id=run.pk, layout=chosen, mapping={}, notation={}, actor=actor, at=timezone.now())
            if any(asked.values())
            else run
        )

    def resumed(self, actor: User, import_id: int | None) -> FileImport:
        """Return an import that was stopped."""
        run: FileImport = FileImport.objects.for_user(actor).get(pk=import_id, kind=services.ORDERS.name)
        return run

    def work(self, run: FileImport, actor: User, *, is_dry: bool) -> services.ImportReport:
        """Go through the file; Ctrl-C stops behind the slice that is under way."""
        try:
            return services.load_orders_of(
                run=run, actor=actor, clock=timezone.now, progress=self.progress, is_dry=is_dry, most_refused=SHOWN_ROWS
            )
        except KeyboardInterrupt as interrupt:
            intake.stop_file(import_id=run.pk, actor=actor, at=timezone.now())
            raise CommandError(
                f"Stopped. Go on with: import_orders --resume {run.pk} --as={actor.email}"
            ) from interrupt

    def tell(self, report: services.ImportReport, *, is_dry: bool) -> None:
        """Name the refused rows and count what was made."""
        for row in report.refused:
            where = f", {row.column}" if row.column else ""
            self.stdout.write(f"row {row.line_number}{where}: {row.reason}")
        if report.refused_rows > SHOWN_ROWS:
            self.stdout.write(f"and {report.refused_rows - SHOWN_ROWS:,} more rows")
        made = (
            f"{report.accepted_rows:,} rows are good"
            if is_dry
            else (f"{len(report.order_ids):,} orders made of {report.accepted_rows:,} rows")
        )
        same = f" {report.same_rows:,} rows were there already;" if report.same_rows else ""
        read_as = f"read as {report.encoding}, separated by {report.delimiter!r}" if report.encoding else "a workbook"
        self.stdout.write(f"{made};{same} {report.refused_rows:,} rows refused ({read_as}).")

    def progress(self, done: int, whole: int) -> None:
        """Say how many rows are done."""
        self.stderr.write(f"{done:,} of {whole:,} rows")
