"""Runs that give what is free to every line that waits, and how far they are."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django_fsm import transition

from core.models import Company, CompanyQuerySet
from core.transitions import Graph, StatusField

RUN_GRAPH = Graph(
    stop=(["RUNNING"], "STOPPED"),
    go_on=(["STOPPED"], "RUNNING"),
    finish=(["RUNNING"], "DONE"),
)


class Rule(models.TextChoices):
    """Who is served first where there is too little for all; a higher priority comes before any rule."""

    DUE = "DUE", "Earliest requested first"
    WAITING = "WAITING", "Longest waiting first"
    COMPLETES = "COMPLETES", "Orders that it completes first"


class AllocationRun(models.Model):
    """One pass over all lines of a company that wait, in the turn that was fixed when it began; one runs at a time.

    `demand_ids` are the demands that could get something then, the first to be served first: the first `handled` of
    them were served, in slices that each committed, and a run that was stopped or killed goes on behind them. `waiting`
    lines waited in all. Nobody's run is the night's.
    """

    class Status(models.TextChoices):
        RUNNING = "RUNNING", "Running"
        STOPPED = "STOPPED", "Stopped"
        DONE = "DONE", "Done"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=10, choices=Rule.choices)
    status = StatusField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    waiting = models.PositiveIntegerField()
    to_handle = models.PositiveIntegerField()
    handled = models.PositiveIntegerField(default=0)
    served = models.PositiveIntegerField(default=0)
    filled = models.PositiveIntegerField(default=0)
    demand_ids = ArrayField(models.BigIntegerField())

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name = "run"
        ordering: ClassVar[list[str]] = ["-id"]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [RUN_GRAPH.trigger("allocationrun_status_graph")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(status__in=["RUNNING", "STOPPED", "DONE"]), name="allocationrun_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(filled__lte=F("served"), served__lte=F("handled"), handled__lte=F("to_handle")),
                name="allocationrun_served_within_handled",
            ),
            models.UniqueConstraint(
                fields=["company"], condition=Q(status="RUNNING"), name="allocationrun_one_running_per_company"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["company", "-id"], name="allocationrun_latest")]

    def __str__(self) -> str:
        return f"of {self.begun_at:%d %b %Y}"

    @transition(field=status, **RUN_GRAPH["stop"])
    def stop(self, *, at: datetime) -> None:
        """Leave off behind the slice that is under way."""

    @transition(field=status, **RUN_GRAPH["go_on"])
    def go_on(self, *, at: datetime) -> None:
        """Serve those that are left."""

    @transition(field=status, **RUN_GRAPH["finish"])
    def finish(self, *, at: datetime) -> None:
        """All were served."""
        self.finished_at = at
