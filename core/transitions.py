"""Carrying out a transition on many documents: django-fsm-2's graph in Python, one guarded UPDATE in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pgtrigger
from django_fsm import FSMField, TransitionNotAllowed

from core import bulk
from core.refusals import ChangedMeanwhile


def apply(rows: Sequence[Any], verb: str, *, at: datetime, fields: Sequence[str] = ()) -> None:
    """Call the transition `verb` on each locked row and save status and `fields` of all by one statement.

    A transition is a method of the model that takes `at` and touches only its own row's fields.

    :raises ChangedMeanwhile: where a row is not in a source state of the verb, in memory or in the database.
    """
    before = _changed(rows, verb, at)
    if rows and bulk.update(rows, ["status", *fields], where={"status": before}) != len(rows):
        raise ChangedMeanwhile(f"{type(rows[0])._meta.verbose_name_plural} changed meanwhile: look again and repeat.")


def apply_later(rows: Sequence[Any], verb: str, *, at: datetime, fields: Sequence[str] = ()) -> None:
    """Do the same for rows that nobody reads back in this transaction: they are saved with the next insert, or its end.

    :raises ChangedMeanwhile: where a row is not in a source state of the verb in memory; and at the end, where it is
        not in the database.
    """
    bulk.update_later(rows, ["status", *fields], where={"status": _changed(rows, verb, at)})


def _changed(rows: Sequence[Any], verb: str, at: datetime) -> list[str]:
    """Call a transition on rows, and return the states in which they were."""
    before = [row.status for row in rows]
    for row in rows:
        try:
            getattr(row, verb)(at=at)
        except TransitionNotAllowed as error:
            label = row._meta.verbose_name.capitalize()
            raise ChangedMeanwhile(
                f"{label} {row} is {row.get_status_display().lower()} now, so “{verb}” came too late."
            ) from error
    return before


class StatusField(FSMField):
    """Where a document stands in its life; only its transitions change it.

    Migrations know it as text: for every model of the past that they make, django-fsm would ask all earlier ones again
    for their transitions, so that a first start took twice as long.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "protected": True})

    def deconstruct(self) -> Any:
        """Name the field for migrations."""
        name, _path, args, kwargs = super().deconstruct()
        kwargs.pop("protected", None)
        return name, "django.db.models.CharField", args, kwargs


class Graph:
    """A life as data: verb -> (sources, target).

    The model's transitions and the database's trigger are both made from it.
    """

    def __init__(self, **edges: tuple[Sequence[str], str]) -> None:
        self._edges = edges

    def __getitem__(self, verb: str) -> dict[str, Any]:
        """Return the source and target of a verb, as django_fsm.transition takes them."""
        sources, target = self._edges[verb]
        return {"source": list(sources), "target": target}

    def pairs(self) -> list[tuple[str, str]]:
        """Return every (source, target) that some verb allows."""
        return sorted({(source, target) for sources, target in self._edges.values() for source in sources})

    def trigger(self, name: str) -> pgtrigger.Trigger:
        """Return the trigger that refuses every other change of `status`, by whatever statement.

        All is said in its WHEN clause: an allowed change costs no statement, where pgtrigger's own FSM costs one a row.
        """
        allowed = ", ".join(f"'{source}:{target}'" for source, target in self.pairs())
        return pgtrigger.Trigger(
            name=name,
            when=pgtrigger.Before,
            operation=pgtrigger.Update,
            condition=pgtrigger.Condition(
                f"OLD.status IS DISTINCT FROM NEW.status AND concat(OLD.status, ':', NEW.status) NOT IN ({allowed})"
            ),
            func=(
                "RAISE EXCEPTION 'Invalid transition of status from % to % in %',"
                " OLD.status, NEW.status, TG_TABLE_NAME;"
            ),
        )
