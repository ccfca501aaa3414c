"""Reads an XLSX workbook row by row: no document type, no formula, no promise of its size is believed.

A cell comes out as the text that a person would have typed: numbers at the fifteen digits that a spreadsheet keeps,
dates as 2026-11-20, TRUE and FALSE. Its sizes are those that the archive declares, beyond which Python's own reader
gives nothing; rows and columns count where they stand.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Context, InvalidOperation
from typing import Any, BinaryIO
from xml.parsers import expat

from core.intake.sheets import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Line, SheetUnreadable, checked

MAX_PARTS = 2_000
MAX_SHEET = 400 * 1024 * 1024
# Shared texts, styles and the rest are held while a sheet is read.
MAX_HELD = 32 * 1024 * 1024
# XML of a table packs to a tenth or a thirtieth; what packs better than this was made to burst.
MAX_RATIO = 250
CHUNK = 64 * 1024

_MAIN = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_FIFTEEN = Context(prec=15)
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,9})")
# The numbers of the formats for dates that every spreadsheet knows, and what the others are made of.
_DATES = {14, 15, 16, 17, 22, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58}
_NOT_FORMAT = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_DAMAGED = "The workbook is damaged and cannot be read. Open it in a spreadsheet, save it anew and send that."


class Workbook:
    """A workbook that was found to be one, and small enough to be read."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        with _mended():
            self._archive = zipfile.ZipFile(file)
            self._parts = {part.filename: part for part in self._archive.infolist()}
        self._check_parts()
        sheets: list[tuple[str, str]] = []
        relations: dict[str, str] = {}
        self._epoch = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's days have no zone

        def on_workbook(name: str, attributes: dict[str, str]) -> None:
            if name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self._epoch = datetime(1904, 1, 1)  # noqa: DTZ001
            if name == "sheet" and attributes.get("state", "visible") == "visible":
                key = next((value for word, value in attributes.items() if word.endswith(":id")), "")
                sheets.append((attributes.get("name", ""), key))

        def on_relation(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship":
                relations[attributes.get("Id", "")] = attributes.get("Target", "")

        self._starts(_MAIN, on_workbook)
        self._starts(_RELATIONS, on_relation)
        self._sheets = {name: _place(relations.get(key, "")) for name, key in sheets if name}
        self._sheets = {name: place for name, place in self._sheets.items() if place in self._parts}
        if not self._sheets:
            raise SheetUnreadable("The workbook has no sheet that can be read.")

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
        rows = _Rows(self._shared_texts(), self._date_styles(), self._epoch)
        count = 0
        for _ in self._events(self._sheets[sheet], rows.start, rows.end, rows.text):
            while rows.ready:
                line = rows.ready.popleft()
                if any(cell.strip() for cell in line.cells):
                    count += 1
                    yield checked(line, count)

    def _check_parts(self) -> None:
        if _MAIN not in self._parts or _RELATIONS not in self._parts:
            raise SheetUnreadable("The file is a ZIP archive and no Excel workbook. Save it as CSV or XLSX.")
        held = 0
        for part in self._parts.values():
            is_sheet = part.filename.startswith("xl/worksheets/")
            if part.flag_bits & 1:
                raise SheetUnreadable("The workbook is locked with a password. Save it without one and send that.")
            held += 0 if is_sheet else part.file_size
            bursts = part.file_size > 10 * 1024**2 and part.file_size > MAX_RATIO * max(part.compress_size, 1)
            if bursts or part.file_size > MAX_SHEET or held > MAX_HELD or len(self._parts) > MAX_PARTS:
                raise SheetUnreadable(
                    f"Unpacked, the workbook has {max(part.file_size, held) / 1024**2:,.0f} MB, more than any table."
                    " Save the rows as CSV and send that."
                )

    def _shared_texts(self) -> list[str]:
        texts: list[str] = []
        pieces: list[str] = []
        inside = {"t": False, "rPh": False}

        def start(name: str, _attributes: dict[str, str]) -> None:
            if name in inside:
                inside[name] = True

        def text(data: str) -> None:
            if inside["t"] and not inside["rPh"]:
                pieces.append(data)

        def end(name: str) -> None:
            if name in inside:
                inside[name] = False
            if name == "si":
                texts.append("".join(pieces)[: MAX_CELL + 1])
                pieces.clear()

        place = "xl/sharedStrings.xml"
        if place in self._parts:
            for _ in self._events(place, start, end, text):
                pass
        return texts

    def _date_styles(self) -> set[int]:
        """Return the numbers of the cell styles that show a date."""
        formats: dict[int, str] = {}
        styles: set[int] = set()
        seen = {"cellXfs": False, "count": 0}

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "numFmt":
                formats[_whole(attributes.get("numFmtId", ""))] = attributes.get("formatCode", "")
            elif name == "cellXfs":
                seen["cellXfs"] = True
            elif name == "xf" and seen["cellXfs"]:
                number = _whole(attributes.get("numFmtId", ""))
                code = _NOT_FORMAT.sub("", formats.get(number, "")).lower()
                if number in _DATES or ("y" in code or ("d" in code and "m" in code)):
                    styles.add(int(seen["count"]))
                seen["count"] += 1

        def end(name: str) -> None:
            if name == "cellXfs":
                seen["cellXfs"] = False

        place = "xl/styles.xml"
        if place in self._parts:
            for _ in self._events(place, start, end, lambda data: None):
                pass
        return styles

    def _starts(self, place: str, start: Callable[[str, dict[str, str]], None]) -> None:
        for _ in self._events(place, start, lambda name: None, lambda data: None):
            pass

    def _events(
        self,
        place: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None],
        text: Callable[[str], None],
    ) -> Iterator[None]:
        """Parse a part of the archive, and yield after each piece of it."""
        parser = expat.ParserCreate(namespace_separator=None)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
        parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
        parser.CharacterDataHandler = text
        with _mended(), self._archive.open(self._parts[place]) as part:
            while chunk := part.read(CHUNK):
                parser.Parse(chunk, False)
                yield
            parser.Parse(b"", True)
            yield


