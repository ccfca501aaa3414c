"""Reads the retailer's file: rows that are orders, that take back earlier ones, that correct stock, and the rest."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

# What the retailer booked beside goods: postage, carriage, manual lines, discounts, samples, fees and gift vouchers
CHARGES = frozenset({"POST", "DOT", "C2", "M", "D", "S", "B", "CRUK", "AMAZONFEE", "BANK CHARGES", "PADS"})
VOUCHERS = "GIFT_0001_"
# The account of sales that the source knows no customer of
COUNTER = "COUNTER"
CENT, ZERO = Decimal("0.01"), Decimal(0)


class Kind(Enum):
    """What a document of the file is."""

    ORDER = "order"
    CREDIT = "credit"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file; `line_number` counts the header as the first line."""

    line_number: int
    number: str
    sku: str
    description: str
    quantity: Decimal
    at: datetime
    price: Decimal
    customer: str
    country: str

    @property
    def net(self) -> Decimal:
        """Quantity times price, in whole cents."""
        return (self.quantity * self.price).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Document:
    """The rows of one number and kind, in the order of the file."""

    kind: Kind
    number: str
    at: datetime
    customer: str
    country: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be taken in, and why."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What a row of a credit takes back: units of a line of an earlier order, or an amount where no units match."""

    row: Row
    order: str
    position: int
    quantity: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A file sorted out: documents in the order of their time, what credits take back, and what was refused."""

    documents: tuple[Document, ...]
    taken: dict[str, tuple[Taken, ...]]
    refused: tuple[Refusal, ...]


def is_charge(sku: str) -> bool:
    """Say whether a code stands for a charge and not for goods."""
    return sku in CHARGES or sku.startswith(VOUCHERS)


def read_plan(lines: Iterable[str]) -> Plan:
    """Sort out the lines of a file with the source's header; each row is in the plan or refused with its reason."""
    groups: dict[tuple[Kind, str], list[Row]] = defaultdict(list)
    refused: list[Refusal] = []
    for line_number, cells in enumerate(csv.DictReader(lines), 2):
        row = _row(line_number, cells)
        kind = _kind(row)
        if isinstance(kind, Kind):
            groups[kind, row.number].append(row)
        else:
            refused.append(Refusal(row, kind))
    documents = [
        Document(kind, number, rows[0].at, rows[0].customer, rows[0].country, tuple(rows))
        for (kind, number), rows in groups.items()
    ]
    documents.sort(key=lambda document: (document.at, document.rows[0].line_number))
    taken, unmatched = _match(documents)
    return Plan(tuple(documents), taken, tuple(sorted(refused + unmatched, key=lambda one: one.row.line_number)))


def _row(line_number: int, cells: dict[str, str]) -> Row:
    return Row(
        line_number=line_number,
        number=cells["InvoiceNo"].strip(),
        sku=cells["StockCode"].strip().upper(),
        description=" ".join(cells["Description"].split()),
        quantity=Decimal(cells["Quantity"]),
        at=datetime.fromisoformat(cells["InvoiceDate"]),
        price=Decimal(cells["UnitPrice"]),
        customer=cells["CustomerID"].strip().removesuffix(".0") or COUNTER,
        country=cells["Country"].strip(),
    )


def _kind(row: Row) -> Kind | str:
    """Return what a row is part of, or why it is part of nothing."""
    if row.price < 0:
        return "A price is not below zero."
    if row.number.startswith("C"):
        if row.quantity >= 0:
            return "A cancellation takes units back: its quantity is below zero."
        return Kind.CREDIT if row.price else "A cancellation without a price takes nothing back."
    if row.customer == COUNTER and not row.price:
        if is_charge(row.sku):
            return f"{row.sku} is a charge: there is no stock of it to correct."
        return Kind.CORRECTION if row.quantity else "Nothing is corrected by a quantity of zero."
    if row.quantity <= 0:
        return "The quantity of an order is above zero."
    return Kind.ORDER


@dataclass(slots=True)
class _Line:
    """What is left to take back of one line of an order."""

    order: str
    position: int
    units: Decimal
    net: Decimal


@dataclass(slots=True)
class _Sold:
    """What one customer bought in one country, oldest first: all lines, and those of one code and price."""

    lines: list[_Line] = field(default_factory=list)
    alike: dict[tuple[str, Decimal], list[_Line]] = field(default_factory=lambda: defaultdict(list))


def _match(documents: Sequence[Document]) -> tuple[dict[str, tuple[Taken, ...]], list[Refusal]]:
    sold: dict[tuple[str, str], _Sold] = defaultdict(_Sold)
    taken: dict[str, tuple[Taken, ...]] = {}
    refused: list[Refusal] = []
    for document in documents:
        theirs = sold[document.customer, document.country]
        if document.kind == Kind.ORDER:
            for position, row in enumerate(document.rows, 1):
                line = _Line(document.number, position, row.quantity, row.net)
                theirs.lines.append(line)
                theirs.alike[row.sku, row.price].append(line)
        elif document.kind == Kind.CREDIT:
            found: list[Taken] = []
            for row in document.rows:
                of_row = _take(row, theirs)
                found += of_row
                if not of_row:
                    refused.append(Refusal(row, _why(row, theirs)))
            taken[document.number] = tuple(found)
    return taken, refused


def _take(row: Row, sold: _Sold) -> list[Taken]:
    """Return from which lines a row takes units, the latest first; for charges an amount of any line will do."""
    alike = [line for line in reversed(sold.alike[row.sku, row.price]) if line.units]
    whole = next((line for line in alike if line.units >= -row.quantity), None)
    missing, found = -row.quantity, []
    for line in [whole] if whole else alike if sum(line.units for line in alike) >= missing else []:
        units = min(line.units, missing)
        found.append(Taken(row, line.order, line.position, quantity=units))
        line.units -= units
        line.net -= (units * row.price).quantize(CENT, ROUND_HALF_UP)
        missing -= units
        if not missing:
            break
    if found or not is_charge(row.sku):
        return found
    amount = -row.net
    rich = next((line for line in reversed(sold.lines) if line.units and line.net > amount > 0), None)
    if rich is None:
        return []
    rich.net -= amount
    # An amount off a line's price: units of it cannot be taken back at that price any more
    rich.units = ZERO
    return [Taken(row, rich.order, rich.position, amount=amount)]


def _why(row: Row, sold: _Sold) -> str:
    left = sum((line.units for line in sold.alike[row.sku, row.price]), ZERO)
    if is_charge(row.sku):
        return f"No line of an earlier order of this account is worth {-row.net:,.2f}: nothing to take it off."
    return (
        f"{-row.quantity:,f} of {row.sku} at {row.price} are taken back, and"
        f" {left:,f} of them were sold to this account before and not taken back yet."
    )
