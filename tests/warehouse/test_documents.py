"""Packing slips and pick lists on paper: what is where and how many, and never a price."""

import re
from typing import Any

import pytest
from weasyprint.formatting_structure import boxes

from tests.factories.documents import laid_out, misplaced_texts, packing_slip, pick_list, sheets
from warehouse.documents import render_packing_slip, render_pick_list

LONG_CODE = "ABCDEFGHIJ-KLMNOPQRST-UVWXYZ-0123456789-"
LONG_TEXT = "A very long description that goes on about colours and sizes " * 4


def hardest_slip() -> dict[str, Any]:
    snapshot = packing_slip(40, 30, to_follow=5)
    snapshot["parcels"][0]["lines"][0] = {
        "sku": LONG_CODE,
        "description": LONG_TEXT,
        "quantity": "10450.125",
        "unit": "running metre of cloth",
    }
    snapshot["ship_to"] = {"name": LONG_CODE * 3, "address": [LONG_TEXT]}
    return snapshot


def hardest_pick_list() -> dict[str, Any]:
    snapshot = pick_list(30)
    snapshot["tasks"][0] |= {
        "bin": "MEZZANINE-NORTH-0012-03",
        "sku": LONG_CODE,
        "description": LONG_TEXT,
        "quantity": "10450.125",
        "unit": "running metre",
        "order": f"SO-{LONG_CODE}",
        "said": [LONG_TEXT, LONG_CODE * 3],
    }
    snapshot["said"] = [LONG_TEXT, LONG_CODE * 3]
    return snapshot


class TestRenderPackingSlip:
    def test_says_what_is_in_each_parcel_and_what_follows(self) -> None:
        [sheet] = sheets(render_packing_slip(packing_slip(3, 2, to_follow=1, language="en-GB")))
        for text in (
            "Packing slip PS-000412",
            "Deliver to Bright & Day, dock 3 Aire Valley Park",
            "Packed 22 Nov 2026",
            "Parcels 2",
            "Your order PO-88231",
            "Our order SO-004711",
            "Sent from Birmingham main",
            "Parcel 1 of 2 P-000981 3.4 kg",
            "85002A Babushka nesting boxes 8 piece",
            "Parcel 2 of 2 P-000982",
            "86001A Red woolly hottie 1,007 piece",
            "To follow",
            "94000A White hanging heart 9,006 piece",
            "Page 1 of 1",
        ):
            assert text in sheet
        first, second, follows = (sheet.index(text) for text in ("Parcel 1 of 2", "Parcel 2 of 2", "To follow"))
        assert first < sheet.index("85002A") < second < sheet.index("86000A") < follows < sheet.index("94000A")

    def test_says_nothing_of_what_follows_where_nothing_does(self) -> None:
        assert "To follow" not in sheets(render_packing_slip(packing_slip(3)))[0]

    def test_never_shows_a_price(self) -> None:
        """Case 94: amounts that stray into the snapshot stay off the paper."""
        snapshot = packing_slip(2, to_follow=1, totals={"net": "777.77"}, currency="GBP")
        for line in snapshot["parcels"][0]["lines"] + snapshot["to_follow"]:
            line |= {"price": "777.77", "net": "777.77"}
        text = " ".join(sheets(render_packing_slip(snapshot)))
        assert "777" not in text
        assert not re.search("[£$€]|GBP|price|net", text, re.IGNORECASE)

    @pytest.mark.parametrize("count", range(14, 26))
    def test_never_parts_a_parcels_head_from_its_first_line(self, count: int) -> None:
        pages = sheets(render_packing_slip(packing_slip(count, 2, to_follow=1)))
        for head, first in (("Parcel 2 of 2", "86000A"), ("To follow", "94000A")):
            [page] = [page for page in pages if head in page]
            assert first in page

    @pytest.mark.parametrize("snapshot", [packing_slip(1), hardest_slip()], ids=["one line", "everything at once"])
    def test_keeps_every_text_on_its_sheet_and_in_its_cell(
        self, snapshot: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert list(misplaced_texts(laid_out(monkeypatch, render_packing_slip, snapshot))) == []

    def test_numbers_its_sheets(self) -> None:
        pages = sheets(render_packing_slip(hardest_slip()))
        assert len(pages) > 1
        for at, page in enumerate(pages, start=1):
            assert f"Page {at} of {len(pages)}" in page
            assert "PS-000412" in page

    def test_prints_what_people_typed_as_text(self) -> None:
        snapshot = packing_slip(1, ship_to={"name": "<script>1</script>", "address": ["<b>x</b>"]})
        sheet = sheets(render_packing_slip(snapshot))[0]
        assert "<script>1</script> <b>x</b>" in sheet


class TestRenderPickList:
    def test_keeps_the_order_of_the_walk(self) -> None:
        snapshot = pick_list(40)
        pages = sheets(render_pick_list(snapshot))
        bins = [code for page in pages for code in re.findall(r"\b[ABC]-\d\d-\d\b", page)]
        assert bins == [task["bin"] for task in snapshot["tasks"]]
        assert bins != sorted(bins)

    def test_says_bin_quantity_item_and_order_of_each_task(self) -> None:
        [sheet] = sheets(render_pick_list(pick_list(3, language="en-GB")))
        for text in (
            "Pick list W-000012",
            "Birmingham main 22 Nov 2026, 07:45 · 3 picks",
            "Picker",
            "A-01-2 7 piece 85001A Red woolly hottie SO-004712",
            "Page 1 of 1",
        ):
            assert text in sheet
        assert "· 1 pick " in sheets(render_pick_list(pick_list(1)))[0]

    def test_says_what_is_said_to_the_warehouse_above_all_and_with_the_task(self) -> None:
        snapshot = pick_list(3, said=["Take the cage", "Then call"])
        snapshot["tasks"][1]["said"] = ["Glass\nboth hands", "<b>no pallets</b>"]
        [sheet] = sheets(render_pick_list(snapshot))
        places = [
            sheet.index(text)
            for text in ("Take the cage Then call", "85001A", "Glass both hands <b>no pallets</b>", "85002A")
        ]
        assert places == sorted(places)

    def test_sets_bins_large_and_gives_each_task_a_box_to_tick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        document = laid_out(monkeypatch, render_pick_list, pick_list(40))
        drawn = [box for page in document.pages for box in page._page_box.descendants() if box.element is not None]
        cells = [box for box in drawn if isinstance(box, boxes.TableCellBox) and box.element.get("class") == "bin"]
        ticks = [
            box for box in drawn if isinstance(box, boxes.InlineBlockBox) and box.element.get("class") == "tick-box"
        ]
        assert len(cells) == len(ticks) == 40
        assert {box.style["font_size"] for box in cells} == {20}  # 15 pt in pixels
        assert {round(box.border_width()) for box in ticks} == {17}  # 4.6 mm

    @pytest.mark.parametrize("snapshot", [pick_list(1), hardest_pick_list()], ids=["one task", "everything at once"])
    def test_keeps_every_text_on_its_sheet_and_in_its_cell(
        self, snapshot: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert list(misplaced_texts(laid_out(monkeypatch, render_pick_list, snapshot))) == []

    def test_breaks_long_codes_and_loses_none_of_them(self) -> None:
        text = "".join(sheets(render_pick_list(hardest_pick_list()))).replace(" ", "")
        for code in ("MEZZANINE-NORTH-0012-03", LONG_CODE, "10,450.125"):
            assert code in text
