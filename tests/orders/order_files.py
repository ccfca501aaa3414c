"""Writes small order files for tests, and reads them as of one fixed day in London."""

import csv
import io
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from orders.order_file import FileDocument, OrderFile, RefusedRow, read_order_file

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


def read(text: str | bytes, *, encoding: str = "utf-8") -> OrderFile:
    data = text.encode(encoding) if isinstance(text, str) else text
    return read_order_file(data, tz=LONDON, today=TODAY)


def read_rows(*rows: str) -> OrderFile:
    return read("\n".join([HEADER, *rows, ""]))


def row_with(**cells: str) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow((GOOD_CELLS | cells).values())
    return line.getvalue().removesuffix("\n")


GOOD_ROW = row_with()


def only_document(file: OrderFile) -> FileDocument:
    assert file.refused_rows == ()
    (document,) = file.documents
    return document


def only_refusal(file: OrderFile) -> RefusedRow:
    assert file.documents == ()
    (refused,) = file.refused_rows
    return refused
