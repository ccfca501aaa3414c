"""Proves how an order file becomes documents and refused rows: encodings, separators, columns, grouping."""

import csv
import io
from decimal import Decimal

import pytest

from core.intake import sheets
from core.intake.columns import plain
from core.intake.sheets import SheetUnreadable
from orders import order_file
from tests.orders.order_files import GOOD_ROW, HEADER, only_document, only_refusal, read, read_rows, row_with


class TestDocuments:
    def test_group_rows_by_number_and_customer_in_the_order_of_the_file(self) -> None:
        file = read_rows(
            row_with(po="PO-2", sku="A"),
            row_with(po="PO-1", sku="B"),
            row_with(po="PO-2", sku="C"),
            row_with(po="PO-2", sku="D", customer="C200"),
        )

        found = {
            (document.po_number, document.customer_number): "".join(row.sku for row in document.rows)
            for document in file.documents
        }
        assert list(found.items()) == [(("PO-2", "C100"), "AC"), (("PO-1", "C100"), "B"), (("PO-2", "C200"), "D")]

    def test_keep_equal_rows_apart(self) -> None:
        assert [row.line_number for row in only_document(read_rows(GOOD_ROW, GOOD_ROW)).rows] == [2, 3]

    def test_keep_the_good_rows_beside_a_refused_one(self) -> None:
        file = read_rows(row_with(sku="A"), row_with(sku="B", quantity="0"), row_with(sku="C"))

        assert [row.sku for row in file.documents[0].rows] == ["A", "C"]
        assert [row.line_number for row in file.refused_rows] == [3]

    def test_leave_case_and_leading_zeros_of_codes_alone(self) -> None:
        document = only_document(read_rows(row_with(po=" 007 ", customer="0042", sku="85099b")))

        assert (document.po_number, document.customer_number, document.rows[0].sku) == ("007", "0042", "85099b")

    def test_undo_what_a_spreadsheet_did_to_a_customer_number(self) -> None:
        assert only_document(read_rows(row_with(customer="17850.0"))).customer_number == "17850"

    def test_may_be_none_where_there_is_only_a_header(self) -> None:
        file = read_rows()

        assert (file.documents, file.refused_rows, file.accepted_count) == ((), (), 0)


class TestColumns:
    @pytest.mark.parametrize(
        "header",
        [
            "InvoiceNo,CustomerID,StockCode,Quantity,UnitPrice,InvoiceDate",
            "po number,customer,sku,quantity,price,date",
            "Purchase Order No.,Account,Item code,QTY,Unit price,Order date",
            "ORDER_NUMBER,Customer-No,Product Code,Ordered quantity,Net price,Ordered on",
            '"Order","Customer number","Article","Pieces","price","DATE"',
        ],
    )
    def test_are_found_by_the_names_that_partners_use(self, header: str) -> None:
        document = only_document(read(f"{header}\nPO-1,C100,A-1,3,2.55,2026-03-01\n"))

        assert (document.po_number, document.customer_number) == ("PO-1", "C100")
        assert document.rows[0].quantity == 3

    def test_are_found_in_any_order_beside_unknown_ones(self) -> None:
        document = only_document(read("Country,Date,Price,Qty,SKU,Customer,PO\nGB,2026-03-01,2.55,3,A-1,C100,PO-1\n"))

        assert document.rows[0].price == Decimal("2.55")
        assert document.rows[0].description == ""

    def test_are_found_below_blank_lines(self) -> None:
        document = only_document(read(f"\n,,,\n{HEADER}\n\n{GOOD_ROW}\n"))

        assert document.rows[0].line_number == 5

    def test_miss_one(self) -> None:
        with pytest.raises(
            SheetUnreadable, match=r"no column for quantity\. It has PO, Customer, SKU, Price and Date\.$"
        ):
            read("PO,Customer,SKU,Price,Date\n")

    def test_miss_several(self) -> None:
        with pytest.raises(SheetUnreadable, match=r"no column for PO number, customer and date\."):
            read("SKU,Quantity,Price\n")

    def test_are_named_twice(self) -> None:
        with pytest.raises(SheetUnreadable, match=r"^Two columns can be the quantity: Quantity and Qty\. Leave one"):
            read("PO,Customer,SKU,Quantity,Price,Date,Qty\n")

    def test_are_not_named_at_all(self) -> None:
        with pytest.raises(
            SheetUnreadable, match=r"^The first line is no header that we know\. It must name PO number,"
        ):
            read("536365,85123A,6,2010-12-01 08:26:00,2.55,17850.0\n")

    def test_have_distinct_names(self) -> None:
        names = [name for column in order_file.COLUMNS for name in column.names.split()]

        assert len(names) == len(set(names))
        assert all(name == plain(name) for name in names)