class _Rows:
    """Gathers the cells of a sheet into rows."""

    def __init__(self, texts: list[str], dates: set[int], epoch: datetime) -> None:
        self.ready: deque[Line] = deque()
        self._texts, self._dates, self._epoch = texts, dates, epoch
        self._number = 0
        self._cells: list[str] = []
        self._place = 0
        self._type, self._style = "", 0
        self._pieces: list[str] = []
        self._length = 0
        self._is_value = self._is_phonetic = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin a row, a cell or its value."""
        if name == "c":
            self._begin_cell(attributes)
        elif name in ("v", "t"):
            self._is_value = True
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "row":
            said = _whole(attributes.get("r", "")) if "r" in attributes else self._number + 1
            if not self._number < said <= MAX_ROWS + 50_000:
                raise SheetUnreadable(f"The sheet says that a row is number {said:,}: no table has so many. {_ANEW}")
            self._number, self._cells = said, []

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        found = _REFERENCE.fullmatch(attributes.get("r", ""))
        place = _column(found[1]) if found else len(self._cells)
        if not len(self._cells) <= place < MAX_COLUMNS:
            raise SheetUnreadable(
                f"Row {self._number:,} of the sheet has more than {MAX_COLUMNS} columns. It is no table that we know."
            )
        self._place, self._type, self._style = place, attributes.get("t", "n"), _whole(attributes.get("s", "0"))
        self._pieces, self._length = [], 0

    def text(self, data: str) -> None:
        """Take a piece of a cell's value."""
        if not self._is_value or self._is_phonetic:
            return
        self._length += len(data)
        if self._length > MAX_CELL:
            raise SheetUnreadable(f"A cell of row {self._number:,} has more than {MAX_CELL:,} characters.")
        self._pieces.append(data)

    def end(self, name: str) -> None:
        """End a value, a cell or a row."""
        if name in ("v", "t"):
            self._is_value = False
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "c":
            self._cells += [""] * (self._place - len(self._cells))
            self._cells.append(self._shown("".join(self._pieces)))
        elif name == "row":
            self.ready.append(Line(self._number, tuple(self._cells)))

    def _shown(self, value: str) -> str:
        """Return a value as a person would type it."""
        if self._type == "s":
            place = _whole(value)
            if not 0 <= place < len(self._texts):
                raise SheetUnreadable(_DAMAGED)
            return self._texts[place]
        if self._type == "b":
            return "TRUE" if value == "1" else "FALSE"
        if self._type != "n" or not value:
            return value
        try:
            number = _FIFTEEN.create_decimal(value)
        except InvalidOperation:
            return value
        if not number.is_finite() or abs(number.adjusted()) > 15:
            return value
        if self._style in self._dates and 0 < number < 2_958_466:
            moment = self._epoch + timedelta(seconds=int((number * 86_400).to_integral_value()))
            return moment.isoformat(sep=" ") if moment.time() != datetime.min.time() else moment.date().isoformat()
        return f"{number.normalize(_FIFTEEN):f}"


_ANEW = "Save it anew without empty rows, or as CSV, and send that."


def _refuse_document_type(*_: Any) -> None:
    raise SheetUnreadable("The workbook declares a document type of its own, as no spreadsheet does. It was not read.")


@contextmanager
def _mended() -> Iterator[None]:
    """Say in a sentence what the libraries say in theirs."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, OSError) as error:
        raise SheetUnreadable(_DAMAGED) from error
    except (NotImplementedError, RuntimeError) as error:
        raise SheetUnreadable(f"The workbook is packed in a way that we do not read. {_ANEW}") from error


def _place(target: str) -> str:
    """Return where in the archive a relation leads to."""
    return target[1:] if target.startswith("/") else f"xl/{target}"


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
