"""XLSX workbooks: what their cells say, and those that were made to do harm (T32)."""

import io
import resource
import tracemalloc
import zipfile

import pytest

from core.intake.sheets import MAX_CELL, SheetUnreadable
from core.intake.workbooks import Workbook
from tests.core.workbooks import MAIN, workbook


def read(data: bytes, sheet: str = "") -> list[tuple[int, tuple[str, ...]]]:
    found = Workbook(io.BytesIO(data))
    return [(line.number, line.cells) for line in found.lines(sheet or found.names[0])]


def cells(data: str, **options) -> tuple[str, ...]:
    ((_number, found),) = read(workbook(f'<row r="1">{data}</row>', **options))
    return found


class TestCells:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            ("17850", "17850"),
            ("2.5499999999999998", "2.55"),
            ("0.1", "0.1"),
            ("1.23E+5", "123000"),
            ("1E-3", "0.001"),
            ("-3", "-3"),
            ("4006381333931", "4006381333931"),
            ("1.2345678901234568E+17", "1.23456789012346E+17"),
            ("1E400", "Infinity"),
            ("12345678901234567890", "12345678901234567890"),
        ],
    )
    def test_say_numbers_as_they_were_typed(self, value, shown):
        assert cells(f"<c><v>{value}</v></c>") == (shown,)

    @pytest.mark.parametrize(
        ("style", "value", "shown"),
        [
            (1, "46346", "2026-11-20"),
            (2, "46346.5", "2026-11-20 12:00:00"),
            (1, "46346.999999999", "2026-11-21"),
            (3, "46346", "46346"),
            (0, "46346", "46346"),
            (1, "0.5", "12:00:00"),
            (2, "46346.4999999", "2026-11-20 12:00:00"),
            (1, "-5", "1899-12-25"),
            (1, "99999999", "#VALUE!"),
            (99, "7", "7"),
        ],
    )
    def test_say_days_where_their_style_does(self, style, value, shown):
        assert cells(f'<c s="{style}"><v>{value}</v></c>') == (shown,)

    def test_count_days_from_1904_where_the_workbook_does(self):
        main = '<workbookPr date1904="1"/>'
        assert cells('<c s="1"><v>44884</v></c>', main=main) == ("2026-11-20",)

    def test_say_shared_rich_and_written_texts(self):
        texts = [
            "<si><t>Lamp</t></si>",
            '<si><r><t>red </t></r><r><t>lamp</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si>',
        ]
        data = (
            '<c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="inlineStr"><is><t>=1+1</t></is></c>'
            '<c t="str"><f>A1&amp;B1</f><v>sum</v></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c>'
        )
        assert cells(data, texts=texts) == ("Lamp", "red lamp", "=1+1", "sum", "TRUE", "#N/A")

    def test_stand_where_their_references_say(self):
        assert cells('<c r="B1"><v>1</v></c><c r="D1"><v>2</v></c>') == ("", "1", "", "2")

    def test_keep_the_numbers_of_their_rows_and_leave_blank_ones_out(self):
        rows = '<row r="3"><c><v>1</v></c></row><row r="4"/><row r="9"><c><v>2</v></c></row>'
        assert read(workbook(rows)) == [(3, ("1",)), (9, ("2",))]

    def test_are_those_of_the_sheet_that_is_asked_for(self):
        data = workbook([["a"]], sheets=("One", "Two"))
        assert Workbook(io.BytesIO(data)).names == ("One", "Two")
        assert read(data, "Two") == [(1, ("a",))]
        with pytest.raises(SheetUnreadable, match="The workbook has no sheet Three"):
            read(data, "Three")


def zipped(**parts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def damaged() -> bytes:
    data = bytearray(workbook([["a"] * 50] * 50))
    data[300:400] = b"x" * 100
    return bytes(data)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    f'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><sst xmlns="{MAIN}"><si><t>&c;</t></si></sst>'
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    f'<sst xmlns="{MAIN}"><si><t>&a;</t></si></sst>'
)


