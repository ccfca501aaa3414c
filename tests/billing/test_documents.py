"""An invoice on paper: every figure of the snapshot and no other, and nothing over an edge, however long the names."""

import io
import re
import time
from decimal import Decimal
from typing import Any

import pytest
from pypdf import PdfReader

from billing.documents import render_invoice
from tests.factories.documents import BUYER, SELLER, invoice, laid_out, misplaced_texts, sheets

LONG_CODE = "ABCDEFGHIJ-KLMNOPQRST-UVWXYZ-0123456789-"
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft & Söhne"


def hardest_invoice() -> dict[str, Any]:
    """Every option at once, with the longest texts and figures that the record allows."""
    snapshot = invoice(40)
    for position, line in enumerate(snapshot["lines"]):
        line["customer_po"] = f"PO-{position % 3}-SPRING-COLLECTION"
    snapshot["lines"][0] |= {
        "sku": LONG_CODE,
        "description": "A very long description that goes on about colours and sizes " * 4,
        "customer_sku": LONG_CODE,
        "quantity": "10450.125",
        "unit": "running metre",
        "price": "12345.012500",
        "price_unit": "100 running metres",
        "discount_percent": "12.75",
        "net": "1234567890.12",
    }
    return {
        **snapshot,
        "seller": {**SELLER, "name": LONG_NAME * 2},
        "buyer": {**BUYER, "name": LONG_NAME, "address": [LONG_NAME, "Łódź Ωμέγα Привет Đường"]},
        "order": {"number": LONG_CODE, "customer_po": LONG_CODE, "ordered_on": "2026-11-19"},
        "totals": dict.fromkeys(("net", "tax", "gross", "paid", "due"), "12345678901.23"),
        "notes": [LONG_NAME * 5],
    }


def credit_note(**changes: Any) -> dict[str, Any]:
    corrects = {"number": "INV-2026-000099", "issued_on": "2026-11-01"}
    return invoice(3, document="credit_note", number="CN-2026-000007", corrects=corrects, **changes)


