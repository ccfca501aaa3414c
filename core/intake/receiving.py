"""Taking a file over: it is kept as it came, and looked at for how it is cut and what its columns may be."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

from core.filing import keep_file, parts_of
from core.intake import columns, sheets
from core.intake.kinds import ImportKind, kind_named
from core.intake.sheets import Layout, Line, SheetUnreadable
from core.intake.workbooks import Workbook
from core.models import ColumnMapping, FileImport, SourceFile, User
from core.refusals import Refused
from core.roles import require
from core.transactions import atomic

SHOWN_ROWS = 6


class FileRefused(Refused):
    """A file cannot be read at all; nothing of it was taken in, and it was not kept."""

    code = "file_refused"


@dataclass(frozen=True, slots=True)
class Look:
    """What a file shows before it is read: its layout, header and first rows."""

    layout: Layout
    header: tuple[str, ...]
    sample: tuple[Line, ...]


@atomic
def receive(*, kind: str, name: str, content: BinaryIO, actor: User, at: datetime) -> FileImport:
    """Keep a file as it was sent, and make an import of it with its columns as far as its header tells.

    :raises NotAllowed: where the actor may not load files of the kind.
    :raises FileRefused: where it is no table.
    """
    of_kind = kind_named(kind)
    require(actor, of_kind.verb)
    with readable():
        sheets.size_of(content)
        look = look_at(content, of_kind)
    file = keep_file(name=name, content=content, actor=actor, at=at)
    mapping, twice = columns.match(of_kind.columns, look.header)
    for column, _place in twice:
        mapping.pop(column.name, None)
    return FileImport.objects.create(
        company=file.company,
        kind=kind,
        file=file,
        actor=actor,
        layout=asdict(look.layout),
        header=list(look.header),
        mapping=remembered(file.company_id, kind, look.header) or mapping,
        begun_at=at,
    )


def look_at(content: BinaryIO, kind: ImportKind, layout: Layout | None = None) -> Look:
    """Return a file's layout, as it was chosen or else as it is found, with its header and first rows.

    :raises SheetUnreadable: where there are none.
    """
    content.seek(0)
    if content.read(4) == sheets.WORKBOOK:
        book = Workbook(content)
        asked = layout.sheet if layout is not None else ""
        layout = Layout(sheet=asked if asked in book.names else book.names[0], sheets=book.names)
        rows = book.lines(layout.sheet)
    elif layout is None or layout.is_workbook:
        content.seek(0)
        encoding = sheets.find_encoding(content)
        layout = Layout(encoding, sheets.find_delimiter(content, encoding, kind.knows))
        rows = sheets.text_lines(content, layout)
    else:
        sheets.check_encoding(content, layout.encoding)
        rows = sheets.text_lines(content, layout)
    header, *sample = islice(_with_header(rows, layout), SHOWN_ROWS + 1)
    return Look(layout, header.cells, tuple(sample))


def lines(content: BinaryIO, layout: Layout) -> Iterator[Line]:
    """Yield the rows of a file, its header first.

    :raises SheetUnreadable: where it cannot be cut into cells; at once where it is empty.
    """
    rows = Workbook(content).lines(layout.sheet) if layout.is_workbook else sheets.text_lines(content, layout)
    return _with_header(rows, layout)


def _with_header(rows: Iterator[Line], layout: Layout) -> Iterator[Line]:
    first = next(rows, None)
    if first is None:
        raise SheetUnreadable(f"The sheet {layout.sheet} is empty." if layout.is_workbook else "The file is empty.")
    yield first
    yield from rows


def layout_of(run: FileImport) -> Layout:
    """Return the layout of an import's file."""
    stored: dict[str, Any] = run.layout
    return Layout(stored["encoding"], stored["delimiter"], stored["sheet"], tuple(stored["sheets"]))


@contextmanager
def opened(file: SourceFile) -> Iterator[BinaryIO]:
    """Open a file that was kept, without holding it."""
    with tempfile.TemporaryFile() as copy:
        for part in parts_of(file):
            copy.write(part)
        copy.seek(0)
        yield copy


