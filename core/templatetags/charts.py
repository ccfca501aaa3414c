"""Figures drawn on the server, each with the table behind it: SVG that needs no script and no style of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, isqrt
from typing import Any

from django import template

register = template.Library()

WIDTH, HEIGHT = 1200, 160
# A day's place on the drawing is fixed, so that its axis is too: three parts behind today, one ahead
DAYS_BEHIND, DAYS_AHEAD = 90, 30
Steps = Sequence[tuple[date, Decimal]]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where days and figures stand on the drawing."""

    first: date
    top: Decimal

    def x(self, day: date) -> int:
        return max(0, min(WIDTH, (day - self.first).days * WIDTH // (DAYS_BEHIND + DAYS_AHEAD)))

    def y(self, value: Decimal) -> int:
        return HEIGHT - int(max(value, Decimal(0)) * (HEIGHT - 4) / self.top)

    def path(self, steps: Steps, until: date) -> str:
        """Return a line that stays level from a step's day to the next one's."""
        (day, value), *later = steps
        drawn = f"M{self.x(day)} {self.y(value)}"
        for day, value in later:
            if day <= until:
                drawn += f"H{self.x(day)}V{self.y(value)}"
        return f"{drawn}H{self.x(until)}"


@register.inclusion_tag("components/step_chart.html")
def step_chart(past: Steps, ahead: Steps, today: date, unit: str, *, past_name: str, ahead_name: str) -> dict[str, Any]:
    """Draw a figure as it was until today, and another as it will be from then on, with the table behind both."""
    top = max([Decimal(1), *(value for _day, value in (*past, *ahead))])
    frame = _Frame(today - timedelta(days=DAYS_BEHIND), top)
    behind = frame.path(past, today)
    return {
        "size": f"0 0 {WIDTH} {HEIGHT}",
        "today_x": frame.x(today),
        "height": HEIGHT,
        "line": behind,
        "area": f"{behind}V{HEIGHT}H{frame.x(past[0][0])}Z",
        "ahead_line": frame.path(ahead, today + timedelta(days=DAYS_AHEAD)),
        "top": top,
        "unit": unit,
        "first": frame.first,
        "last": today + timedelta(days=DAYS_AHEAD),
        "past_name": past_name,
        "ahead_name": ahead_name,
        "past": list(reversed(past)),
        "ahead": ahead,
    }


LINE_WIDTH, LINE_HEIGHT = 320, 64
Points = Sequence[tuple[date, Decimal | None]]


@register.inclusion_tag("components/line_chart.html")
def line_chart(points: Points, name: str, unit: str = "", target: Decimal | None = None) -> dict[str, Any]:
    """Draw a figure over time as a line through the points at which it is known, and its target as a dashed one."""
    known = [value for _day, value in points if value is not None]
    marks = [*known, target] if target is not None else known
    low, high = (min(marks), max(marks)) if marks else (Decimal(0), Decimal(1))
    if low == high:
        low, high = low - 1, high + 1

    def y(value: Decimal) -> int:
        return LINE_HEIGHT - 4 - int((value - low) * (LINE_HEIGHT - 8) / (high - low))

    places = [(place * LINE_WIDTH // max(1, len(points) - 1), value) for place, (_day, value) in enumerate(points)]
    drawn = "".join(
        f"{'L' if n else 'M'}{x} {y(value)}"
        for n, (x, value) in enumerate((x, value) for x, value in places if value is not None)
    )
    return {
        "size": f"0 0 {LINE_WIDTH} {LINE_HEIGHT}",
        "width": LINE_WIDTH,
        # A line of one point would not be seen
        "line": f"{drawn}h0" if len(known) == 1 else drawn,
        "is_dot": len(known) == 1,
        "target": target,
        "target_y": y(target) if target is not None else 0,
        "name": name,
        "unit": unit,
        "points": points,
        "has_points": bool(known),
        "low": min(known, default=None),
        "high": max(known, default=None),
    }


@register.inclusion_tag("components/point_table.html")
def point_table(points: Points, name: str, unit: str = "") -> dict[str, Any]:
    """Show the figures of a line, newest first."""
    return {"points": list(reversed(points)), "name": name, "unit": unit}


@register.inclusion_tag("components/bars.html")
def bars(rows: Sequence[Any], name: str, what: str, tone: str = "") -> dict[str, Any]:
    """Draw counts as bars in their table, the longest as wide as it goes.

    Rows have `label` and `number`, and maybe `href`, `share` in percent and `note`.
    """
    most = max((row.number for row in rows), default=0)
    shown = [(row, row.number * 100 // most if most else 0) for row in rows]
    return {
        "rows": shown,
        "name": name,
        "what": what,
        "tone": tone,
        "has_shares": any(hasattr(r, "share") for r in rows),
    }


FLOW_HEIGHT = 96


@register.inclusion_tag("components/flow_chart.html")
def flow_chart(stages: Sequence[Any], parts: Sequence[str], currency: str) -> dict[str, Any]:
    """Draw how many stand at each stage, one column each, stacked from the parts that `of_parts` counts.

    Columns grow with the root of their number, so that few are seen beside many; their parts share them evenly.
    Stages have `label`, `number`, `value`, `of_parts` as (number, value) of each part, and maybe `href`.
    """
    most = isqrt(max((stage.number for stage in stages), default=0) * 10_000) or 1
    columns = []
    for stage in stages:
        blocks, top = [], FLOW_HEIGHT
        whole = isqrt(stage.number * 10_000) * FLOW_HEIGHT // most
        for place, (number, _value) in enumerate(stage.of_parts):
            height = max(3, number * whole // stage.number) if number else 0
            top -= height
            if height:
                # A gap tells two parts apart without their colors
                blocks.append({"place": place % 6, "y": max(0, top), "height": max(1, height - 1)})
        columns.append({"stage": stage, "blocks": blocks})
    rows = [
        {"name": name, "cells": [stage.of_parts[place] for stage in stages], "place": place % 6}
        for place, name in enumerate(parts)
    ]
    return {"columns": columns, "rows": rows, "height": FLOW_HEIGHT, "currency": currency}


HEATS = 5


@register.inclusion_tag("components/heat_map.html")
def heat_map(rows: Sequence[Any], columns: Sequence[str], name: str, what: str) -> dict[str, Any]:
    """Draw counts by two things as a table whose cells are the darker the more there are.

    Rows have `label` and `cells`, and maybe `href` and `note`; the shade grows with the root, so that few are seen
    beside many. Of a row with `most` the shade is the share of that, and what is more than it is marked.
    """
    most = max((cell for row in rows for cell in row.cells), default=0)
    top = isqrt(most * 100) or 1

    def heat(number: int) -> int:
        return min(HEATS, 1 + isqrt(number * 100) * (HEATS - 1) // top) if number > 0 else 0

    def shade(number: int, limit: int | None) -> str:
        if limit and number > limit:
            return "over"
        return str(ceil(number * HEATS / limit) if limit and number > 0 else heat(number))

    shown = [
        {"row": row, "cells": [(cell, shade(cell, getattr(row, "most", None))) for cell in row.cells]} for row in rows
    ]
    return {"rows": shown, "columns": columns, "name": name, "what": what}
