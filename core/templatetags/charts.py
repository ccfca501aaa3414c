"""Figures over time, drawn on the server: steps in an SVG that needs no script and no style of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
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
