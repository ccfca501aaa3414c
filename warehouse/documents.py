"""Printing packing slips and pick lists from snapshots; neither knows a price."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.companies import logo
from core.documents import MOST_CHARACTERS, Figures, column_widths, render_pdf

# Least and most characters of each column; what is longer than the most breaks, and quantities have no most.
SLIP_COLUMNS = {"sku": (5, 22), "quantity": (4, MOST_CHARACTERS), "unit": (3, 12)}
PICK_COLUMNS = {"bin": (4, 12), "quantity": (3, MOST_CHARACTERS), "unit": (3, 10), "order": (6, 14)}


def render_packing_slip(snapshot: Mapping[str, Any]) -> bytes:
    """Print what is in the parcels and what is to follow.

    :raises UnprintableDocument: where an asset of the page is missing.
    """
    language = snapshot.get("language", "en")
    figures = Figures(language)
    parcels = [
        {**parcel, "weight_kg": _weight(parcel, figures), "lines": _with_quantities(parcel["lines"], figures)}
        for parcel in snapshot["parcels"]
    ]
    to_follow = _with_quantities(snapshot.get("to_follow") or [], figures)
    every_line = [line for parcel in parcels for line in parcel["lines"]] + to_follow
    context = {
        **snapshot,
        "logo": logo(snapshot.get("logo")),
        "packed_on": figures.date(snapshot["packed_on"]),
        "order": {**snapshot["order"], "ordered_on": figures.date(snapshot["order"].get("ordered_on") or "")},
        "parcels": parcels,
        "to_follow": to_follow,
        "widths": column_widths(every_line, SLIP_COLUMNS),
    }
    return render_pdf("warehouse/documents/packing_slip.html", context, language=language)


def render_pick_list(snapshot: Mapping[str, Any]) -> bytes:
    """Print a wave's tasks in the order given, which is the order of the walk.

    :raises UnprintableDocument: where an asset of the page is missing.
    """
    language = snapshot.get("language", "en")
    figures = Figures(language)
    tasks = _with_quantities(snapshot["tasks"], figures)
    context = {
        **snapshot,
        "logo": logo(snapshot.get("logo")),
        "created_at": figures.moment(snapshot["created_at"]),
        "tasks": tasks,
        "widths": column_widths(tasks, PICK_COLUMNS),
    }
    return render_pdf("warehouse/documents/pick_list.html", context, language=language)


def _with_quantities(lines: Iterable[Mapping[str, Any]], figures: Figures) -> list[dict[str, Any]]:
    return [
        {
            **line,
            "quantity": figures.quantity(line["quantity"]),
            "good_until": figures.date(line.get("good_until") or ""),
        }
        for line in lines
    ]


def _weight(parcel: Mapping[str, Any], figures: Figures) -> str:
    return figures.quantity(parcel["weight_kg"]) if parcel.get("weight_kg") else ""


def render_transfer_slip(snapshot: Mapping[str, Any]) -> bytes:
    """Print what is to be taken from which bins for another warehouse, or what was sent to it.

    :raises UnprintableDocument: where an asset of the page is missing.
    """
    figures = Figures("en")
    lines = _with_quantities(snapshot["lines"], figures)
    for line in lines:
        taken = [" ".join(filter(None, [figures.quantity(one["quantity"]), one["lot"]])) for one in line["bins"]]
        line["bins"] = [f"{one['bin']}: {words}" for one, words in zip(line["bins"], taken, strict=True)]
    context = {
        **snapshot,
        "logo": logo(snapshot.get("logo")),
        "day": figures.date(snapshot["day"]),
        "expected_on": figures.date(snapshot["expected_on"]),
        "lines": lines,
        "widths": column_widths(lines, SLIP_COLUMNS),
    }
    return render_pdf("warehouse/documents/transfer_slip.html", context, language="en")
