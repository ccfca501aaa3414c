"""Proves how the cells of an order file are read exactly, or refused in a sentence with column and value."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from tests.orders.order_files import HEADER, LONDON, only_document, only_refusal, read, read_rows, row_with


class TestCodes:
    @pytest.mark.parametrize(("cell", "column"), [("po", "PO number"), ("customer", "Customer"), ("sku", "SKU")])
    def test_must_be_given_short_and_in_one_line(self, cell: str, column: str) -> None:
        for value, reason in (
            ("", f"{column} is empty."),
            ("  ", f"{column} is empty."),
            ("x" * 65, f"{column} {'x' * 39}… is longer than 64 characters."),
            ("A\nB", f"{column} A B holds a line break or another control character."),
        ):
            refused = only_refusal(read_rows(row_with(**{cell: value})))
            assert (refused.column, refused.reason) == (column, reason)
        assert read_rows(row_with(**{cell: "x" * 64})).accepted_count == 1

    def test_beginning_with_c_are_cancellations_only_of_an_invoice_export(self) -> None:
        export = "InvoiceNo,CustomerID,StockCode,Quantity,UnitPrice,InvoiceDate\n"
        row = "{},17850,A-1,-1,2.55,2026-03-01\n"

        assert only_refusal(read(export + row.format("C536379"))).reason == (
            "InvoiceNo C536379 is a cancellation, not an order."
        )
        assert only_refusal(read(export + row.format("CASH"))).column == "Quantity"
        assert only_document(read_rows(row_with(po="C1001"))).po_number == "C1001"


class TestNumbers:
    @pytest.mark.parametrize(
        ("typed", "value"),
        [
            ("3", "3"),
            ("+3", "3"),
            ("003", "3"),
            ("3.0", "3"),
            (".5", "0.5"),
            ("0.125", "0.125"),
            ("1,234.56", "1234.56"),
            ("123,456.789", "123456.789"),
            ("1.234,56", "1234.56"),
            ("2,55", "2.55"),
            ("0,125", "0.125"),
            ("1 234,56", "1234.56"),
            ("1\u00a0234", "1234"),
            ("1'234.50", "1234.5"),
            ("123,456", "123456"),
            ("1.125", "1.125"),
            ("0.000001", "0.000001"),
            ("1.50000000", "1.5"),
            ("1000000", "1000000"),
            ("1,000,000", "1000000"),
        ],
    )
    @pytest.mark.parametrize("cell", ["quantity", "price"])
    def test_are_read_exactly(self, typed: str, value: str, cell: str) -> None:
        other = {"quantity": "price", "price": "quantity"}[cell]
        row = only_document(read_rows(row_with(**{cell: typed, other: "7"}))).rows[0]

        assert getattr(row, cell) == Decimal(value)

    @pytest.mark.parametrize(
        ("typed", "reason"),
        [
            ("", "is empty."),
            ("0", "0 is not above zero."),
            ("0.000", "0.000 is not above zero."),
            ("-1", "-1 is not above zero."),
            ("-1,234.5", "-1,234.5 is not above zero."),
            ("1000000.01", "1000000.01 is more than 1,000,000."),
            ("1,000,001", "1,000,001 is more than 1,000,000."),
            ("9" * 40, f"{'9' * 40} is more than 1,000,000."),
            ("9" * 50, f"{'9' * 39}… is not a number."),
            ("1.1234567", "1.1234567 has more than 6 decimals."),
            ("abc", "abc is not a number."),
            ("NaN", "NaN is not a number."),
            ("Infinity", "Infinity is not a number."),
            ("1e3", "1e3 is not a number."),
            ("1_000", "1_000 is not a number."),
            ("٣", "٣ is not a number."),
            ("£2.55", "£2.55 is not a number."),
            ("--3", "--3 is not a number."),
            ("-", "- is not a number."),
            (".", ". is not a number."),
            ("3.", "3. is not a number."),
            ("1,23,456", "1,23,456 is not a number."),
            ("1.2.3", "1.2.3 is not a number."),
            ("1,234.567.8", "1,234.567.8 is not a number."),
            ("0,234,567", "0,234,567 is not a number."),
        ],
    )
    @pytest.mark.parametrize("cell", ["quantity", "price"])
    def test_are_refused_in_a_sentence_with_column_and_value(self, typed: str, reason: str, cell: str) -> None:
        refused = only_refusal(read_rows(row_with(**{cell: typed})))

        assert refused.column == cell.title()
        assert refused.reason == f"{cell.title()} {reason}"

    @pytest.mark.parametrize(
        ("price", "quantity", "read_as"),
        [("2,55", "1.234", "1234"), ("2.55", "1.234", "1.234"), ("2.55", "1,234", "1234")],
    )
    @pytest.mark.parametrize("delimiter", [";", "\t"])
    def test_of_two_readings_follow_the_rest_of_the_file(
        self, delimiter: str, price: str, quantity: str, read_as: str
    ) -> None:
        row = delimiter.join(["PO-1", "C100", "A-1", quantity, price, "2026-03-01"])
        document = only_document(read(f"{HEADER.replace(',', delimiter)}\n{row}\n"))

        assert document.rows[0].quantity == Decimal(read_as)

    @pytest.mark.parametrize("others", ["7", "2,55 2.55"])
    def test_of_two_readings_are_refused_where_the_file_does_not_tell(self, others: str) -> None:
        rows = [f"PO-1;C100;A-1;1;{price};2026-03-01" for price in others.split()]
        file = read("\n".join([HEADER.replace(",", ";"), "PO-1;C100;A-1;1,234;5;2026-03-01", *rows]))

        (refused,) = file.refused_rows
        assert refused.reason == (
            "Quantity 1,234 can be read as 1234 or as 1.234. Write it without separating thousands."
        )
        assert file.accepted_count == len(rows)


class TestDates:
    @pytest.mark.parametrize(
        ("typed", "moment"),
        [
            ("2026-03-01", datetime(2026, 3, 1, tzinfo=LONDON)),
            ("20260301", datetime(2026, 3, 1, tzinfo=LONDON)),
            ("2026/03/01 9:05", datetime(2026, 3, 1, 9, 5, tzinfo=LONDON)),
            ("2010-12-01 08:26:00", datetime(2010, 12, 1, 8, 26, tzinfo=LONDON)),
            ("2010-07-01T08:26:30.123", datetime(2010, 7, 1, 8, 26, 30, tzinfo=LONDON)),
            ("2010-07-01T08:26:00Z", datetime(2010, 7, 1, 8, 26, tzinfo=UTC)),
            ("2010-07-01 08:26 -05:30", datetime(2010, 7, 1, 8, 26, tzinfo=timezone(-timedelta(hours=5, minutes=30)))),
            ("1.12.2010", datetime(2010, 12, 1, tzinfo=LONDON)),
            ("31/12/2010 8:26", datetime(2010, 12, 31, 8, 26, tzinfo=LONDON)),
            ("12/31/2010", datetime(2010, 12, 31, tzinfo=LONDON)),
            ("03-03-2010", datetime(2010, 3, 3, tzinfo=LONDON)),
            ("1990-01-01", datetime(1990, 1, 1, tzinfo=LONDON)),
            ("2031-03-31", datetime(2031, 3, 31, tzinfo=LONDON)),
        ],
    )
    def test_are_read_in_the_given_zone_unless_they_name_one(self, typed: str, moment: datetime) -> None:
        ordered_at = only_document(read_rows(row_with(date=typed))).ordered_at

        assert ordered_at == moment
        assert ordered_at.utcoffset() == moment.utcoffset()

    def test_in_summer_are_summer_time(self) -> None:
        ordered_at = only_document(read_rows(row_with(date="2010-07-01 08:26"))).ordered_at

        assert ordered_at.astimezone(UTC) == datetime(2010, 7, 1, 7, 26, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("typed", "reason"),
        [
            ("", "is empty."),
            ("yesterday", "yesterday is not a date that we can read. Write it like 2026-03-31."),
            ("2026-02-30", "2026-02-30 is not a date that we can read. Write it like 2026-03-31."),
            ("13/13/2026", "13/13/2026 is not a date that we can read. Write it like 2026-03-31."),
            ("2026-03-01 24:30", "2026-03-01 24:30 is not a date that we can read. Write it like 2026-03-31."),
            (
                "2026-03-01 08:30+99:00",
                "2026-03-01 08:30+99:00 is not a date that we can read. Write it like 2026-03-31.",
            ),
            ("0000-01-01", "0000-01-01 is not a date that we can read. Write it like 2026-03-31."),
            ("01/02/26", "01/02/26 is not a date that we can read. Write it like 2026-03-31."),
            ("40513.35", "40513.35 is not a date that we can read. Write it like 2026-03-31."),
            ("01/02/2026", "01/02/2026 can be read with the day or the month first. Write it like 2026-03-31."),
            ("1989-12-31", "1989-12-31 lies before 1990."),
            ("0001-01-01", "0001-01-01 lies before 1990."),
            ("2031-04-01", "2031-04-01 lies more than 5 years ahead."),
            ("9999-12-31", "9999-12-31 lies more than 5 years ahead."),
        ],
    )
    def test_are_refused_in_a_sentence_with_column_and_value(self, typed: str, reason: str) -> None:
        refused = only_refusal(read_rows(row_with(date=typed)))

        assert (refused.column, refused.reason) == ("Date", f"Date {reason}")

    @pytest.mark.parametrize(("telling", "month"), [("13/02/2026", 2), ("02/13/2026", 1)])
    def test_of_two_readings_follow_the_rest_of_the_file(self, telling: str, month: int) -> None:
        file = read_rows(row_with(po="PO-1", date="01/02/2026"), row_with(po="PO-2", date=telling))

        assert file.documents[0].ordered_at.month == month

    def test_of_two_readings_are_refused_where_the_file_contradicts_itself(self) -> None:
        file = read_rows(*(row_with(date=day) for day in ("13/02/2026", "02/13/2026", "01/02/2026")))

        assert [row.line_number for row in file.refused_rows] == [4]

    def test_are_judged_on_a_leap_day_too(self) -> None:
        data = "\n".join([HEADER, row_with(date="2029-02-28"), row_with(date="2029-03-01")])
        file = read(data, today=date(2024, 2, 29))

        assert [row.line_number for row in file.refused_rows] == [3]
