"""Snapshots of papers, as services store them, for tests that print."""

import io
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pypdf import PdfReader
from weasyprint.document import Document
from weasyprint.formatting_structure import boxes

from core import documents

DESCRIPTIONS = ("White hanging heart", "Red woolly hottie", "Babushka nesting boxes", "Glass star", "Alarm clock")
SELLER = {
    "name": "Hartley & Moss Wholesale Ltd",
    "address": ["Unit 4, Canalside Works", "18 Wharf Road", "Birmingham B16 8AA", "United Kingdom"],
    "vat_number": "GB 823 1479 05",
    "registration_number": "07 412 668",
    "email": "accounts@hartleymoss.example",
    "phone": "+44 121 496 0123",
    "bank": {"name": "Midland Trade Bank", "iban": "GB29NWBK60161331926819", "bic": "NWBKGB2L"},
}
BUYER = {
    "name": "Bright & Day Gifts",
    "customer_number": "C-017850",
    "vat_number": "GB 999 9999 73",
    "address": ["12 Market Street", "Leeds LS1 6DT", "United Kingdom"],
}
SHIP_TO = {"name": "Bright & Day, dock 3", "address": ["Aire Valley Park", "Leeds LS9 0PX", "United Kingdom"]}
ORDER = {"number": "SO-004711", "customer_po": "PO-88231", "ordered_on": "2026-11-19"}


def invoice(count: int, *, currency: str = "GBP", places: int = 2, **changes: Any) -> dict[str, Any]:
    """This function will make an invoice of so many lines at 20 %, its amounts rounded as a service rounds them."""
    step = Decimal(1).scaleb(-places)
    lines = []
    for position in range(1, count + 1):
        price, quantity = Decimal(position % 7) / 4 + Decimal("2.55"), Decimal(6 + position * 37 % 97)
        lines.append(
            {
                "position": position,
                "sku": f"{85000 + position}A",
                "description": DESCRIPTIONS[position % len(DESCRIPTIONS)],
                "customer_sku": "",
                "quantity": str(quantity),
                "unit": "piece",
                "price": str(price),
                "price_unit": "piece",
                "discount_percent": "0",
                "net": str((price * quantity).quantize(step, ROUND_HALF_UP)),
                "tax_category": "S",
                "tax_rate": "20",
                "kind": "stock",
                "customer_po": "",
            }
        )
    net = sum(Decimal(line["net"]) for line in lines)
    tax = (net / 5).quantize(step, ROUND_HALF_UP)
    return {
        "document": "invoice",
        "number": "INV-2026-000123",
        "issued_on": "2026-11-22",
        "tax_point_on": "2026-11-21",
        "due_on": "2026-12-22",
        "currency": currency,
        "template": 1,
        "seller": SELLER,
        "buyer": BUYER,
        "ship_to": SHIP_TO,
        "order": ORDER,
        "terms": "30 days net",
        "lines": lines,
        "taxes": [{"category": "S", "rate": "20", "base": str(net), "tax": str(tax), "note": ""}],
        "totals": {"net": str(net), "tax": str(tax), "gross": str(net + tax), "paid": "0", "due": str(net + tax)},
        "language": "en",
        "notes": ["Goods remain ours until paid in full."],
        **changes,
    }


def slip_lines(count: int, start: int = 0) -> list[dict[str, str]]:
    """This function will make so many lines of a parcel, with codes of their own from `start` on."""
    return [
        {
            "sku": f"{85000 + at}A",
            "customer_sku": "HEART-7" if at % 3 == 1 else "",
            "description": DESCRIPTIONS[at % 5],
            "quantity": str(6 + at),
            "unit": "piece",
        }
        for at in range(start, start + count)
    ]


def packing_slip(*counts: int, to_follow: int = 0, **changes: Any) -> dict[str, Any]:
    """This function will make a packing slip with a parcel per count of lines."""
    parcels = [
        {
            "number": f"P-{981 + at:06d}",
            "position": at + 1,
            "of": len(counts),
            "weight_kg": "3.400",
            "lines": slip_lines(count, start=at * 1000),
        }
        for at, count in enumerate(counts)
    ]
    return {
        "number": "PS-000412",
        "packed_on": "2026-11-22",
        "order": ORDER,
        "seller": SELLER,
        "ship_to": SHIP_TO,
        "warehouse": {"name": "Birmingham main"},
        "parcels": parcels,
        "to_follow": slip_lines(to_follow, start=9000),
        **changes,
    }


def pick_list(count: int, **changes: Any) -> dict[str, Any]:
    """This function will make a pick list of so many tasks, bins in the order of a walk that is not the alphabet's."""
    tasks = [
        {**line, "bin": f"{'CAB'[at % 3]}-{at // 6 + 1:02d}-{at % 6 + 1}", "order": f"SO-{4711 + at % 5:06d}"}
        for at, line in enumerate(slip_lines(count))
    ]
    return {
        "wave": "W-000012",
        "warehouse": {"name": "Birmingham main"},
        "created_at": "2026-11-22T07:45:00+00:00",
        "tasks": tasks,
        **changes,
    }


def sheets(pdf: bytes) -> list[str]:
    """This function will read the text of each sheet, its spaces made plain."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def laid_out(monkeypatch: Any, render: Callable[[dict[str, Any]], bytes], snapshot: dict[str, Any]) -> Document:
    """This function will give the sheets of a paper as boxes, where their places can be measured."""
    pages: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(documents.press, "printed", lambda page: pages.append(page) or b"")
        render(snapshot)
    return documents.lay_out(pages[0])


def misplaced_texts(document: Document) -> Iterator[str]:
    """This function will name each text that runs over the edge of its sheet, of its cell or of its margin box."""
    slack = 0.5  # of a pixel: rounding of the layout itself
    for page in document.pages:
        sheet = page._page_box
        for home in [sheet, *_homes(sheet)]:
            left, top = home.content_box_x(), home.position_y
            for text in home.descendants():
                if not isinstance(text, boxes.TextBox) or not text.text.strip():
                    continue
                # Trailing space of a broken line hangs over the edge and prints nothing.
                ends = text.position_x + text.width - (2.5 if text.text.endswith(" ") else 0)
                beside = text.position_x < left - slack or ends > left + home.width + slack
                above = text.position_y < top - slack
                below = home is sheet and text.position_y + text.height > sheet.margin_height() + slack
                if beside or above or below:
                    yield text.text


def _homes(sheet: Any) -> Iterator[Any]:
    return (box for box in sheet.descendants() if isinstance(box, boxes.TableCellBox | boxes.MarginBox))
