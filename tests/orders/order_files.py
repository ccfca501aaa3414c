"""Writes small order files for tests, and reads them as of one day in London, as far as no row of ours matters."""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.intake import columns, receiving
from core.intake.columns import RowReader
from core.intake.sheets import Line, size_of
from orders import order_file
from orders.services import ORDERS

DEMO_FILE = Path(__file__).resolve().parents[2] / "config" / "demo" / "orders.csv"
LONDON = ZoneInfo("Europe/London")
TODAY = date(2026, 3, 31)
HEADER = "PO number,Customer,SKU,Quantity,Price,Date,Description"
GOOD_CELLS = {
    "po": "PO-1",
    "customer": "C100",
    "sku": "A-1",
    "quantity": "3",
    "price": "2.55",
    "date": "2026-03-01",
    "text": "Lantern",
}


@dataclass(frozen=True)
class Row:
    line_number: int
    sku: str
    description: str
    quantity: Decimal
    price: Decimal
    ordered_at: datetime


@dataclass(frozen=True)
class Document:
    po_number: str
    customer_number: str
    rows: tuple[Row, ...]

    @property
    def ordered_at(self) -> datetime:
        return min(row.ordered_at for row in self.rows)


@dataclass(frozen=True)
class Refusal:
    line_number: int
    column: str
    reason: str
    raw: tuple[str, ...]


@dataclass(frozen=True)
class OrderFile:
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    documents: tuple[Document, ...]
    refused_rows: tuple[Refusal, ...]

    @property
    def accepted_count(self) -> int:
        return sum(len(document.rows) for document in self.documents)


def read(text: str | bytes, *, encoding: str = "utf-8", today: date = TODAY) -> OrderFile:
    content = io.BytesIO(text.encode(encoding) if isinstance(text, str) else text)
    size_of(content)
    look = receiving.look_at(content, ORDERS)
    places = columns.find(order_file.COLUMNS, look.header)

    def lines() -> list[Line]:
        return list(islice(receiving.lines(content, look.layout), 1, None))

    notation = columns.learn(
        order_file.COLUMNS, places, lines(), delimiter=look.layout.delimiter, zone=LONDON, today=today
    )
    reader = RowReader(order_file.COLUMNS, look.header, places, notation, order_file.judge)
    groups: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    refused = []
    for line in lines():
        values, fault = reader.read(line.cells)
        if fault is not None:
            refused.append(Refusal(line.number, fault.column, fault.reason, line.cells))
        else:
            groups.setdefault(order_file.key(values), []).append((line.number, values))
    return OrderFile(
        encoding=look.layout.encoding,
        delimiter=look.layout.delimiter,
        header=look.header,
        documents=tuple(_document(members) for members in groups.values()),
        refused_rows=tuple(refused),
    )


def _document(members: list[tuple[int, dict[str, Any]]]) -> Document:
    first = members[0][1]
    rows = (
        Row(
            number,
            values["sku"],
            values.get("description", ""),
            values["quantity"],
            values["price"],
            values["ordered_at"],
        )
        for number, values in members
    )
    return Document(first["po_number"], first["customer"], tuple(rows))


def read_rows(*rows: str) -> OrderFile:
    return read("\n".join([HEADER, *rows, ""]))


def row_with(**cells: str) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow((GOOD_CELLS | cells).values())
    return line.getvalue().removesuffix("\n")


GOOD_ROW = row_with()


def only_document(file: OrderFile) -> Document:
    assert file.refused_rows == ()
    (document,) = file.documents
    return document


def only_refusal(file: OrderFile) -> Refusal:
    assert file.documents == ()
    (refused,) = file.refused_rows
    return refused