@contextmanager
def readable() -> Iterator[None]:
    """Refuse what cannot be read.

    :raises FileRefused: with the reader's sentence.
    """
    try:
        yield
    except SheetUnreadable as error:
        raise FileRefused(str(error)) from error


def header_digest(header: Sequence[str]) -> str:
    """Return what a header is remembered by."""
    return hashlib.sha256(json.dumps([columns.plain(name) or name for name in header]).encode()).hexdigest()


def remembered(company_id: int, kind: str, header: Sequence[str]) -> dict[str, int] | None:
    """Return the mapping that the company chose for this header before."""
    stored = ColumnMapping.objects.filter(company=company_id, kind=kind, header_digest=header_digest(header)).first()
    return dict(stored.mapping) if stored else None


def find_columns(*, run: FileImport) -> None:
    """Check that an import's columns are told by its header or were chosen for it before, where nobody is asked.

    :raises FileRefused: where they are not.
    """
    kind = kind_named(run.kind)
    with readable():
        if remembered(run.company_id, run.kind, run.header) is None:
            columns.find(kind.columns, run.header)


@atomic
def map_columns(
    *,
    import_id: int,
    layout: Layout | None,
    mapping: dict[str, int],
    notation: dict[str, Any],
    actor: User,
    at: datetime,
) -> FileImport:
    """Cut an import's file as asked and take its columns for what they are said to be; remembered for this header.

    Where the layout is another one now, or no column is named, the header is looked at anew. `notation` holds what was
    decided by hand: `decimal_mark` and `day_first`.

    :raises NotAllowed: where the actor may not load files of the kind.
    :raises FileRefused: where the file cannot be cut like this, or a needed column has no place.
    """
    run: FileImport = FileImport.objects.for_user(actor).locked().get(pk=import_id)
    kind = kind_named(run.kind)
    require(actor, kind.verb)
    if run.status not in (FileImport.Status.RECEIVED, FileImport.Status.CHECKED, FileImport.Status.UNREADABLE):
        raise Refused("This file is being read already. Its columns stay as they are.")
    before = layout_of(run)
    if layout is not None and (layout.encoding, layout.delimiter, layout.sheet) != (
        before.encoding,
        before.delimiter,
        before.sheet,
    ):
        with readable(), opened(run.file) as content:
            look = look_at(content, kind, layout)
        run.layout, run.header = asdict(look.layout), list(look.header)
        found, _twice = columns.match(kind.columns, look.header)
        run.mapping = remembered(run.company_id, run.kind, look.header) or found
        run.notation = {"by_hand": notation}
        run.save(update_fields=["layout", "header", "mapping", "notation"])
        return run
    places = {name: place for name, place in mapping.items() if 0 <= place < len(run.header)}
    with readable():
        for column in kind.columns:
            shared = [other for other in kind.columns if places.get(other.name, -1) == places.get(column.name, -2)]
            if len(shared) > 1:
                heading = run.header[places[column.name]]
                raise SheetUnreadable(f"{heading} cannot be both {columns.listed([other.label for other in shared])}.")
        columns.check(kind.columns, run.header, places)
    run.mapping, run.notation = places, {"by_hand": notation}
    run.save(update_fields=["mapping", "notation"])
    found, _twice = columns.match(kind.columns, run.header)
    if places != found:
        ColumnMapping.objects.update_or_create(
            company_id=run.company_id,
            kind=run.kind,
            header_digest=header_digest(run.header),
            defaults={"mapping": places, "changed_by": actor, "changed_at": at},
        )
    return run


def look_again(run: FileImport) -> tuple[Line, ...]:
    """Return the first rows of an import's file as it is cut now; none where it cannot be read."""
    try:
        with opened(run.file) as content:
            return look_at(content, kind_named(run.kind), layout_of(run)).sample
    except SheetUnreadable:
        return ()
