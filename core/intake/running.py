"""Reading a file in and taking its rows in, slice by slice: each is one transaction, and a run can stop between two."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from core import jobs, transitions
from core.history import attributed_to
from core.intake import columns, openings, receiving, sql, staging
from core.intake.kinds import Group, ImportKind, Origin, RowResult, State, kind_named
from core.intake.sheets import SheetUnreadable
from core.models import FileImport, ImportRow, User
from core.refusals import Refused
from core.roles import require
from core.transactions import atomic, undone

Status = FileImport.Status


@atomic
def check_file(*, import_id: int, actor: User, at: datetime, in_background: bool = True) -> None:
    """Begin to read an import's file and to try every row, without a trace; a job goes on with it.

    :raises NotAllowed: where the actor may not load files of the kind.
    :raises ChangedMeanwhile: where it is under way or loaded already.
    :raises FileRefused: where a needed column has no place.
    """
    run = _mine(import_id, actor)
    _begin(run, "begin_check", at)
    run.is_staged = run.is_checked = False
    run.handled = run.to_handle = run.position = run.rows = run.good = run.same = run.refused = 0
    run.fault = ""
    run.save(update_fields=[*_COUNTED, "is_staged", "is_checked", "position", "fault", "to_handle", "rows"])
    if in_background:
        jobs.defer("core.advance_import", import_id=run.pk)


@atomic
def load_file(*, import_id: int, actor: User, at: datetime, in_background: bool = True) -> None:
    """Begin to take the good rows of an import in, or go on where it was stopped; a job goes on with it.

    :raises NotAllowed: where the actor may not load files of the kind.
    :raises ChangedMeanwhile: where it is under way or loaded already.
    :raises FileRefused: where a needed column has no place.
    :raises OpeningRefused: where it holds opening balances that cannot be posted, or not from this file.
    """
    run = _mine(import_id, actor)
    kind = kind_named(run.kind)
    if kind.is_opening:
        openings.check_may_post(run, kind)
    is_resumed = run.status == Status.STOPPED
    _begin(run, "load", at)
    run.fault = ""
    if not is_resumed:
        run.position = run.handled = 0
        run.to_handle = run.rows - run.refused - run.same
    run.save(update_fields=["fault", "position", "handled", "to_handle"])
    if in_background:
        jobs.defer("core.advance_import", import_id=run.pk)


@atomic
def stop_file(*, import_id: int, actor: User, at: datetime) -> None:
    """Leave off behind the slice that is under way; what was taken in stays, and the import can go on later.

    :raises NotAllowed: where the actor may not load files of the kind.
    :raises ChangedMeanwhile: where nothing is under way.
    """
    run = _mine(import_id, actor)
    verb = "leave_check" if run.status == Status.CHECKING else "stop"
    transitions.apply([run], verb, at=at)


def advance(*, import_id: int, at: datetime) -> bool:
    """Do the next piece of work of an import, and say whether there is more for this worker.

    Safe to be called by two workers at once, and after one that died in the middle. Of two who read a file the later
    goes on and the other leaves: they would overtake each other for ever.
    """
    run = FileImport.objects.select_related("company", "file", "actor").get(pk=import_id)
    if run.status not in FileImport.UNDER_WAY:
        return False
    at = run.company.local(at)
    with attributed_to(lambda: {"user": run.actor_id, "import": run.pk}):
        try:
            if not run.is_staged:
                return staging.stage(run, kind_named(run.kind), at=at)
            try:
                return _slice(import_id, at)
            except IntegrityError:  # somebody made one of these in this very moment: it is seen now
                return _slice(import_id, at)
        except SheetUnreadable as error:
            _leave(import_id, "give_up", str(error), at)
        except Refused as refusal:
            _leave(import_id, "leave_check" if run.status == Status.CHECKING else "stop", refusal.sentence, at)
    return False


def run_to_end(*, import_id: int, clock: Callable[[], datetime], progress: Callable[[FileImport], None]) -> FileImport:
    """Work at an import until nothing is left to do, and tell of it after each piece."""
    while True:
        is_more = advance(import_id=import_id, at=clock())
        run = FileImport.objects.select_related("file").get(pk=import_id)
        progress(run)
        if not is_more:
            return run


def _mine(import_id: int, actor: User) -> FileImport:
    run: FileImport = FileImport.objects.for_user(actor).locked().get(pk=import_id)
    require(actor, kind_named(run.kind).verb)
    return run


def _begin(run: FileImport, verb: str, at: datetime) -> None:
    with receiving.readable():
        columns.check(kind_named(run.kind).columns, run.header, run.mapping)
    transitions.apply([run], verb, at=at)


_COUNTED = ["good", "same", "refused", "loaded", "made", "handled"]


def _slice(import_id: int, at: datetime) -> bool:
    """Take the next groups of rows in, or only try them, in one transaction."""
    with transaction.atomic():
        run = FileImport.objects.filter(pk=import_id).select_related("company", "file", "actor").locked().get()
        if run.status not in FileImport.UNDER_WAY or not run.is_staged:
            return False
        kind = kind_named(run.kind)
        groups, position = _next_groups(run, kind)
        if not groups:
            _finish(run, at)
            return False
        results = _load(run, kind, groups, at)
        _note(run, results, position)
    return True


def _finish(run: FileImport, at: datetime) -> None:
    is_check = run.status == Status.CHECKING
    if is_check:
        run.is_checked = True
    transitions.apply(
        [run], "check_done" if is_check else "finish", at=at, fields=["is_checked"] if is_check else ["finished_at"]
    )


def acting(run: FileImport) -> User:
    """Return who loads a file, at work for the company that it is for."""
    actor: User = run.actor
    actor.chosen_company_id = run.company_id
    return actor


def _next_groups(run: FileImport, kind: ImportKind) -> tuple[list[Group], int]:
    """Return the next groups with rows to be dealt with, and the place of the last."""
    waiting = [State.NEW] if run.status == Status.CHECKING else [State.NEW, State.GOOD]
    rows = ImportRow.objects.filter(run=run)
    due = rows.filter(state__in=waiting, group__gt=run.position).order_by("group").values_list("group", flat=True)
    places = list(due.distinct() if kind.is_opening else due.distinct()[: kind.slice])
    if not places:
        return [], run.position
    reader = staging.reader_of(run, kind)
    members: dict[int, list[Any]] = {place: [] for place in places}
    left_out = dict.fromkeys(places, 0)
    standing: dict[int, list[Any]] = {place: [] for place in places}
    wanted = rows.filter(group__gte=places[0], group__lte=places[-1]).order_by("group", "number")
    for number, group, cells, state in wanted.values_list("number", "group", "cells", "state"):
        if group not in members:
            continue
        if state in waiting:
            members[group].append(staging.staged_row(reader, number, cells))
        elif state == State.REFUSED:
            left_out[group] += 1
        elif state == State.SAME:
            standing[group].append(staging.staged_row(reader, number, cells))
    return [Group(found, left_out[place], standing[place]) for place, found in members.items()], places[-1]


def _load(run: FileImport, kind: ImportKind, groups: Sequence[Group], at: datetime) -> Mapping[int, RowResult]:
    actor = acting(run)
    reader = staging.reader_of(run, kind)
    origin = Origin(run.company_id, run.pk, run.file_id, run.file.name, reader.headings)

    def load() -> Mapping[int, RowResult]:
        with transaction.atomic():
            results = kind.load(groups=groups, origin=origin, actor=actor, at=at)
            if kind.is_opening:
                openings.tie_out(run, kind, groups, results, actor=actor, at=at)
            return results

    require(actor, kind.verb)
    return undone(load) if run.status == Status.CHECKING else load()


def _note(run: FileImport, results: Mapping[int, RowResult], position: int) -> None:
    """Keep what became of rows, and count them."""
    is_check = run.status == Status.CHECKING
    states = [State.GOOD if is_check and result.state == State.LOADED else result.state for result in results.values()]
    made = [None if is_check else result.made_id for result in results.values()]
    with connection.cursor() as cursor:
        cursor.execute(
            sql.NOTE_ROWS,
            [
                list(results),
                [str(state.value) for state in states],
                [result.column[:120] for result in results.values()],
                [result.reason for result in results.values()],
                made,
                run.pk,
            ],
        )
    good, same, refused = (states.count(state) for state in (State.GOOD, State.SAME, State.REFUSED))
    run.good += good
    run.same += same
    run.refused += refused
    run.loaded += states.count(State.LOADED)
    run.made += len({made_id for made_id, state in zip(made, states, strict=True) if state == State.LOADED})
    run.handled += len(results)
    run.position = position
    run.save(update_fields=[*_COUNTED, "position"])


def _leave(import_id: int, verb: str, sentence: str, at: datetime) -> None:
    """Stop an import for a reason, unless somebody stopped it before."""
    with transaction.atomic():
        run = FileImport.objects.filter(pk=import_id).locked().get()
        if run.status not in FileImport.UNDER_WAY:
            return
        run.fault = sentence
        transitions.apply([run], verb, at=at, fields=["fault"])
