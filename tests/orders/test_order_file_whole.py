"""Proves order files as a whole: the demo's real one to the penny, and any that hypothesis can write."""

import csv
import io
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.intake.sheets import SheetUnreadable
from tests.orders.order_files import DEMO_FILE, HEADER, LONDON, OrderFile, read


@pytest.fixture(scope="module")
def file() -> OrderFile:
    return read(DEMO_FILE.read_bytes())


@pytest.fixture(scope="module")
def source() -> list[dict[str, str]]:
    with DEMO_FILE.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


class TestDemoFile:
    def test_has_every_row_in_a_document_or_refused(self, file: OrderFile, source: list[dict[str, str]]) -> None:
        accepted = [row.line_number for document in file.documents for row in document.rows]
        refused = [row.line_number for row in file.refused_rows]

        assert sorted(accepted + refused) == list(range(2, len(source) + 2))
        assert file.accepted_count == len(accepted) >= Decimal("0.95") * len(source)

    def test_equals_the_source_line_by_line(self, file: OrderFile, source: list[dict[str, str]]) -> None:
        for document in file.documents:
            for row in document.rows:
                cells = source[row.line_number - 2]
                assert document.po_number == cells["InvoiceNo"]
                assert document.customer_number == cells["CustomerID"].removesuffix(".0")
                assert (row.sku, row.quantity, row.price) == (
                    cells["StockCode"],
                    Decimal(cells["Quantity"]),
                    Decimal(cells["UnitPrice"]),
                )
                assert row.description == " ".join(cells["Description"].split())

    def test_is_two_hundred_orders_to_the_penny(self, file: OrderFile, source: list[dict[str, str]]) -> None:
        net = sum(row.quantity * row.price for document in file.documents for row in document.rows)
        refused = {row.line_number for row in file.refused_rows}
        expected = sum(
            Decimal(cells["Quantity"]) * Decimal(cells["UnitPrice"])
            for number, cells in enumerate(source, start=2)
            if number not in refused
        )

        assert len(file.documents) == 200
        assert net == expected == Decimal("66677.98")

    def test_refuses_exactly_what_is_no_order(self, file: OrderFile, source: list[dict[str, str]]) -> None:
        for refused in file.refused_rows:
            cells = source[refused.line_number - 2]
            assert refused.raw == tuple(cells.values())
            if cells["InvoiceNo"].startswith("C"):
                assert refused.column == "InvoiceNo"
                assert refused.reason == f"InvoiceNo {cells['InvoiceNo']} is a cancellation, not an order."
            else:
                assert cells["CustomerID"] == ""
                assert refused.column == "CustomerID"
                assert refused.reason.startswith("CustomerID is empty.")
                assert ("UnitPrice 0.0 is not above zero." in refused.reason) == (cells["UnitPrice"] == "0.0")
                assert ("Quantity -10 is not above zero." in refused.reason) == (cells["Quantity"] == "-10")

    def test_dates_an_order_by_its_earliest_row(self, file: OrderFile) -> None:
        (document,) = [document for document in file.documents if document.po_number == "536591"]

        assert document.ordered_at == datetime(2010, 12, 1, 16, 57, tzinfo=LONDON)


LETTERS = st.characters(codec="cp1252", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"))
CODES = st.text(LETTERS, min_size=1, max_size=12).filter(lambda code: not code.endswith(".0"))
TEXTS = st.text(st.characters(codec="cp1252", exclude_characters="\x00"), max_size=30)
NUMBERS = st.decimals(min_value="0.000001", max_value="1000000", places=6) | st.integers(1, 1_000_000).map(Decimal)
TIMES = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2031, 3, 30)).map(  # noqa: DTZ001 - as typed
    lambda moment: moment.replace(microsecond=0)
)
ROWS = st.tuples(CODES, CODES, CODES, NUMBERS, NUMBERS, TIMES, TEXTS)


def refusal_of(data: bytes) -> str | None:
    try:
        read(data)
    except SheetUnreadable as error:
        return str(error)
    return None


class TestRoundTrip:
    @settings(deadline=None)
    @given(
        rows=st.lists(ROWS, max_size=12),
        encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
        delimiter=st.sampled_from([",", ";", "\t"]),
        quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        order=st.permutations(range(7)),
    )
    def test_gives_back_what_was_written(self, rows, encoding, delimiter, quoting, order) -> None:  # type: ignore[no-untyped-def]
        table = [HEADER.split(","), *([*map(str, row)] for row in rows)]
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=delimiter, quoting=quoting)
        writer.writerows([[line[place] for place in order] for line in table])

        file = read(text.getvalue(), encoding=encoding)

        assert file.refused_rows == ()
        assert file.delimiter == delimiter
        expected: dict[tuple[str, str], list[tuple[object, ...]]] = {}
        for po_number, customer, sku, quantity, price, _, description in rows:
            expected.setdefault((po_number, customer), []).append((sku, " ".join(description.split()), quantity, price))
        assert {
            (document.po_number, document.customer_number): [
                (row.sku, row.description, row.quantity, row.price) for row in document.rows
            ]
            for document in file.documents
        } == expected
        for document in file.documents:
            key = (document.po_number, document.customer_number)
            assert document.ordered_at == min(row[5] for row in rows if row[:2] == key).replace(tzinfo=LONDON)

    @settings(deadline=None)
    @given(data=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
    def test_refuses_noise_with_a_sentence_and_never_breaks(self, data: bytes) -> None:
        sentence = refusal_of(data)

        assert sentence is None or sentence.endswith(".")

    @settings(deadline=None)
    @given(cells=st.lists(st.text(max_size=20), min_size=1, max_size=9))
    def test_accepts_or_refuses_any_row_once(self, cells: list[str]) -> None:
        line = io.StringIO(newline="")
        csv.writer(line).writerow(["".join(cell.split("\x00")) for cell in cells])
        data = f"{HEADER}\n{line.getvalue()}".encode(errors="ignore")

        file = read(data)

        blank = not any(cell.replace("\x00", "").strip() for cell in cells)
        assert file.accepted_count + len(file.refused_rows) == (0 if blank else 1)