class TestHostileWorkbooks:
    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"PK\x03\x04 and no more", "The workbook is damaged"),
            (zipped(word="x"), "The file is a ZIP archive and no Excel workbook"),
            (workbook("<row r='1'><c><v>1</v>"), "The workbook is damaged"),
            (damaged(), "The workbook is damaged"),
            (workbook([["a"]], parts={"xl/sharedStrings.xml": LAUGHS}), "declares a document type of its own"),
            (workbook([["a"]], parts={"xl/sharedStrings.xml": OUTSIDE}), "declares a document type of its own"),
            (workbook("", parts={"xl/workbook.xml": OUTSIDE}), "declares a document type of its own"),
            (workbook('<row r="1"><c t="s"><v>7</v></c></row>'), "The workbook is damaged"),
            (workbook('<row r="10000000"><c><v>1</v></c></row>'), "says that a row is number 10,000,000"),
            (workbook('<row r="5"/><row r="5"><c><v>1</v></c></row>'), "says that a row is number 5"),
            (workbook('<row r="1"><c r="XFD1"><v>1</v></c></row>'), "Row 1 of the sheet has more than 200 columns"),
            (workbook([["x" * (MAX_CELL + 1)]]), "Cell 1 of the row in line 1 has more than 32,767 characters.$"),
            (workbook("", parts={"xl/_rels/workbook.xml.rels": "<Relationships/>"}), "The workbook is damaged"),
            (workbook("", hides=True), "no sheet that can be read"),
            (workbook('<row r="1"><c><v>NaN</v></c></row>'), "The workbook is damaged"),
            (workbook('<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>'), "The workbook is damaged"),
            (workbook('<row r="1" ht="' + "1" * 500 + '"/>'), "The workbook is damaged"),
        ],
        ids=[
            *("no archive", "another archive", "cut off", "damaged", "billion laughs", "outside entity"),
            *("outside entity of the workbook", "text that is not there", "10 million rows", "row twice", "column XFD"),
            *("huge cell", "sheet that is not there", "hidden sheet", "number that is none", "cells out of order"),
            *("huge row",),
        ],
    )
    def test_are_refused_with_a_sentence(self, data, sentence):
        with pytest.raises(SheetUnreadable, match=sentence):
            read(data)

    def test_that_burst_are_refused_before_they_are_unpacked(self):
        data = workbook([["a"]], parts={"xl/worksheets/sheet1.xml": b"<x>" + b" " * 30_000_000})
        assert len(data) < 40_000
        tracemalloc.start()
        with pytest.raises(SheetUnreadable, match="Unpacked, the workbook has 29 MB"):
            read(data)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
        tracemalloc.stop()

    def test_of_which_much_would_have_to_be_held_are_refused(self):
        filler = "".join(f"<si><t>{number:x}</t></si>" for number in range(10))
        data = workbook([["a"]], parts={"xl/sharedStrings.xml": filler + "x" * 34_000_000})
        with pytest.raises(SheetUnreadable, match="Unpacked, the workbook has"):
            read(data)

    @pytest.mark.parametrize(
        "rows",
        [
            '<x a=""/>' * 10_000,
            '<row/><x name="value"/>' * 10_000,
            "<row></row><x/>" * 30_000,
            "<row>" + "<c/>" * 20_000 + "</row>",
            "<row>" * 20_000 + "</row>" * 20_000,
            "<x>" + '<row xmlns="else"><x/></row>' * 10_000 + "</x>",
        ],
        ids=["beside rows", "between short rows", "between rows", "in a row", "rows in rows", "rows of something else"],
    )
    def test_that_openpyxl_would_hold_are_refused(self, rows, monkeypatch):
        monkeypatch.setattr("core.intake.workbooks.MAX_LOOSE", 50_000)
        with pytest.raises(SheetUnreadable, match="Beside its rows the workbook holds more than a table does"):
            read(workbook(rows))

    def test_of_more_texts_than_a_table_has_rows_are_refused(self, monkeypatch):
        monkeypatch.setattr("core.intake.workbooks.MAX_ROWS", 2)
        with pytest.raises(SheetUnreadable, match="more than 2 texts"):
            read(workbook([["a"]], texts=["<si/>"] * 3))

    def test_in_the_strict_notation_are_refused_in_words(self):
        sheet = '<worksheet xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"/>'
        with pytest.raises(SheetUnreadable, match="Strict Open XML"):
            read(workbook([["a"]], parts={"xl/worksheets/sheet1.xml": sheet}))

    def test_that_lie_about_their_size_give_no_more_than_they_declare(self):
        data = workbook([["a"]], parts={"xl/worksheets/sheet1.xml": b"<x>" + b"y" * 50_000_000 + b"</x>"})
        small = data.replace((50_000_007).to_bytes(4, "little"), (100).to_bytes(4, "little"))
        assert small != data
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(SheetUnreadable, match="The workbook is damaged"):
            read(small)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000

    def test_are_read_without_being_held(self):
        rows = "".join(
            f'<row r="{n}"><c><v>{n}</v></c><c t="inlineStr"><is><t>{n}</t></is></c></row>' for n in range(1, 12_000)
        )
        found = Workbook(io.BytesIO(workbook(rows)))
        tracemalloc.start()
        assert sum(1 for _line in found.lines("Orders")) == 11_999
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
        tracemalloc.stop()
