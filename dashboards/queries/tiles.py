"""The tiles of the manager's page: each figure with what it means, its target, what it was before, and its trend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dashboards.queries.figures import AGES, Figures, Sum, added, percent
from dashboards.queries.percentiles import percentile, said
from dashboards.queries.periods import Period


@dataclass(frozen=True, slots=True)
class Kind:
    """What a tile shows, in which unit, and what it means; `less` where less is better."""

    slug: str
    label: str
    unit: str
    definition: str
    less: bool = False
    behind: str = ""


KINDS = (
    Kind(
        "first",
        "On time in full, first promise",
        "percent",
        "Lines whose units, less what the customer cancelled, were all delivered by the day promised first ÷ lines"
        " promised first for a day of the period that is over.",
        behind="lines/first",
    ),
    Kind(
        "now",
        "On time in full, current promise",
        "percent",
        "The same against the day promised last: a promise that was moved in time counts as kept.",
        behind="lines/now",
    ),
    Kind(
        "asked",
        "On time in full, as requested",
        "percent",
        "The same against the day that the customer asked for, promised or not.",
        behind="lines/asked",
    ),
    Kind(
        "fill",
        "Unit fill rate",
        "percent",
        "Units shipped with an order's first release ÷ units ordered, of orders whose first release has left the house;"
        " on the day of that release.",
        behind="lines/filled",
    ),
    Kind(
        "line_fill",
        "Line fill rate",
        "percent",
        "Lines shipped whole with their order's first release ÷ lines of these orders.",
        behind="lines/filled",
    ),
    Kind(
        "revenue",
        "Revenue",
        "money",
        "Net of invoices less net of credit notes, by the day of issue, in the company's currency.",
        behind="occurrences/invoices",
    ),
    Kind(
        "lead",
        "Taken in to delivered, p90",
        "time",
        "Nine of ten orders were delivered whole within this time after they were taken in; on the day of delivery.",
        less=True,
        behind="orders/time-whole",
    ),
    Kind(
        "backorders",
        "Backorder value",
        "money",
        "Net of the units of orders under way that have no stock, as it is now.",
        less=True,
        behind="lines/waiting",
    ),
)


@dataclass(slots=True)
class Tile:
    """A figure as the page shows it: its value, what it was in the period before, its target, and its trend."""

    kind: Kind
    value: Decimal | None
    before: Decimal | None
    target: Decimal | None
    note: str
    points: list[tuple[date, Decimal | None]]
    href: str = ""

    @property
    def change(self) -> Decimal | None:
        """By how much it moved since the period before; nothing where one of both is not known."""
        return None if self.value is None or self.before is None else self.value - self.before

    @property
    def is_better(self) -> bool:
        """Whether it moved the right way."""
        return self.change is not None and (self.change < 0) == self.kind.less

    @property
    def unit_word(self) -> str:
        """The unit of its trend."""
        return {"percent": "%", "time": "hours"}.get(self.kind.unit, "")

    @property
    def words(self) -> str:
        """A time as people say it."""
        return said(None if self.value is None else self.value * 60)

    @property
    def change_words(self) -> str:
        """How it moved: points of percent, time, or the share of the amount before; nothing where one cannot tell."""
        if self.change is None:
            return ""
        size = abs(self.change)
        if self.kind.unit == "percent":
            figure, words = size, f"{size:.1f} points"
        elif self.kind.unit == "time":
            figure, words = size * 6, said(size * 60)
        elif self.before:
            figure = size * 100 / abs(self.before)
            words = f"{figure:.0f} %"
        else:
            figure, words = size, f"{size:,.0f}"
        return "" if round(figure, 1) == 0 else f"{'−' if self.change < 0 else '+'}{words}"

    @property
    def target_words(self) -> str:
        """Its target with the unit."""
        if self.target is None:
            return ""
        figure = f"{self.target.normalize():,f}"
        return f"{figure} {self.unit_word}".strip() if self.kind.unit != "time" else f"{figure} h"

    @property
    def is_missed(self) -> bool:
        """Whether it has a target and is on the wrong side of it."""
        if self.target is None or self.value is None:
            return False
        return self.value > self.target if self.kind.less else self.value < self.target


# Of each figure that belongs to a period: what its rows come to
_OF: Mapping[str, tuple[Sequence[str], Callable[[Sum], Decimal | None]]] = {
    "first": (["FIRST"], lambda row: percent(row.clear, row.number)),
    "now": (["NOW"], lambda row: percent(row.clear, row.number)),
    "asked": (["ASKED"], lambda row: percent(row.clear, row.number)),
    "fill": (["FILL"], lambda row: percent(row.amount, row.whole)),
    "line_fill": (["FILL"], lambda row: percent(row.clear, row.number)),
    "revenue": (["INVOICE", "CREDIT"], lambda row: row.amount),
}


def tile_of(kind: Kind, read: Figures, targets: Mapping[str, Decimal], period: Period) -> Tile:
    """Return a tile from the figures that were read."""
    target = targets.get(kind.slug)
    if kind.slug == "lead":
        now, before = read.ranges("period", "T_WHOLE"), read.ranges("before", "T_WHOLE")
        note = f"half within {said(percentile(now, 50))}" if now else "no order was delivered whole"
        points = [(day, _hours(read.ranges("point", "T_WHOLE", place))) for place, day in enumerate(period.points)]
        return Tile(kind, _hours(now), _hours(before), target, note, points)
    if kind.slug == "backorders":
        waiting = read.by_place("age", "WAITING")
        total = read.total("age", "WAITING")
        oldest = max((place for place, row in waiting.items() if row.number > 0), default=0)
        note = f"{total.number:,} lines, the oldest {AGES[oldest]}" if total.number else "no line waits for stock"
        return Tile(kind, total.amount, None, target, note, [])
    measures, value_of = _OF[kind.slug]
    total = added(read.total("period", measure) for measure in measures)
    total_before = added(read.total("before", measure) for measure in measures)
    by_point = [read.by_place("point", measure) for measure in measures]
    points = []
    for place, day in enumerate(period.points):
        row = added(of_measure[place] for of_measure in by_point)
        points.append((day, value_of(row)))
    value_before = value_of(total_before) if total_before.number else None
    return Tile(kind, value_of(total), value_before, target, _note(kind, total, read), points)


def _note(kind: Kind, total: Sum, read: Figures) -> str:
    if kind.slug == "revenue":
        foreign = sum(
            row.number
            for measure in ("INVOICE", "CREDIT")
            for cause, row in read.by_cause("period", measure).items()
            if cause
        )
        notes = read.total("period", "CREDIT").number
        said_of = f"{total.number - notes:,} invoices, {notes:,} credit notes"
        return f"{said_of}; {foreign:,} in other currencies" if foreign else said_of
    if not total.number:
        return "no line was due" if kind.slug in ("first", "now", "asked") else "nothing was released"
    if kind.slug == "fill":
        return f"{total.amount.normalize():,f} of {total.whole.normalize():,f} units"
    return f"{total.clear:,} of {total.number:,} lines"


def _hours(ranges: Mapping[int, int]) -> Decimal | None:
    minutes = percentile(ranges, 90)
    return None if minutes is None else minutes / 60
