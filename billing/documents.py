"""Printing invoices and credit notes from their stored snapshots."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.companies import logo
from core.documents import MOST_CHARACTERS, Figures, column_widths, render_pdf

# EN 16931's codes, in the words of the person who pays.
TAX_CATEGORIES = {
    "S": _("Standard"),
    "Z": _("Zero rated"),
    "E": _("Exempt"),
    "AE": _("Reverse charge"),
    "K": _("Intra-community supply"),
    "G": _("Export"),
    "O": _("Outside the scope of VAT"),
    "L": _("Canary Islands tax"),
    "M": _("Ceuta and Melilla tax"),
}

# Least and most characters of each column; what is longer than the most breaks, and figures have no most.
COLUMNS = {
    "position": (2, 6),
    "sku": (5, 14),
    "quantity": (1, MOST_CHARACTERS),
    "unit": (3, 8),
    "price": (2, MOST_CHARACTERS),
    "price_unit": (3, 8),
    "discount": (5, MOST_CHARACTERS),
    "tax_rate": (2, MOST_CHARACTERS),
    "net": (7, MOST_CHARACTERS),
}

# Beside figures wider than this the code moves below its description, so that both stay readable.
WIDEST_FIGURES = 38


def render_invoice(snapshot: Mapping[str, Any]) -> bytes:
    """Print the snapshot of an invoice, an open item or a credit note, adding and computing nothing.

    :raises UnprintableDocument: where an asset of the page is missing.
    """
    figures = Figures(snapshot["language"], snapshot["currency"])
    seller, bank = snapshot["seller"], snapshot["seller"].get("bank") or {}
    totals = snapshot["totals"]
    line_orders = {line["customer_po"] for line in snapshot["lines"] if line.get("customer_po")}
    lines = [_printed_line(line, figures) for line in snapshot["lines"]]
    widths = column_widths(lines, COLUMNS)
    figures_width = sum(widths[name] for name in COLUMNS if name not in ("position", "sku"))
    has_code_column = figures_width + widths["sku"] <= WIDEST_FIGURES + 14
    is_open_item = snapshot["document"] == "open_item"
    has_discounts = any(line["discount"] for line in lines)
    if not snapshot["order"].get("number"):
        _head_orders(lines)
    context = {
        **snapshot,
        "is_credit": snapshot["document"] == "credit_note",
        "is_open_item": is_open_item,
        "seller": seller,
        "logo": logo(seller.get("logo")),
        "issued_on": figures.date(snapshot["issued_on"]),
        "tax_point_on": figures.date(snapshot.get("tax_point_on") or ""),
        "due_on": figures.date(snapshot.get("due_on") or ""),
        "order": _with_dates(snapshot["order"], figures, "ordered_on"),
        "corrects": _with_dates(snapshot.get("corrects") or {}, figures, "issued_on"),
        "ship_to": snapshot["ship_to"] if _goes_elsewhere(snapshot) else None,
        "lines": lines,
        "widths": widths,
        "has_code_column": has_code_column,
        "has_line_orders": bool(line_orders - {snapshot["order"].get("customer_po")}),
        "has_discounts": has_discounts,
        "columns": 8 + has_code_column + has_discounts - is_open_item,
        "taxes": [_printed_tax(tax, figures) for tax in snapshot["taxes"]],
        "totals": {name: figures.money(amount) for name, amount in totals.items()},
        "has_payments": figures.amount(totals["paid"]) != figures.amount("0"),
        "is_settled": figures.amount(totals["due"]) == figures.amount("0"),
        "iban": _in_fours(bank.get("iban", "")),
        "bank": bank,
    }
    return render_pdf("billing/documents/invoice.html", context, language=snapshot["language"])


def _head_orders(lines: list[dict[str, Any]]) -> None:
    """Name the order above its lines, where a document bills several."""
    above = None
    for line in lines:
        line["is_headed"] = bool(line.get("order_number"))
        line["heads"] = line["is_headed"] and line["order_number"] != above
        above = line.get("order_number")


def _goes_elsewhere(snapshot: Mapping[str, Any]) -> bool:
    """Say whether the goods went to another address than the bill."""
    buyer, ship_to = snapshot["buyer"], snapshot.get("ship_to")
    if not ship_to:
        return False
    return (ship_to["name"], ship_to["address"]) != (buyer["name"], buyer["address"])


def _with_dates(part: Mapping[str, Any], figures: Figures, *names: str) -> dict[str, Any]:
    return {**part, **{name: figures.date(part.get(name) or "") for name in names}}


def _printed_line(line: Mapping[str, Any], figures: Figures) -> dict[str, Any]:
    has_discount = figures.quantity(line["discount_percent"]) != "0"
    return {
        **line,
        "quantity": figures.quantity(line["quantity"]),
        "price": figures.amount(line["price"]),
        "discount": figures.percent(line["discount_percent"]) if has_discount else "",
        "order_discount": figures.amount(line["order_discount"]) if line.get("order_discount") else "",
        "tax_rate": figures.percent(line["tax_rate"]),
        "net": figures.amount(line["net"]),
    }


def _printed_tax(tax: Mapping[str, Any], figures: Figures) -> dict[str, Any]:
    return {
        **tax,
        "name": TAX_CATEGORIES.get(tax["category"], tax["category"]),
        "rate": figures.percent(tax["rate"]),
        "base": figures.amount(tax["base"]),
        "tax": figures.amount(tax["tax"]),
    }


def _in_fours(iban: str) -> str:
    """Group an IBAN as it is read aloud and typed."""
    compact = iban.replace(" ", "")
    return " ".join(compact[start : start + 4] for start in range(0, len(compact), 4))