class TestSeparators:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_are_detected(self, delimiter: str) -> None:
        file = read(f"{HEADER}\n{GOOD_ROW}\n".replace(",", delimiter))

        assert file.delimiter == delimiter
        assert only_document(file).rows[0].description == "Lantern"

    def test_are_not_taken_from_a_name_in_the_header(self) -> None:
        header = HEADER.replace(",", ";").replace("Description", "Description, as, you, or, we, may, have, printed, it")
        file = read(f"{header}\n{GOOD_ROW.replace(',', ';')}\n")

        assert file.delimiter == ";"
        assert file.accepted_count == 1

    @pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
    def test_of_lines_may_be_any(self, line_end: str) -> None:
        file = read(line_end.join([HEADER, GOOD_ROW, GOOD_ROW]))

        assert [row.line_number for row in only_document(file).rows] == [2, 3]

    def test_may_stand_in_quotes_with_line_breaks(self) -> None:
        file = read_rows('PO-1,C100,A-1,3,2.55,2026-03-01,"Lantern, ""white"",\nlarge"', GOOD_ROW)

        rows = only_document(file).rows
        assert rows[0].description == 'Lantern, "white", large'
        assert [row.line_number for row in rows] == [2, 4]

    @pytest.mark.parametrize("description", ['"never closed', '"closed" too early'])
    def test_in_broken_quotes_refuse_the_file_and_name_the_line(self, description: str) -> None:
        with pytest.raises(SheetUnreadable, match=r"^The quotes of the row that begins in line 3 are not closed"):
            read_rows(GOOD_ROW, f"PO-1,C100,A-1,3,2.55,2026-03-01,{description}", GOOD_ROW)

    def test_in_broken_quotes_of_the_header_refuse_the_file(self) -> None:
        with pytest.raises(SheetUnreadable, match="line 1 are not closed"):
            read('"PO,Customer\n')

    def test_left_unquoted_in_a_text_refuse_the_row(self) -> None:
        refused = only_refusal(read_rows("PO-1,C100,A-1,3,2.55,2026-03-01,Lantern, white"))

        assert refused.column == ""
        assert refused.reason.startswith("The row has 8 cells, the header 7.")
        assert refused.raw[-1] == " white"

    def test_may_be_missing_after_the_last_filled_cell(self) -> None:
        assert only_document(read_rows("PO-1,C100,A-1,3,2.55,2026-03-01")).rows[0].description == ""

    def test_may_trail(self) -> None:
        assert read_rows(GOOD_ROW + ",,,").accepted_count == 1


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
    def test_are_detected_and_named(self, encoding: str) -> None:
        file = read(f"{HEADER}\n{row_with(text='Fjällräven £5')}\n", encoding=encoding)

        assert file.encoding == encoding
        assert only_document(file).rows[0].description == "Fjällräven £5"

    def test_do_not_leave_a_mark_in_the_header(self) -> None:
        assert read(f"{HEADER}\n", encoding="utf-8-sig").header[0] == "PO number"

    @pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \r\n\t\n", b",,,\n,,\n"])
    def test_of_nothing_are_an_empty_file(self, data: bytes) -> None:
        with pytest.raises(SheetUnreadable, match=r"^The file is empty\.$"):
            read(data)

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"PK\x03\x04\x14\x00", "The workbook is damaged"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel workbook"),
            (b"%PDF-1.7\n", "PDF document"),
            (HEADER.encode("utf-16-le"), "NUL bytes"),
            (HEADER.encode() + b"\n\x00", "NUL bytes"),
            (HEADER.encode() + b"\n\x81\x8d", "neither UTF-8 nor Windows-1252"),
            (b"\xef\xbb\xbf" + HEADER.encode() + b"\xe4", "neither UTF-8 nor Windows-1252"),
        ],
    )
    def test_that_are_no_text_refuse_the_file(self, data: bytes, sentence: str) -> None:
        with pytest.raises(SheetUnreadable, match=sentence):
            read(data)

    def test_are_not_tried_on_a_file_that_is_too_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert sheets.MAX_BYTES == 50 * 1024 * 1024
        data = f"{HEADER}\n{GOOD_ROW}\n".encode()
        monkeypatch.setattr(sheets, "MAX_BYTES", len(data))

        assert read(data).accepted_count == 1
        with pytest.raises(SheetUnreadable, match=r"^The file is larger than"):
            read(data + b"\n")


class TestRefusedRow:
    def test_names_the_first_column_and_every_reason(self) -> None:
        refused = only_refusal(read_rows(row_with(customer="", quantity="0", price="x")))

        assert refused.line_number == 2
        assert refused.column == "Customer"
        assert refused.reason == "Customer is empty. Quantity 0 is not above zero. Price x is not a number."
        assert refused.raw == ("PO-1", "", "A-1", "0", "x", "2026-03-01", "Lantern")

    def test_shows_long_and_broken_cells_in_one_short_line(self) -> None:
        refused = only_refusal(read_rows(row_with(quantity="many\n" * 100)))

        assert refused.reason == "Quantity many many many many many many many many… is not a number."

    def test_goes_back_into_a_file_that_reads_the_same(self) -> None:
        first = read_rows(row_with(quantity="0", text="a, b\nc"), row_with(date="never"))
        again = io.StringIO(newline="")
        csv.writer(again, delimiter=first.delimiter).writerows([first.header, *(row.raw for row in first.refused_rows)])

        second = read(again.getvalue())
        assert [(row.reason, row.raw) for row in second.refused_rows] == [
            (row.reason, row.raw) for row in first.refused_rows
        ]
