"""Files that came in: each kept as it was sent, what was asked of it, and what became of each of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django_fsm import transition

from core.ledger import append_only
from core.models.house import Company, CompanyQuerySet
from core.transitions import Graph, StatusField

IMPORT_GRAPH = Graph(
    begin_check=(["RECEIVED", "CHECKED", "UNREADABLE"], "CHECKING"),
    check_done=(["CHECKING"], "CHECKED"),
    leave_check=(["CHECKING"], "RECEIVED"),
    load=(["RECEIVED", "CHECKED", "STOPPED"], "LOADING"),
    stop=(["LOADING"], "STOPPED"),
    finish=(["LOADING"], "DONE"),
    give_up=(["CHECKING", "LOADING"], "UNREADABLE"),
)


class SourceFile(models.Model):
    """A file as it was sent, kept whole with its digest, who sent it and when: the document behind what it made (A1).

    Its bytes lie in parts of a megabyte, so that nobody has to hold all of them at once.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["company", "sha256"], name="sourcefile_by_digest"),
        ]

    def __str__(self) -> str:
        return self.name


class SourceFilePart(models.Model):
    """One part of a file's bytes, in their order."""

    file = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="parts")
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["file", "position"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["file", "position"], name="sourcefilepart_position_once_per_file")
        ]

    def __str__(self) -> str:
        return f"{self.file_id}/{self.position}"


class FileImport(models.Model):
    """One file on its way in: how it is cut and mapped, how far it is, and what came of it.

    `position` is the last group of rows that was dealt with in this stage, so a run that stopped goes on behind it.
    `attempt` counts the readings of the file: a worker that reads for an earlier one leaves off.
    """

    class Status(models.TextChoices):
        RECEIVED = "RECEIVED", "To be mapped"
        CHECKING = "CHECKING", "Being checked"
        CHECKED = "CHECKED", "Checked"
        LOADING = "LOADING", "Loading"
        STOPPED = "STOPPED", "Stopped"
        DONE = "DONE", "Loaded"
        UNREADABLE = "UNREADABLE", "Not readable"

    # A worker is at them
    UNDER_WAY: ClassVar[Sequence[str]] = ["CHECKING", "LOADING"]

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=30)
    file = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="imports")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = StatusField(max_length=10, choices=Status.choices, default=Status.RECEIVED)
    layout = models.JSONField(default=dict)
    header = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    notation = models.JSONField(default=dict)
    fault = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0)
    is_staged = models.BooleanField(default=False)
    is_checked = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    to_handle = models.PositiveIntegerField(default=0)
    handled = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    good = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    loaded = models.PositiveIntegerField(default=0)
    made = models.PositiveIntegerField(default=0)
    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name = "import"
        ordering: ClassVar[Sequence[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [IMPORT_GRAPH.trigger("fileimport_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(status__in=["RECEIVED", "CHECKING", "CHECKED", "LOADING", "STOPPED", "DONE", "UNREADABLE"]),
                name="fileimport_status_is_known",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["company", "-id"], name="fileimport_latest")]

    def __str__(self) -> str:
        return f"import {self.pk}"

    @transition(field=status, **IMPORT_GRAPH["begin_check"])
    def begin_check(self, *, at: datetime) -> None:
        """Read the file anew and try every row, without a trace."""

    @transition(field=status, **IMPORT_GRAPH["check_done"])
    def check_done(self, *, at: datetime) -> None:
        """Every row was tried."""

    @transition(field=status, **IMPORT_GRAPH["leave_check"])
    def leave_check(self, *, at: datetime) -> None:
        """Nobody waits for the check any more."""

    @transition(field=status, **IMPORT_GRAPH["load"])
    def load(self, *, at: datetime) -> None:
        """Take the good rows in."""

    @transition(field=status, **IMPORT_GRAPH["stop"])
    def stop(self, *, at: datetime) -> None:
        """Leave off behind the last slice that was taken in."""

    @transition(field=status, **IMPORT_GRAPH["finish"])
    def finish(self, *, at: datetime) -> None:
        """Every row was taken in, was there already, or was refused."""
        self.finished_at = at

    @transition(field=status, **IMPORT_GRAPH["give_up"])
    def give_up(self, *, at: datetime) -> None:
        """The file cannot be read; nothing of it was taken in."""


class ImportRow(models.Model):
    """One row of a file on its way in, with what became of it.

    `group` is the line in which the first row of the same key stands: rows of one group go in together.
    """

    class State(models.TextChoices):
        NEW = "N", "Read"
        GOOD = "G", "Good"
        SAME = "S", "There already"
        REFUSED = "R", "Refused"
        LOADED = "L", "Loaded"

    run = models.ForeignKey(FileImport, on_delete=models.PROTECT, related_name="staged", db_index=False)
    number = models.PositiveIntegerField()
    group = models.PositiveIntegerField()
    cells = models.JSONField()
    state = models.CharField(max_length=1, choices=State.choices, default=State.NEW)
    column = models.CharField(max_length=120, blank=True)
    reason = models.TextField(blank=True)
    made_id = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "number"], name="importrow_line_once_per_import")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["run", "group", "number"], name="importrow_by_group"),
            models.Index(fields=["run", "number"], condition=Q(state="R"), name="importrow_refused"),
        ]

    def __str__(self) -> str:
        return f"row {self.number}"


class ColumnMapping(models.Model):
    """Which column of a header a company takes for what; remembered for the next file with the same header."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=30)
    header_digest = models.CharField(max_length=64)
    mapping = models.JSONField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    objects = CompanyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "kind", "header_digest"], name="columnmapping_one_per_company_kind_header"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.header_digest[:8]}"


class OpeningBalance(models.Model):
    """That a company's balances of one kind were posted from a file, once, and what both sides came to (V3).

    `of_file` and `of_ledger` hold the same totals by name: the first added up from the file's rows, the second read
    back from what was posted. A posting whose totals differ is refused, so that they are the same for good.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=30)
    run = models.OneToOneField(FileImport, on_delete=models.PROTECT, related_name="opening")
    of_file = models.JSONField()
    of_ledger = models.JSONField()
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    posted_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "kind"], name="openingbalance_once_per_company_and_kind"),
            models.CheckConstraint(condition=Q(of_file=models.F("of_ledger")), name="openingbalance_tied_out"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.company_id}"
