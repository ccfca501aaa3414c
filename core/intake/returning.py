"""Giving refused rows back as they came, each with its reason, in files that read the same once they are mended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from core.intake import cells, staging
from core.intake.kinds import State, kind_named
from core.models import FileImport


def refused_cells(run: FileImport, *, with_figures: bool = False) -> Iterator[list[Any]]:
    """Yield the refused rows in the columns that they came in, with the reason behind.

    `with_figures` makes figures of the cells that the whole file showed to be such. A workbook needs that: a text such
    as 1.234 would be read there without the rest of the file, which told that it is a thousand.
    """
    reader = staging.reader_of(run, kind_named(run.kind))
    figures = [reader.places[column.name] for column in reader.columns if column.writes == "number"]
    refused = run.staged.filter(state=State.REFUSED).order_by("number").values_list("cells", "reason")
    for told, reason in refused.iterator(chunk_size=1_000):
        row: list[Any] = [*told[: reader.width], *[""] * (reader.width - len(told))]
        for place in figures if with_figures else ():
            with suppress(cells.CellError):
                row[place] = cells.read_number(row[place].strip(), "", reader.notation.decimal_mark, may_be_zero=True)
        yield [*row, reason]
