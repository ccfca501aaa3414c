"""Opens a file as rows of cells: finds its encoding and separator, and refuses in a sentence what is no table.

Nothing is held but the row in hand, and nothing that a file says about its own size is believed.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 1_000_000
MAX_COLUMNS = 200
# As many characters as a spreadsheet takes in a cell, and as a line of the longest cells could have with reason.
MAX_CELL = 32_767
MAX_LINE = 1_000_000
CHUNK = 1024 * 1024
DELIMITERS = (",", ";", "\t", "|")
# What a person may choose where the guess was wrong; the words are theirs, the keys Python's.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a mark",
    "cp1252": "Windows-1252 (Western Europe)",
    "cp1250": "Windows-1250 (Central Europe)",
    "iso8859-15": "ISO 8859-15",
    "utf-16": "UTF-16",
}
WORKBOOK = b"PK\x03\x04"
# What begins like this is no text, whatever its name ends in.
OTHERS = {b"\xd0\xcf\x11\xe0": "an old Excel workbook", b"%PDF": "a PDF document"}


class SheetUnreadable(ValueError):
    """The file as a whole cannot be read; the message is a sentence for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of cells that are not all blank, numbered by the line of the file in which it begins."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is cut into cells: a text by its encoding and separator, a workbook by the name of a sheet."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = field(default=())

    @property
    def is_workbook(self) -> bool:
        """Whether it is a workbook's."""
        return bool(self.sheet)


def size_of(file: BinaryIO) -> int:
    """Return how many bytes a file has, and go back to its beginning.

    :raises SheetUnreadable: where these are none, or more than anybody reads.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if not size:
        raise SheetUnreadable("The file is empty.")
    if size > MAX_BYTES:
        raise SheetUnreadable(f"The file is larger than {MAX_BYTES // 1024**2} MB. Split it and send the parts.")
    return size


def find_encoding(file: BinaryIO) -> str:
    """Return the encoding in which all of a text can be read.

    :raises SheetUnreadable: where it is no text.
    """
    start = file.read(4)
    for begins, kind in OTHERS.items():
        if start.startswith(begins):
            raise SheetUnreadable(f"The file is {kind}. Save it as CSV or XLSX and send that.")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates: tuple[str, ...] = ("utf-16",)
    elif start.startswith(codecs.BOM_UTF8):
        candidates = ("utf-8-sig",)
    else:
        candidates = ("utf-8", "cp1252")
    for encoding in candidates:
        if _decodes(file, encoding):
            return encoding
    raise SheetUnreadable("The file is text in neither UTF-8 nor Windows-1252. Save it as CSV in UTF-8 and send that.")


def _decodes(file: BinaryIO, encoding: str) -> bool:
    """Say whether a whole file is text in an encoding.

    :raises SheetUnreadable: where it holds what no text does.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while chunk := file.read(CHUNK):
            if "\x00" in decoder.decode(chunk):
                raise SheetUnreadable(
                    "The file is not text: it holds NUL bytes. Save it as CSV in UTF-8 or as XLSX and send that."
                )
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def check_encoding(file: BinaryIO, encoding: str) -> None:
    """Check that a file can be read in the encoding that a person chose.

    :raises SheetUnreadable: where it cannot.
    """
    if encoding not in ENCODINGS or not _decodes(file, encoding):
        name = ENCODINGS.get(encoding, encoding)
        raise SheetUnreadable(f"The file is no text in {name}. Choose another encoding.")


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of a text, none longer than any table's.

    :raises SheetUnreadable: for one that is.
    """
    number = 0
    while line := text.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise SheetUnreadable(f"Line {number} of the file has more than {MAX_LINE:,} characters. It is no table.")
        yield line


def text_lines(file: BinaryIO, layout: Layout) -> Iterator[Line]:
    """Yield the lines that are not blank; a quoted cell may span several lines of the file.

    :raises SheetUnreadable: if quotes are not closed or not doubled, or the file has more than a table has.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=layout.encoding, newline="")
    reader = csv.reader(_bounded(text), delimiter=layout.delimiter, strict=True)
    begins = 1
    count = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                count += 1
                yield checked(Line(begins, tuple(cells)), count, hint=" Are its quotes closed?")
            begins = reader.line_num + 1
    except (csv.Error, UnicodeError) as error:
        raise SheetUnreadable(
            f"The quotes of the row that begins in line {begins} are not closed or not doubled, "
            "and from there on the file cannot be cut into cells."
        ) from error
    finally:
        if not file.closed:  # the wrapper would close it
            text.detach()


def checked(line: Line, count: int, *, hint: str = "") -> Line:
    """Return a line that has no more than a table has; the hint says what may make a cell too long.

    :raises SheetUnreadable: where it has.
    """
    if count > MAX_ROWS + 1:
        raise SheetUnreadable(f"The file has more than {MAX_ROWS:,} rows. Split it and send the parts.")
    if len(line.cells) > MAX_COLUMNS:
        raise SheetUnreadable(f"Line {line.number} has more than {MAX_COLUMNS} cells. It is no table that we know.")
    for place, cell in enumerate(line.cells, 1):
        if len(cell) > MAX_CELL:
            raise SheetUnreadable(
                f"Cell {place} of the row in line {line.number} has more than {MAX_CELL:,} characters.{hint}"
            )
    return line


def find_delimiter(file: BinaryIO, encoding: str, knows: Callable[[str], bool]) -> str:
    """Return the separator under which the first line names the most columns that somebody knows.

    :raises SheetUnreadable: if the file is empty or its first line cannot be cut.
    """
    best, most, fault = ",", (-1, -1), None
    for delimiter in DELIMITERS:
        try:
            header = next(text_lines(file, Layout(encoding, delimiter)), None)
        except SheetUnreadable as error:  # the quotes may make sense under another separator
            fault = error
            continue
        if header is None:
            raise SheetUnreadable("The file is empty.")
        count = (sum(knows(name) for name in header.cells), len(header.cells))
        if count > most:
            best, most = delimiter, count
    if fault is not None and most[0] <= 0 and most[1] <= 1:
        raise fault
    return best
