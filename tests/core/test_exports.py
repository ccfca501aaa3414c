"""Files that leave the house: cells that no spreadsheet runs."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from zipfile import BadZipFile

import openpyxl
import pytest

from core import exports
from core.exports import csv_lines, csv_response, safe_cell, sheet_cell, xlsx_chunks, xlsx_file
from core.intake.workbooks import Workbook
from core.models import Company


class TestSafeCell:
    @pytest.mark.parametrize(
        "text",
        [
            "=1+1",
            "+cmd|' /C calc'!A0",
            "-2+3+cmd",
            "@SUM(1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1+1",
            "＋1",
            "－1+1",
            "＠x",
            "  =1+1",
            "-",
        ],
    )
    def test_quotes_what_would_start_a_formula(self, text):
        assert safe_cell(text) == "'" + text

    @pytest.mark.parametrize("text", ["-12.50", "+44", "-1,234.50", "SKU-1", "a=b", "", " x", "'quoted"])
    def test_leaves_numbers_and_plain_text_alone(self, text):
        assert safe_cell(text) == text

    @pytest.mark.parametrize("value", [-3, 0])
    def test_leaves_figures_figures(self, value):
        assert safe_cell(value) is value

    @pytest.mark.parametrize("figure", ["-1.50", "1200", "0.0000001"])
    def test_writes_decimals_in_full(self, figure):
        assert safe_cell(Decimal(figure)) == figure
        assert safe_cell(Decimal("1E+3")) == "1000"

    def test_quotes_the_words_of_a_row(self):
        assert safe_cell(Company(name="=1+1")) == "'=1+1"

    def test_shows_nothing_as_nothing(self):
        assert safe_cell(None) == ""


class TestCsvResponse:
    def test_streams_row_by_row(self):
        read = []

        def rows():
            for number in range(3):
                read.append(number)
                yield [number, "=x"]

        response = csv_response("queue.csv", ["Number", "Name"], rows())
        lines = iter(response.streaming_content)
        assert next(lines).decode().startswith("\ufeffNumber,Name")
        assert read == []
        assert next(lines).decode() == "0,'=x\r\n"
        assert read == [0]

    def test_is_read_back_as_it_was(self):
        text = "".join(csv_lines(["A", "B"], [["x,y", 'say "hi"'], ["two\nlines", "é"]]))
        assert list(csv.reader(io.StringIO(text.lstrip("\ufeff")))) == [
            ["A", "B"],
            ["x,y", 'say "hi"'],
            ["two\nlines", "é"],
        ]


class TestXlsxFile:
    def test_is_read_back_as_it_was_with_figures_days_and_no_formulas(self):
        day, long = date(2026, 11, 20), Decimal("1234567890.123456789")
        rows = [["0012", Decimal("1234.000001"), day, None, 3], ["=1+1", long, "#N/A", " x ", "a\nb\x02"], []]
        with xlsx_file(["Number", "=cmd()", "Day", "A", "B"], rows) as file:
            found = [line.cells for line in Workbook(file).lines("Rows")]
        assert found == [
            ("Number", "'=cmd()", "Day", "A", "B"),
            ("0012", "1234.000001", "2026-11-20", "", "3"),
            ("'=1+1", "1234567890.123456789", "#N/A", " x ", "a\nb\ufffd"),
        ]

    def test_is_sent_while_its_rows_are_read(self):
        read = []

        def rows():
            for number in range(1_200):
                read.append(number)
                yield [number]

        chunks = xlsx_chunks(["N"], rows())
        next(chunks)
        assert 0 < len(read) < 600
        assert len(b"".join(chunks)) > 1_000
        assert len(read) == 1_200

    def test_is_no_workbook_where_its_rows_break_off(self):
        def rows():
            yield from ([number] for number in range(600))
            raise ValueError("gone")

        sent = []
        with pytest.raises(ValueError, match="gone"):
            sent.extend(xlsx_chunks(["N"], rows()))
        with pytest.raises(BadZipFile):
            openpyxl.load_workbook(io.BytesIO(b"".join(sent)))

    def test_has_days_as_days_and_yes_as_yes(self):
        with xlsx_file(["Day", "Is"], [[date(2026, 1, 2), True], [date(1999, 12, 31), False]]) as file:
            (sheet,) = openpyxl.load_workbook(file)
        assert [[cell.value for cell in row] for row in sheet["A2:B3"]] == [
            [datetime(2026, 1, 2), True],  # noqa: DTZ001 - as the library reads days
            [datetime(1999, 12, 31), False],  # noqa: DTZ001
        ]
        assert (sheet["A2"].number_format, sheet["A1"].font.bold, sheet.freeze_panes) == ("yyyy-mm-dd", True, "A2")

    @pytest.mark.parametrize(
        ("count", "sheets"),
        [(5, [["N", 0, 1], ["N", 2, 3], ["N", 4]]), (4, [["N", 0, 1], ["N", 2, 3]]), (0, [["N"]])],
    )
    def test_goes_on_with_another_sheet_where_one_is_full(self, monkeypatch, count, sheets):
        monkeypatch.setattr(exports, "MOST_ROWS", 2)
        with xlsx_file(["N"], [[number] for number in range(count)]) as file:
            book = openpyxl.load_workbook(file)
        assert [[cell.value for (cell,) in sheet] for sheet in book] == sheets

    @pytest.mark.parametrize("value", [Decimal("1.50"), 7, date(2026, 1, 2), None])
    def test_keeps_what_a_spreadsheet_reckons_with(self, value):
        assert sheet_cell(value) is value

    @pytest.mark.parametrize(("value", "shown"), [(10**15 + 1, "1000000000000001"), ("@x", "'@x"), ("12", "12")])
    def test_keeps_the_rest_as_text(self, value, shown):
        assert sheet_cell(value) == shown
