"""Sorts the rows of an order file into documents and refused rows."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import TypeVar

from orders.order_file import cells, columns
from orders.order_file.columns import Field, Line

Value = TypeVar("Value")

# Only this kind of export marks a cancelled document by a leading C; elsewhere C1001 is an ordinary number.
CANCELLING_HEADER, CANCELLED = "invoiceno", re.compile(r"[Cc][0-9]")


@dataclass(frozen=True, slots=True)
class FileRow:
    """One accepted row: what is ordered, and its cells.

    The SKU is as typed; whether it exists is for the importer to say.
    """

    line_number: int
    sku: str
    description: str
    quantity: Decimal
    price: Decimal
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileDocument:
    """One purchase order: the accepted rows of one PO number of one customer, dated by the earliest of them."""

    po_number: str
    customer_number: str
    ordered_at: datetime
    rows: tuple[FileRow, ...]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One refused row: the header of its first faulty cell ("" for the row as a whole), all reasons, and its cells."""

    line_number: int
    column: str
    reason: str
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderFile:
    """A file that was read: every row that is not blank is either in one document or refused once."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    documents: tuple[FileDocument, ...]
    refused_rows: tuple[RefusedRow, ...]

    @property
    def accepted_count(self) -> int:
        """The number of rows in the documents."""
        return sum(len(document.rows) for document in self.documents)


def read_order_file(data: bytes, *, tz: tzinfo, today: date) -> OrderFile:
    """Read an order file into documents and refused rows; a time without a zone is in tz.

    :raises OrderFileError: if the file is empty, too large, not text, badly quoted, or without a usable header.
    """
    text, encoding = columns.decode(data)
    delimiter = columns.find_delimiter(text)
    header, *lines = columns.cut_lines(text, delimiter)
    reader = _RowReader(header.cells, columns.find_columns(header.cells), tz, today)
    reader.learn_notation(lines, delimiter)
    documents: dict[tuple[str, str], list[_Accepted]] = {}
    refused = []
    for line in lines:
        outcome = reader.read(line)
        if isinstance(outcome, RefusedRow):
            refused.append(outcome)
        else:
            documents.setdefault((outcome.po_number, outcome.customer_number), []).append(outcome)
    return OrderFile(
        encoding=encoding,
        delimiter=delimiter,
        header=header.cells,
        documents=tuple(
            FileDocument(
                po_number=po_number,
                customer_number=customer_number,
                ordered_at=min(accepted.ordered_at for accepted in rows),
                rows=tuple(accepted.row for accepted in rows),
            )
            for (po_number, customer_number), rows in documents.items()
        ),
        refused_rows=tuple(refused),
    )


@dataclass(frozen=True, slots=True)
class _Accepted:
    po_number: str
    customer_number: str
    ordered_at: datetime
    row: FileRow


class _RowReader:
    """Reads the rows of one file by its header, and by how the file as a whole writes numbers and dates."""

    def __init__(self, header: tuple[str, ...], places: dict[Field, int], tz: tzinfo, today: date) -> None:
        self.width = len(header)
        self.places = places
        self.names = {field: header[place].strip() for field, place in places.items()}
        self.marks_cancelled = columns.plain(self.names[Field.PO_NUMBER]) == CANCELLING_HEADER
        self.tz = tz
        self.today = today
        self.decimal_mark: str | None = None
        self.day_first: bool | None = None

    def learn_notation(self, lines: list[Line], delimiter: str) -> None:
        """Look through all rows for what one of them alone cannot tell."""
        self.decimal_mark = cells.find_decimal_mark(
            (self.cell(line, field) for line in lines for field in (Field.QUANTITY, Field.PRICE)),
            # Who separates cells by commas does not write decimals with them.
            otherwise="." if delimiter == "," else None,
        )
        self.day_first = cells.find_day_first(self.cell(line, Field.DATE) for line in lines)

    def cell(self, line: Line, field: Field) -> str:
        """Return the cell of a field, empty where the row ends early or the file has no such column."""
        place = self.places.get(field, self.width)
        return line.cells[place].strip() if place < min(self.width, len(line.cells)) else ""

    def read(self, line: Line) -> _Accepted | RefusedRow:
        """Return what the row orders, or why it is refused."""
        if any(cell.strip() for cell in line.cells[self.width :]):
            widths = f"The row has {len(line.cells)} cells, the header {self.width}."
            return RefusedRow(line.number, "", f"{widths} A text that holds the separator needs quotes.", line.cells)
        document = self.cell(line, Field.PO_NUMBER)
        if self.marks_cancelled and CANCELLED.match(document):
            column = self.names[Field.PO_NUMBER]
            reason = f"{column} {cells.shown(document)} is a cancellation, not an order."
            return RefusedRow(line.number, column, reason, line.cells)

        faults: list[tuple[Field, str]] = []

        def attempt(field: Field, parse: Callable[[str, str], Value]) -> Value | None:
            try:
                return parse(self.cell(line, field), self.names[field])
            except cells.CellError as error:
                faults.append((field, str(error)))
                return None

        po_number = attempt(Field.PO_NUMBER, cells.read_code)
        customer_number = attempt(Field.CUSTOMER, cells.read_customer_number)
        sku = attempt(Field.SKU, cells.read_code)
        quantity = attempt(Field.QUANTITY, self.number)
        price = attempt(Field.PRICE, self.number)
        ordered_at = attempt(Field.DATE, self.moment)
        if (
            po_number is None
            or customer_number is None
            or sku is None
            or quantity is None
            or price is None
            or ordered_at is None
        ):
            reasons = " ".join(reason for _, reason in faults)
            return RefusedRow(line.number, self.names[faults[0][0]], reasons, line.cells)
        description = " ".join(self.cell(line, Field.DESCRIPTION).split())
        return _Accepted(
            po_number, customer_number, ordered_at, FileRow(line.number, sku, description, quantity, price, line.cells)
        )

    def number(self, cell: str, name: str) -> Decimal:
        """Return a number as this file writes them.

        :raises CellError: if it is none.
        """
        return cells.read_number(cell, name, self.decimal_mark)

    def moment(self, cell: str, name: str) -> datetime:
        """Return a time as this file writes them.

        :raises CellError: if it is none.
        """
        return cells.read_moment(cell, name, day_first=self.day_first, tz=self.tz, today=self.today)
