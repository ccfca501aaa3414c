"""Finds what each column of a table is by its heading, and reads rows by that: values, or what is wrong, and where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import cached_property
from typing import Any, Literal

from core.intake import cells
from core.intake.sheets import Line, SheetUnreadable
from core.text import unquoted


@dataclass(frozen=True, slots=True)
class Notation:
    """How a file writes what can be read in two ways, and the day and zone in which it is read.

    `decimal_mark` is None where its numbers tell nothing or contradict each other, `day_first` where its dates do.
    """

    decimal_mark: str | None
    day_first: bool | None
    zone: tzinfo
    today: date


Reader = Callable[[str, str, Notation], Any]


@dataclass(frozen=True)
class Column:
    """What a table tells in one of its columns; `label` is the word for it in sentences and in files that leave.

    `names` are headings as partners write them, without case, blanks and signs, beside the label itself. `read` makes
    of a cell what the kind's loader takes, or raises CellError; `writes` tells which cells show how the file writes
    numbers and dates.
    """

    name: str
    label: str
    read: Reader
    names: str = ""
    writes: Literal["text", "number", "day"] = "text"
    is_required: bool = True
    help: str = ""

    @cached_property
    def known_as(self) -> frozenset[str]:
        """The headings by which it is found."""
        return frozenset([plain(self.label), *self.names.split()])


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row: the heading of its first faulty cell ("" for the row as a whole), and every reason."""

    column: str
    reason: str


# Told of a row before its cells are read: its cells by column, and the columns' headings
Judge = Callable[[Mapping[str, str], Mapping[str, str]], "Fault | None"]


def plain(name: str) -> str:
    """Return a heading without case, blanks and signs."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def listed(words: Sequence[str]) -> str:
    """Return the words as a sentence lists them."""
    return str(words[0]) if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def match(columns: Sequence[Column], header: Sequence[str]) -> tuple[dict[str, int], list[tuple[Column, int]]]:
    """Return the place of each column in a header, and those that a second heading names too."""
    places: dict[str, int] = {}
    twice: list[tuple[Column, int]] = []
    for place, heading in enumerate(header):
        column = next((column for column in columns if plain(heading) in column.known_as), None)
        if column is None:
            continue
        if column.name in places:
            twice.append((column, place))
        else:
            places[column.name] = place
    return places, twice


def find(columns: Sequence[Column], header: Sequence[str]) -> dict[str, int]:
    """Return the place of each column in a header, where nobody is there to be asked.

    :raises SheetUnreadable: if a needed column is missing, two columns are the same, or it is no header at all.
    """
    places, twice = match(columns, header)
    for column, place in twice:
        both = f"{header[places[column.name]].strip()} and {header[place].strip()}"
        raise SheetUnreadable(f"Two columns can be the {column.label}: {both}. Leave one of them.")
    check(columns, header, places)
    return places


def check(columns: Sequence[Column], header: Sequence[str], places: Mapping[str, int]) -> None:
    """Check that every needed column has its place.

    :raises SheetUnreadable: where one has none.
    """
    required = [column.label for column in columns if column.is_required]
    if not places:
        raise SheetUnreadable(f"The first line is no header that we know. It must name {listed(required)}.")
    missing = [column.label for column in columns if column.is_required and column.name not in places]
    if missing:
        found = listed([heading.strip() for heading in header if heading.strip()] or ["none"])
        raise SheetUnreadable(f"The header has no column for {listed(missing)}. It has {found}.")


def learn(
    columns: Sequence[Column],
    places: Mapping[str, int],
    lines: Iterable[Line],
    *,
    delimiter: str,
    zone: tzinfo,
    today: date,
) -> Notation:
    """Look through all rows for how the file writes numbers and dates, which one of them alone may not tell."""
    numbers = [places[column.name] for column in columns if column.writes == "number" and column.name in places]
    days = [places[column.name] for column in columns if column.writes == "day" and column.name in places]
    marks: set[str] = set()
    firsts: set[bool] = set()
    for line in lines:
        row = line.cells
        if len(marks) < 2:
            marks |= cells.decimal_marks(row[place].strip() for place in numbers if place < len(row))
        if len(firsts) < 2:
            firsts |= cells.days_first(row[place].strip() for place in days if place < len(row))
    # Who separates cells by commas does not write decimals with them; a workbook keeps numbers apart from texts.
    otherwise = "." if delimiter in (",", "") else None
    return Notation(
        decimal_mark=marks.pop() if len(marks) == 1 else None if marks else otherwise,
        day_first=firsts.pop() if len(firsts) == 1 else None,
        zone=zone,
        today=today,
    )


class RowReader:
    """Reads the rows of one file by its header, and by how the file as a whole writes numbers and dates."""

    def __init__(
        self,
        columns: Sequence[Column],
        header: Sequence[str],
        places: Mapping[str, int],
        notation: Notation,
        judge: Judge | None = None,
    ) -> None:
        self.width = len(header)
        self.columns = [column for column in columns if column.name in places]
        self.absent = [column.name for column in columns if column.name not in places]
        self.places = places
        self.headings = {column.name: header[places[column.name]].strip() or column.label for column in self.columns}
        self.notation = notation
        self.judge = judge

    def cells(self, row: Sequence[str]) -> dict[str, str]:
        """Return the cells by column, empty where the row ends early."""
        end = min(self.width, len(row))
        return {
            column.name: unquoted(row[place].strip()).strip() if (place := self.places[column.name]) < end else ""
            for column in self.columns
        }

    def read(self, row: Sequence[str]) -> tuple[dict[str, Any], Fault | None]:
        """Return what the row says by column, as far as it can be read, and what is wrong with it.

        A column that the file does not have is missing among the values; an empty cell is what its reader says.
        """
        told = self.cells(row)
        if any(cell.strip() for cell in row[self.width :]):
            widths = f"The row has {len(row)} cells, the header {self.width}."
            return {}, Fault("", f"{widths} A text that holds the separator needs quotes.")
        if self.judge is not None and (fault := self.judge(told, self.headings)) is not None:
            return {}, fault
        values: dict[str, Any] = {}
        faults: list[tuple[str, str]] = []
        for column in self.columns:
            heading = self.headings[column.name]
            try:
                values[column.name] = column.read(told[column.name], heading, self.notation)
            except cells.CellError as error:
                faults.append((heading, str(error)))
        if faults:
            return values, Fault(faults[0][0], " ".join(reason for _heading, reason in faults))
        return values, None