class TestRenderInvoice:
    def test_prints_every_line_and_sum_of_the_snapshot(self) -> None:
        snapshot = invoice(12)
        [sheet] = sheets(render_invoice(snapshot))
        for line in snapshot["lines"]:
            assert re.search(
                rf"{line['position']} {line['sku']} {line['description']} {line['quantity']} piece "
                rf"{line['price']}0* / piece 20% {Decimal(line['net']):,.2f}",
                sheet,
            ), line
        for amount in snapshot["totals"].values():
            if amount != "0":
                assert f"£{Decimal(amount):,.2f}" in sheet

    def test_computes_nothing(self) -> None:
        """Sums that do not add up are printed as they stand: the snapshot is the truth, paper only shows it."""
        totals = {"net": "1.11", "tax": "2.22", "gross": "4.44", "paid": "5.55", "due": "7.77"}
        taxes = [{"category": "S", "rate": "20", "base": "8.88", "tax": "9.99", "note": ""}]
        [sheet] = sheets(render_invoice(invoice(2, totals=totals, taxes=taxes)))
        for amount in ("£1.11", "£2.22", "£4.44", "£5.55", "£7.77", " 8.88", " 9.99"):
            assert amount in sheet

    def test_names_parties_dates_and_how_to_pay(self) -> None:
        [sheet] = sheets(render_invoice(invoice(1, language="en-GB")))
        for text in (
            "Invoice INV-2026-000123",
            "Hartley & Moss Wholesale Ltd",
            "18 Wharf Road",
            "VAT no. GB 823 1479 05",
            "Registered no. 07 412 668",
            "Bright & Day Gifts 12 Market Street Leeds LS1 6DT",
            "VAT no. GB 999 9999 73",
            "Aire Valley Park",
            "Invoice date 22 Nov 2026",
            "Tax point 21 Nov 2026",
            "Due date 22 Dec 2026",
            "Terms 30 days net",
            "Our order SO-004711 19 Nov 2026",
            "Your order PO-88231",
            "Customer no. C-017850",
            "By 22 Dec 2026",
            "Payment reference INV-2026-000123",
            "IBAN GB29 NWBK 6016 1331 9268 19",
            "BIC NWBKGB2L",
            "Goods remain ours",
            "Page 1 of 1",
        ):
            assert text in sheet

    def test_names_the_place_of_delivery_only_where_it_is_another(self) -> None:
        assert "Delivered to" in sheets(render_invoice(invoice(1)))[0]
        same = {"name": BUYER["name"], "address": BUYER["address"]}
        assert "Delivered to" not in sheets(render_invoice(invoice(1, ship_to=same)))[0]

    def test_repeats_head_number_and_count_on_every_sheet(self) -> None:
        pages = sheets(render_invoice(invoice(60)))
        assert len(pages) == 3
        for at, page in enumerate(pages, start=1):
            assert f"Page {at} of 3" in page
            assert "INV-2026-000123" in page
            assert "No. Item Description Quantity Price VAT Net, GBP" in page
        positions = [int(at) for page in pages for at in re.findall(r" (\d+) 85\d{3}A ", page)]
        assert positions == list(range(1, 61))

    @pytest.mark.parametrize("count", range(14, 27))
    def test_never_leaves_the_total_without_a_line(self, count: int) -> None:
        *_, last = sheets(render_invoice(invoice(count)))
        assert f"{85000 + count}A" in last
        assert "Total £" in last
        assert "Payment reference" in last

    def test_never_splits_a_line(self) -> None:
        snapshot = invoice(14)
        for line in snapshot["lines"]:
            line["description"] = f"start-{line['position']} " + "long words " * 40 + f"end-{line['position']}"
        pages = sheets(render_invoice(snapshot))
        assert len(pages) > 2
        for position in range(1, 15):
            [page] = [page for page in pages if f"start-{position} " in page]
            assert f"end-{position} " in page

    def test_shows_a_discount_column_only_where_there_is_a_discount(self) -> None:
        snapshot = invoice(3)
        assert "Discount" not in sheets(render_invoice(snapshot))[0]
        snapshot["lines"][1]["discount_percent"] = "12.5000"
        sheet = sheets(render_invoice(snapshot))[0]
        assert "Discount" in sheet
        assert sheet.count("12.5%") == 1

    def test_shows_the_order_of_a_line_only_where_it_says_more_than_the_head(self) -> None:
        snapshot = invoice(2)
        for line in snapshot["lines"]:
            line["customer_po"] = "PO-88231"
        assert sheets(render_invoice(snapshot))[0].count("PO-88231") == 1
        snapshot["lines"][1]["customer_po"] = "PO-88299"
        sheet = sheets(render_invoice(snapshot))[0]
        assert sheet.count("Your order PO-88231") == 2
        assert sheet.count("Your order PO-88299") == 1

    def test_marks_charges_and_services_and_shows_the_buyers_own_codes(self) -> None:
        snapshot = invoice(3)
        snapshot["lines"][0]["customer_sku"] = "BD-77"
        snapshot["lines"][1] |= {"sku": "FREIGHT", "description": "Carriage", "kind": "charge"}
        snapshot["lines"][2] |= {"sku": "ENGRAVE", "description": "Engraving", "kind": "service", "unit": "hour"}
        sheet = sheets(render_invoice(snapshot))[0]
        for text in ("Your item BD-77", "Carriage Charge", "Engraving Service", "hour"):
            assert text in sheet

    def test_gives_the_reason_why_no_tax_is_due(self) -> None:
        taxes = [
            {"category": "S", "rate": "20", "base": "10", "tax": "2", "note": ""},
            {"category": "G", "rate": "0", "base": "70", "tax": "0", "note": "VAT Act 1994 s.30(6)"},
            {"category": "AE", "rate": "0", "base": "30.5", "tax": "0", "note": ""},
        ]
        sheet = sheets(render_invoice(invoice(1, taxes=taxes)))[0]
        assert "Standard 20% 10.00 2.00" in sheet
        assert re.search(r"Export (VAT Act 1994 s\.30\(6\) )?0% 70\.00 0\.00", sheet)
        assert "VAT Act 1994 s.30(6)" in sheet
        assert "Reverse charge 0% 30.50 0.00" in sheet

    @pytest.mark.parametrize(
        ("currency", "places", "written"),
        [("JPY", 0, "¥26,383"), ("KWD", 3, "KWD 26,382.500"), ("EUR", 2, "€26,382.50")],
    )
    def test_writes_amounts_at_the_exponent_of_the_currency(self, currency: str, places: int, written: str) -> None:
        gross = {0: "26383", 2: "26382.50", 3: "26382.500"}[places]
        totals = {"net": gross, "tax": "0", "gross": gross, "paid": "0", "due": gross}
        sheet = sheets(render_invoice(invoice(1, currency=currency, places=places, totals=totals)))[0]
        assert f"Total {written}" in sheet
        assert f"Net, {currency}" in sheet

    def test_says_what_is_left_to_pay(self) -> None:
        totals = {"net": "100", "tax": "20", "gross": "120", "paid": "50", "due": "70"}
        sheet = sheets(render_invoice(invoice(1, totals=totals)))[0]
        for text in ("Total £120.00", "Paid £50.00", "Amount due £70.00", "Please pay"):
            assert text in sheet

    def test_asks_for_nothing_once_it_is_paid(self) -> None:
        totals = {"net": "100", "tax": "20", "gross": "120", "paid": "120.00", "due": "0.00"}
        sheet = sheets(render_invoice(invoice(1, totals=totals)))[0]
        assert "Paid in full" in sheet
        assert "Please pay" not in sheet
        assert "IBAN" not in sheet

    def test_prints_what_people_typed_as_text(self) -> None:
        hostile = '<img src="http://127.0.0.1:9/x"><script>1</script>{{ seller }}<link rel=attachment href="file:///etc/passwd">'
        snapshot = invoice(2, terms=hostile, notes=[hostile], number="INV-<b>1</b>")
        snapshot["buyer"] = {**BUYER, "name": hostile, "address": [hostile]}
        for line in snapshot["lines"]:
            line |= dict.fromkeys(("sku", "description", "customer_sku", "unit", "price_unit", "customer_po"), hostile)
        pdf = render_invoice(snapshot)
        text = " ".join(sheets(pdf)).replace(" ", "")
        assert text.count("<script>1</script>{{seller}}") >= 16
        assert "INV-<b>1</b>" in text
        assert list(PdfReader(io.BytesIO(pdf)).attachments) == []

    def test_says_who_wrote_it_and_in_what_language(self) -> None:
        reader = PdfReader(io.BytesIO(render_invoice(invoice(1))))
        assert (reader.metadata.title, reader.metadata.author) == ("Invoice INV-2026-000123", SELLER["name"])
        assert reader.trailer["/Root"]["/Lang"] == "en"
        assert "/StructTreeRoot" in reader.trailer["/Root"]  # read aloud in order

    @pytest.mark.parametrize(
        "snapshot",
        [
            invoice(1),
            invoice(60),
            hardest_invoice(),
            credit_note(),
            invoice(4, currency="JPY", places=0, language="de"),
        ],
        ids=["one line", "sixty lines", "everything at once", "credit note", "yen in German"],
    )
    def test_keeps_every_text_on_its_sheet_and_in_its_cell(
        self, snapshot: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert list(misplaced_texts(laid_out(monkeypatch, render_invoice, snapshot))) == []

    def test_breaks_long_codes_and_loses_none_of_them(self) -> None:
        text = "".join(sheets(render_invoice(hardest_invoice()))).replace(" ", "")
        assert text.count(LONG_CODE) >= 4
        assert "1,234,567,890.12" in text
        assert "10,450.125" in text
        assert "12,345.0125" in text

    def test_gives_the_same_bytes_again(self) -> None:
        assert render_invoice(invoice(30)) == render_invoice(invoice(30))
        assert render_invoice(invoice(30)) != render_invoice(invoice(31))

    def test_prints_five_hundred_lines(self, capsys: pytest.CaptureFixture[str]) -> None:
        snapshot = invoice(500)
        started = time.perf_counter()
        pdf = render_invoice(snapshot)
        seconds = time.perf_counter() - started
        with capsys.disabled():
            print(f"\n500 lines: {seconds:.1f} s, {len(pdf) // 1024} KB")  # noqa: T201 - the figure is what one wants to see
        pages = sheets(pdf)
        assert sum(len(re.findall(r"85\d{3}A", page)) for page in pages) == 500
        assert f"Page {len(pages)} of {len(pages)}" in pages[-1]
        # The promise is 5 s on a quiet machine (T30); a test run is not one.
        assert seconds < 20


class TestRenderCreditNote:
    def test_cannot_pass_for_an_invoice(self) -> None:
        [sheet] = sheets(render_invoice(credit_note()))
        for text in (
            "Credit note CN-2026-000007",
            "Please do not pay it",
            "For invoice INV-2026-000099",
            "Total credited £",
        ):
            assert text in sheet
        for text in ("Please pay", "IBAN", "Due date", "Bill to"):
            assert text not in sheet

    def test_has_a_title_block_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def headline(snapshot: dict[str, Any]) -> tuple[float, ...]:
            [page] = laid_out(monkeypatch, render_invoice, snapshot).pages
            [block] = [
                box
                for box in page._page_box.descendants()
                if box.element is not None and box.element.get("class") == "headline"
            ]
            return tuple(block.style["background_color"].coordinates)

        assert headline(credit_note()) != headline(invoice(3))
