"""What the page of an import shows: the form of its columns, or the figures and first refused rows of its stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms

from core import intake
from core.intake import ImportKind
from core.intake.sheets import DELIMITERS, ENCODINGS, Layout
from core.models import FileImport, ImportRow, User

SHOWN_ROWS = 200
SAMPLE_ROWS = 5
SEPARATORS = {",": "Comma ,", ";": "Semicolon ;", "\t": "Tab", "|": "Bar |"}
MARKS = [("", "As the rows tell"), (".", "1,234.56"), (",", "1.234,56")]
DAYS = [("", "As the rows tell"), ("day", "31/12/2026, day first"), ("month", "12/31/2026, month first")]


class MapForm(forms.Form):
    """How a file is cut and written, and which of its columns is what."""

    encoding = forms.ChoiceField(choices=list(ENCODINGS.items()), required=False)
    delimiter = forms.ChoiceField(
        label="Separator", choices=[(mark, SEPARATORS[mark]) for mark in DELIMITERS], required=False
    )
    sheet = forms.ChoiceField(required=False)
    decimal_mark = forms.ChoiceField(label="Numbers", choices=MARKS, required=False)
    day_first = forms.ChoiceField(label="Dates", choices=DAYS, required=False)

    def __init__(self, *args: Any, run: FileImport, kind: ImportKind, **kwargs: Any) -> None:
        by_hand = run.notation.get("by_hand", {})
        days = {True: "day", False: "month"}
        kwargs["initial"] = {
            **{name: run.layout[name] for name in ("encoding", "delimiter", "sheet")},
            "decimal_mark": by_hand.get("decimal_mark", ""),
            "day_first": days.get(by_hand.get("day_first"), ""),
            **{f"column-{name}": str(place) for name, place in run.mapping.items()},
        }
        super().__init__(*args, **kwargs)
        self.before, self.kind = intake.layout_of(run), kind
        sheet: Any = self.fields["sheet"]
        sheet.choices = [(name, name) for name in self.before.sheets]
        unused = ("encoding", "delimiter") if self.before.is_workbook else ("sheet",)
        for name in unused:
            del self.fields[name]
        if not any(column.writes == "number" for column in kind.columns):
            del self.fields["decimal_mark"]
        if not any(column.writes == "day" for column in kind.columns):
            del self.fields["day_first"]
        choices = [("", "Not in this file")] + [
            (str(place), heading.strip() or f"Column {place + 1}") for place, heading in enumerate(run.header)
        ]
        for column in kind.columns:
            self.fields[f"column-{column.name}"] = forms.ChoiceField(
                label=column.label, choices=choices, required=False, help_text=column.help
            )

    @property
    def settings(self) -> list[Any]:
        """The fields that say how the file is cut and written."""
        return [field for field in self if not field.name.startswith("column-")]

    @property
    def layout(self) -> Layout:
        """The layout that is asked for."""
        asked = {name: self.cleaned_data.get(name) for name in ("encoding", "delimiter", "sheet")}
        return replace(self.before, **{name: value for name, value in asked.items() if value})

    @property
    def cuts_anew(self) -> bool:
        """Whether the file is to be cut otherwise, so that its header may be another."""
        return self.layout != self.before

    @property
    def mapping(self) -> dict[str, int]:
        """The place of each column."""
        return {
            name.removeprefix("column-"): int(value)
            for name, value in self.cleaned_data.items()
            if name.startswith("column-") and value
        }

    @property
    def notation(self) -> dict[str, Any]:
        """What was decided by hand of how numbers and dates are written."""
        decided: dict[str, Any] = {}
        if self.cleaned_data.get("decimal_mark"):
            decided["decimal_mark"] = self.cleaned_data["decimal_mark"]
        if self.cleaned_data.get("day_first"):
            decided["day_first"] = self.cleaned_data["day_first"] == "day"
        return decided


def shown(run: FileImport, kind: ImportKind, user: User, *, asks: bool) -> dict[str, Any]:
    """Return what the page of an import shows; `asks` for its columns although they were checked."""
    status = FileImport.Status
    maps = run.status in (status.RECEIVED, status.UNREADABLE) or (asks and run.status == status.CHECKED)
    context: dict[str, Any] = {
        "title": run.file.name,
        "run": run,
        "kind": kind,
        "maps": maps,
        "is_under_way": run.status in FileImport.UNDER_WAY,
        "made_noun": kind.plural(run.made),
        "read_as": read_as(run),
        "read_rows": f"of {run.rows:,} in the file",
        "earlier": _earlier(run, user),
    }
    if (
        kind.is_opening
        and (opening := intake.standing(run.company_id, run.kind)) is not None
        and opening.run_id == run.pk
    ):
        context |= {
            "opening": opening,
            "ties": [(name, total, opening.of_ledger[name]) for name, total in opening.of_file.items()],
        }
    if maps:
        form = MapForm(run=run, kind=kind)
        return {**context, "form": form, "columns": _columns(form, run, kind), "sample": sample(run)}
    if not context["is_under_way"]:
        refused = run.staged.filter(state=ImportRow.State.REFUSED).order_by("number")
        context["refused_rows"] = list(refused[:SHOWN_ROWS])
        context["more_refused"] = max(0, run.refused - SHOWN_ROWS)
    return context


def _earlier(run: FileImport, user: User) -> FileImport | None:
    """Return the last import of the very same bytes before this one, where there is one."""
    runs: Any = FileImport.objects.for_user(user).filter(kind=run.kind, file__sha256=run.file.sha256, pk__lt=run.pk)
    found: FileImport | None = runs.select_related("actor").order_by("-pk").first()
    return found


def _columns(form: MapForm, run: FileImport, kind: ImportKind) -> list[dict[str, Any]]:
    """Return each column with its field and the first cells that it would have."""
    rows = sample(run)
    shown_columns = []
    for column in kind.columns:
        place = run.mapping.get(column.name)
        cells = [row[place] for row in rows if place is not None and place < len(row)]
        shown_columns.append({"column": column, "field": form[f"column-{column.name}"], "cells": cells[:3]})
    return shown_columns


def sample(run: FileImport) -> list[list[str]]:
    """Return the first rows of the file, as it is cut."""
    return [list(line.cells) for line in intake.look_again(run)[:SAMPLE_ROWS]]


def read_as(run: FileImport) -> list[str]:
    """Return in words how the file was read."""
    layout = run.layout
    if layout["sheet"]:
        said = [f"Sheet {layout['sheet']}"]
    else:
        said = [
            ENCODINGS.get(layout["encoding"], layout["encoding"]),
            f"separated by {SEPARATORS.get(layout['delimiter'], '').split()[0].lower()}",
        ]
    mark, day_first = run.notation.get("decimal_mark"), run.notation.get("day_first")
    if mark:
        said.append(f"numbers like {'1,234.56' if mark == '.' else '1.234,56'}")
    if day_first is not None:
        said.append(f"dates with the {'day' if day_first else 'month'} first")
    return said
