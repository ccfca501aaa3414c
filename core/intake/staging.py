"""Reading a file into rows that wait: each is read once, refused in words or put beside the others of its key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

from django.db import connection, transaction

from core.intake import columns, receiving, sql
from core.intake.columns import Fault, Notation, RowReader
from core.intake.kinds import ImportKind, StagedRow, State
from core.intake.sheets import Line
from core.models import FileImport, ImportRow

# Rows that are copied into the table together
BATCH = 5_000


def stage(run: FileImport, kind: ImportKind, *, at: datetime) -> bool:
    """Read an import's file from its beginning, and keep its rows; whoever is reading it is overtaken.

    Says whether its rows stand and can be taken in: not where somebody stopped it, or overtook this one in turn. What
    another has read to its end meanwhile stands, as its rows may be on orders already.

    :raises SheetUnreadable: where it cannot be read to its end; what was read waits in vain.
    """
    with transaction.atomic():
        mine: FileImport = FileImport.objects.filter(pk=run.pk).locked().get()
        if mine.is_staged or mine.status not in FileImport.UNDER_WAY:
            return mine.is_staged
        mine.attempt += 1
        mine.rows = mine.refused = mine.handled = 0
        mine.save(update_fields=["attempt", "rows", "refused", "handled"])
        ImportRow.objects.filter(run=run).delete()
    with receiving.opened(run.file) as content:
        by_hand = run.notation.get("by_hand", {})
        run.notation = {**_learned(run, kind, content, at), **by_hand, "by_hand": by_hand}
        rows = _read(run, kind, content)
        while batch := list(islice(rows, BATCH)):
            if not _keep(mine, batch):
                return False
    with transaction.atomic():
        last: FileImport = FileImport.objects.filter(pk=run.pk).locked().get()
        if last.attempt != mine.attempt or last.status not in FileImport.UNDER_WAY:
            return False
        last.is_staged, last.notation = True, run.notation
        last.to_handle = last.rows - last.refused
        last.save(update_fields=["is_staged", "notation", "to_handle"])
    return True


def reader_of(run: FileImport, kind: ImportKind) -> RowReader:
    """Return the reader of an import's rows."""
    zone = run.company.zone
    notation = Notation(
        run.notation.get("decimal_mark"),
        run.notation.get("day_first"),
        zone,
        run.begun_at.astimezone(zone).date(),
    )
    return RowReader(kind.columns, run.header, run.mapping, notation, kind.judge)


def staged_row(reader: RowReader, number: int, cells: Sequence[str]) -> StagedRow:
    """Return a row that was found good, read again."""
    values, _fault = reader.read(cells)
    return StagedRow(number, cells, values)


def _learned(run: FileImport, kind: ImportKind, content: BinaryIO, at: datetime) -> dict[str, Any]:
    layout = receiving.layout_of(run)
    found = columns.learn(
        kind.columns,
        run.mapping,
        islice(receiving.lines(content, layout), 1, None),
        delimiter=layout.delimiter,
        zone=run.company.zone,
        today=at.date(),
    )
    return {"decimal_mark": found.decimal_mark, "day_first": found.day_first}


def _read(run: FileImport, kind: ImportKind, content: BinaryIO) -> Iterator[tuple[Any, ...]]:
    """Yield a row for each line behind the header, as it is staged."""
    reader = reader_of(run, kind)
    first_of: dict[str, int] = {}
    members: dict[int, int] = {}
    for line in islice(receiving.lines(content, receiving.layout_of(run)), 1, None):
        values, fault = reader.read(line.cells)
        key = _key(kind, values)
        group = line.number if key is None else first_of.setdefault(key, line.number)
        if fault is None:
            fault = _one_too_many(kind, line, group, members)
        yield (
            run.pk,
            line.number,
            group,
            json.dumps(line.cells, ensure_ascii=False),
            State.REFUSED.value if fault else State.NEW.value,
            fault.column[:120] if fault else "",
            fault.reason if fault else "",
        )


def _key(kind: ImportKind, values: Mapping[str, Any]) -> str | None:
    """Return what a row belongs to, where so much of it could be read."""
    try:
        return kind.key(values)
    except KeyError:
        return None


def _one_too_many(kind: ImportKind, line: Line, group: int, members: dict[int, int]) -> Fault | None:
    members[group] = members.get(group, 0) + 1
    if kind.is_unique and members[group] > 1:
        return Fault("", f"The same {kind.noun} stands in line {group} already.")
    if members[group] > kind.most_in_group:
        return Fault("", f"One {kind.noun} has at most {kind.most_in_group:,} rows. Give the rest another number.")
    return None


def _keep(run: FileImport, batch: Sequence[tuple[Any, ...]]) -> bool:
    """Copy rows into the table, and say whether to go on: not where somebody stopped, or reads the file anew."""
    with transaction.atomic():
        current: FileImport = FileImport.objects.filter(pk=run.pk).locked().get()
        if current.attempt != run.attempt or current.status not in FileImport.UNDER_WAY:
            return False
        with connection.cursor() as cursor, cursor.copy(sql.STAGE_ROWS) as copy:
            for row in batch:
                copy.write_row(row)
        current.rows += len(batch)
        current.refused += sum(row[4] == State.REFUSED.value for row in batch)
        current.save(update_fields=["rows", "refused"])
    return True
