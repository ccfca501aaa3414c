"""Files that leave the house, CSV and XLSX: sent while their rows are read; no spreadsheet takes cells for formulas."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any, cast
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from django.http import StreamingHttpResponse
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


class _Outbox:
    """A file that keeps what is written to it until somebody takes it away."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, content: bytes) -> int:
        """Keep what is written."""
        self._written.append(bytes(content))
        return len(content)

    def flush(self) -> None:
        """Do nothing: what is written can be taken at once."""

    def take(self) -> bytes:
        """Hand out what was written since this was last asked."""
        content, self._written = b"".join(self._written), []
        return content


def xlsx_chunks(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Yield a workbook while its rows are read; the header of each sheet stays while rows scroll.

    The library makes all of it but the rows, for it begins to write its file when it has the last one. A file in a zip
    archive may come before the one that names it, so how many sheets there are is said at the end.
    """
    outbox, left = _Outbox(), iter(rows)
    with ZipFile(cast(IO[bytes], outbox), "w", ZIP_DEFLATED, compresslevel=1) as archive:
        begin, end = _book(header, sheets=1)[_SHEET.format(1)].split(b"</sheetData>")
        sheets, following = 0, list[Sequence[Any]]()
        while not sheets or (following := list(islice(left, 1))):
            sheets += 1
            of_sheet = islice(chain(following, left), MOST_ROWS)
            with archive.open(_SHEET.format(sheets), "w") as sheet:
                sheet.write(begin)
                while some := list(islice(of_sheet, _BATCH)):
                    sheet.write("".join(map(_row_xml, some)).encode())
                    yield outbox.take()
                sheet.write(b"</sheetData>" + end)
        for name, content in _book(header, sheets=sheets).items():
            if name not in archive.NameToInfo:
                archive.writestr(name, content)
    yield outbox.take()


_SHEET = "xl/worksheets/sheet{}.xml"
# Rows that are sent together
_BATCH = 500
_DAY_ZERO = date(1899, 12, 30)


def _book(header: Sequence[str], sheets: int) -> dict[str, bytes]:
    """Return the files of a workbook whose sheets have a header and no rows yet; the second style is for days."""
    book = Workbook(write_only=True)
    for _ in range(sheets):
        sheet: Any = book.create_sheet("Rows")
        sheet.freeze_panes = "A2"
        headings = [sheet_cell(heading) for heading in header]
        for place, heading in enumerate(headings, 1):
            sheet.column_dimensions[get_column_letter(place)].width = min(max(len(heading) + 3, NARROWEST), WIDEST)
        day = WriteOnlyCell(sheet, _DAY_ZERO)
        day.number_format = "yyyy-mm-dd"
        assert day.style_id == 1
        sheet.append([_heading(sheet, heading) for heading in headings])
    file = io.BytesIO()
    book.save(file)
    with ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _heading(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _row_xml(row: Sequence[Any]) -> str:
    return f"<row>{''.join([_cell_xml(sheet_cell(cell)) for cell in row])}</row>"


def _cell_xml(value: Any) -> str:
    """Write a cell as ECMA-376 part 1, 18.3.1.4 has it: its place is the one after the last."""
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    if isinstance(value, bool):
        return f'<c t="b"><v>{value:d}</v></c>'
    if isinstance(value, date):
        return f'<c s="1"><v>{(value - _DAY_ZERO).days}</v></c>'
    return f"<c><v>{Decimal(value):f}</v></c>"


def xlsx_file(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """Return a workbook as a file, from its beginning."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever asked closes it
    for chunk in xlsx_chunks(header, rows):
        file.write(chunk)
    file.seek(0)
    return file


def table_response(
    stem: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, as_workbook: bool, delimiter: str = ","
) -> StreamingHttpResponse:
    """Return a table as a download: a workbook where that is asked for, otherwise CSV."""
    if as_workbook:
        chunks = xlsx_chunks(header, rows)
        return _download(StreamingHttpResponse(chunks, content_type=XLSX), f"{stem}.xlsx")
    return csv_response(f"{stem}.csv", header, rows, delimiter=delimiter)


def _download(response: StreamingHttpResponse, filename: str) -> StreamingHttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "no-store"
    return response
