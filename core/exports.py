"""Files that leave the house: CSV that streams, XLSX made row by row; no spreadsheet takes cells for formulas."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from django.http import FileResponse, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from core.text import quoted

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A spreadsheet keeps as many digits of a number
MOST_DIGITS = 15
NARROWEST, WIDEST = 10, 40
# What a sheet holds besides its header; further rows go onto a sheet of their own
MOST_ROWS = 1_048_575


def safe_cell(value: Any) -> Any:
    """Return the value as a cell that cannot run: text like a formula gets a quote, numbers stay numbers.

    A row is written as its words, which people typed; a decimal in full, for 1E+1 is not what anybody typed.
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return value
    return quoted(str(value))


class _Echo:
    """A file that hands back what the CSV writer writes, so that each row can be sent at once."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]], *, delimiter: str = ",") -> Iterator[str]:
    """Yield the lines of a CSV file, each cell safe; the mark at the start tells spreadsheets that it is UTF-8."""
    writer = csv.writer(_Echo(), delimiter=delimiter)
    yield "\ufeff" + writer.writerow([safe_cell(cell) for cell in header])
    for row in rows:
        yield writer.writerow([safe_cell(cell) for cell in row])


def csv_response(
    filename: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, delimiter: str = ","
) -> StreamingHttpResponse:
    """Return a download that is sent row by row while it is read."""
    lines = csv_lines(header, rows, delimiter=delimiter)
    return _download(StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8"), filename)


def sheet_cell(value: Any) -> Any:
    """Return the value as a cell of a workbook: figures that keep their digits and days as such, the rest as safe text.

    A character that no workbook can hold becomes the mark for one that is missing.
    """
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    if isinstance(value, int | Decimal) and len(Decimal(value).as_tuple().digits) <= MOST_DIGITS:
        return value
    return ILLEGAL_CHARACTERS_RE.sub("\ufffd", str(safe_cell(value)))


def xlsx_file(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """Return a workbook, made row by row in a file; the header of its sheet stays while rows scroll."""
    book = Workbook(write_only=True)
    sheet = _sheet(book, header)
    for number, row in enumerate(rows):
        if number and number % MOST_ROWS == 0:
            sheet = _sheet(book, header)
        sheet.append([sheet_cell(cell) for cell in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book.save(file)
    file.seek(0)
    return file


def _sheet(book: Workbook, header: Sequence[str]) -> Any:
    """Add a sheet to a workbook, with its header."""
    sheet: Any = book.create_sheet("Rows")
    sheet.freeze_panes = "A2"
    headings = [sheet_cell(heading) for heading in header]
    for place, heading in enumerate(headings, 1):
        sheet.column_dimensions[get_column_letter(place)].width = min(max(len(heading) + 3, NARROWEST), WIDEST)
    sheet.append([_heading(sheet, heading) for heading in headings])
    return sheet


def _heading(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def table_response(
    stem: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, as_workbook: bool, delimiter: str = ","
) -> StreamingHttpResponse:
    """Return a table as a download: a workbook where that is asked for, otherwise CSV."""
    if as_workbook:
        return _download(FileResponse(xlsx_file(header, rows), content_type=XLSX), f"{stem}.xlsx")
    return csv_response(f"{stem}.csv", header, rows, delimiter=delimiter)


def _download(response: StreamingHttpResponse, filename: str) -> StreamingHttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "no-store"
    return response
