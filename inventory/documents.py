"""Printing supplier orders from what they say as they stand, and the letter that goes with them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.companies import logo
from core.documents import MOST_CHARACTERS, Figures, column_widths, render_pdf
from core.letters import Wording, filled
from inventory.queries.messages import facts_of
from inventory.services import Letter

# Least and most characters of each column; what is longer than the most breaks, and figures have no most.
COLUMNS = {
    "sku": (5, 18),
    "quantity": (4, MOST_CHARACTERS),
    "unit": (3, 10),
    "unit_cost": (6, MOST_CHARACTERS),
    "expected_on": (8, 16),
}


def render_supplier_order(snapshot: Mapping[str, Any]) -> bytes:
    """Print an order to a supplier.

    :raises UnprintableDocument: where an asset of the page is missing.
    """
    figures = Figures("en")
    lines = [
        {
            **line,
            "quantity": figures.quantity(line["quantity"]),
            "unit_cost": _price(Decimal(line["unit_cost"])),
            "expected_on": figures.date(line["expected_on"]),
        }
        for line in snapshot["lines"]
    ]
    context = {
        **snapshot,
        "logo": logo(snapshot.get("logo")),
        "ordered_on": figures.date(snapshot["ordered_on"]),
        "lines": lines,
        "widths": column_widths(lines, COLUMNS),
    }
    return render_pdf("inventory/documents/supplier_order.html", context, language="en")


def letter(snapshot: Mapping[str, Any], wording: Wording) -> Letter:
    """Return the e-mail by which an order goes to its supplier, in the words for it.

    :raises UnprintableDocument: where an asset of the page is missing.
    """
    buyer, said = snapshot["buyer"], filled(wording, facts_of(snapshot))
    return Letter(
        sender=buyer["name"],
        reply_to=buyer["email"],
        subject=said.subject,
        text=said.text,
        file_name=f"{snapshot['number']}.pdf",
        paper=render_supplier_order(snapshot),
    )


def _price(cost: Decimal) -> str:
    """Return a unit's price with all its decimals, at least two."""
    exponent = cost.normalize().as_tuple().exponent
    return f"{cost:.{max(-exponent if isinstance(exponent, int) else 0, 2)}f}"
