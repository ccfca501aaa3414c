"""Reads an XLSX workbook row by row through openpyxl, and watches over what openpyxl is given to read.

A cell comes out as the text that a person would have typed: numbers at the fifteen digits that a spreadsheet keeps,
dates as 2026-11-20, TRUE and FALSE. Rows count where they stand. openpyxl lets go of a row once it is read, but keeps
everything that stands between rows, expands what a document type declares, and drops rows and cells out of their order
without a word: so each part of the archive passes a watch before it, which refuses all of that.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Context
from typing import IO, Any, BinaryIO, Literal
from xml.parsers import expat

from openpyxl.reader.excel import ExcelReader
from openpyxl.xml.constants import ARC_WORKBOOK, SHEET_MAIN_NS

from core.intake.sheets import MAX_COLUMNS, MAX_ROWS, Line, SheetUnreadable, checked

MAX_PARTS = 2_000
MAX_SHEET = 400 * 1024 * 1024
# Shared texts, styles and the rest are held while a sheet is read.
MAX_HELD = 32 * 1024 * 1024
# XML of a table packs to a tenth or a thirtieth; what packs better than this was made to burst.
MAX_RATIO = 250
# What openpyxl may have to hold of one part at a time: a row in hand, and whatever is no row. In memory it is twenty
# times as much.
MAX_LOOSE = 4 * 1024 * 1024
MAX_ROW_TAG = 500

_SHEETS = "xl/worksheets/"
_ROW, _CELL, _TEXT = (f"{SHEET_MAIN_NS}}}{name}" for name in ("row", "c", "si"))
# The end tag of a row or a text, with a prefix
_ROW_END = 8
_FIFTEEN = Context(prec=15)
_HALF_SECOND = timedelta(milliseconds=500)
_DAMAGED = "The workbook is damaged and cannot be read. Open it in a spreadsheet, save it anew and send that."
_ANEW = "Save it anew without empty rows, or as CSV, and send that."


class Workbook:
    """A workbook that was found to be one, and small enough to be read."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        with _mended():
            self._archive = _Archive(file)
            _check_parts(self._archive.infolist())
            reader = _Reader(file, self._archive)
            reader.read()
        shown = [sheet for sheet in reader.wb.worksheets if sheet.sheet_state == "visible"]
        self._sheets = {sheet.title: sheet for sheet in shown if sheet.title}
        if not self._sheets:
            raise SheetUnreadable("The workbook has no sheet that can be read.")
        self._archive.shows_sheets = True

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sheets that are shown, in their order."""
        return tuple(self._sheets)

    def lines(self, sheet: str) -> Iterator[Line]:
        """Yield the rows of a sheet that are not blank, by their numbers in it.

        :raises SheetUnreadable: where it is damaged, or has more than a table has.
        """
        if sheet not in self._sheets:
            raise SheetUnreadable(f"The workbook has no sheet {sheet}.")
        count = 0
        with _mended():
            for number, row in enumerate(self._sheets[sheet].iter_rows(values_only=True), 1):
                if len(row) > MAX_COLUMNS:
                    raise SheetUnreadable(
                        f"Row {number:,} of the sheet has more than {MAX_COLUMNS} columns. It is no table that we know."
                    )
                line = Line(number, tuple(map(_shown, row)))
                if any(cell.strip() for cell in line.cells):
                    count += 1
                    yield checked(line, count)


class _Reader(ExcelReader):
    """Opens a workbook of which every part is read under watch."""

    def __init__(self, file: BinaryIO, archive: _Archive) -> None:
        super().__init__(file, read_only=True, data_only=True, keep_links=False)
        self.archive = archive

    def read_chartsheet(self, sheet: Any, rel: Any) -> None:
        """Leave charts alone: they have no rows."""


class _Archive(zipfile.ZipFile):
    """Gives parts out under watch; sheets seem empty at first, for openpyxl would look through them for their size."""

    shows_sheets = False

    def open(
        self,
        name: str | zipfile.ZipInfo,
        mode: Literal["r", "w"] = "r",
        pwd: bytes | None = None,
        *,
        force_zip64: bool = False,
    ) -> IO[bytes]:
        """Return a part to be read."""
        place = name if isinstance(name, str) else name.filename
        if place.startswith(_SHEETS) and not place.endswith(".rels") and not self.shows_sheets:
            return io.BytesIO(b"<worksheet/>")
        return _Watched(super().open(name, mode, pwd))


class _Watched(io.BufferedIOBase, IO[bytes]):
    """A part of the archive that is looked through before it is handed on."""

    def __init__(self, part: IO[bytes]) -> None:
        self._part = part
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._given = self._let_go = self._began = self._row = self._texts = 0
        self._cell = (0, "")

    def read(self, size: int | None = -1) -> bytes:
        """Return as many bytes, if openpyxl can take them in."""
        data = self._part.read(-1 if size is None else size)
        if data:
            self._given += len(data)
            self._parser.Parse(data, False)
            if self._given - self._let_go > MAX_LOOSE:
                raise SheetUnreadable(
                    f"Beside its rows the workbook holds more than a table does. Copy the rows into a new one. {_ANEW}"
                )
        return data

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == _CELL:
            self._check_cell(attributes.get("r"))
        elif name == _ROW:
            self._began = self._parser.CurrentByteIndex
            self._check_row(attributes)
        elif name == _TEXT:
            self._began = self._parser.CurrentByteIndex
            self._texts += 1
            if self._texts > MAX_ROWS:
                raise SheetUnreadable(f"The workbook has more than {MAX_ROWS:,} texts. Split it and send the parts.")
        elif name.endswith("}worksheet") and not name.startswith(SHEET_MAIN_NS):
            raise SheetUnreadable("The workbook is a Strict Open XML one. Save it as a plain Excel workbook or as CSV.")

    def _end(self, name: str) -> None:
        if name in (_ROW, _TEXT):
            here = self._parser.CurrentByteIndex
            self._let_go += here + _ROW_END - self._began
            self._began = here

    def _check_row(self, attributes: dict[str, str]) -> None:
        said = _whole(attributes["r"]) if "r" in attributes else self._row + 1
        if not self._row < said <= MAX_ROWS + 50_000:
            raise SheetUnreadable(f"The sheet says that a row is number {said:,}: no table has so many. {_ANEW}")
        if sum(len(name) + len(value) for name, value in attributes.items()) > MAX_ROW_TAG:
            raise SheetUnreadable(_DAMAGED)
        self._row, self._cell = said, (0, "")

    def _check_cell(self, reference: str | None) -> None:
        if reference is not None:
            # Of references in one row, B2 and AA2, the longer stands to the right
            place = (len(reference), reference)
            if place <= self._cell:
                raise SheetUnreadable(_DAMAGED)
            self._cell = place


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    """Check what the parts come to unpacked, beyond which Python's own reader gives nothing."""
    if ARC_WORKBOOK not in {part.filename for part in parts}:
        raise SheetUnreadable("The file is a ZIP archive and no Excel workbook. Save it as CSV or XLSX.")
    held = 0
    for part in parts:
        if part.flag_bits & 1:
            raise SheetUnreadable("The workbook is locked with a password. Save it without one and send that.")
        held += 0 if part.filename.startswith(_SHEETS) else part.file_size
        bursts = part.file_size > 10 * 1024**2 and part.file_size > MAX_RATIO * max(part.compress_size, 1)
        if bursts or part.file_size > MAX_SHEET or held > MAX_HELD or len(parts) > MAX_PARTS:
            raise SheetUnreadable(
                f"Unpacked, the workbook has {max(part.file_size, held) / 1024**2:,.0f} MB, more than any table."
                " Save the rows as CSV and send that."
            )


def _shown(value: Any) -> str:
    """Return a value as a person would type it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        number = _FIFTEEN.create_decimal_from_float(value)
        return f"{number.normalize(_FIFTEEN):f}" if number.is_finite() and abs(number.adjusted()) <= 15 else str(number)
    if isinstance(value, datetime):
        moment = (value + _HALF_SECOND).replace(microsecond=0)
        return moment.isoformat(sep=" ") if moment.time() != time.min else moment.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _refuse_document_type(*_: Any) -> None:
    raise SheetUnreadable("The workbook declares a document type of its own, as no spreadsheet does. It was not read.")


@contextmanager
def _mended() -> Iterator[None]:
    """Say in a sentence what the libraries say in theirs, which of a damaged file may be anything."""
    try:
        yield
    except SheetUnreadable:
        raise
    except NotImplementedError as error:
        raise SheetUnreadable(f"The workbook is packed in a way that we do not read. {_ANEW}") from error
    except Exception as error:
        # openpyxl wraps what the watch says while it opens a workbook
        if isinstance(error.__cause__, SheetUnreadable):
            raise error.__cause__ from None
        raise SheetUnreadable(_DAMAGED) from error


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
