"""Reading figures: the page's two statements, and what they answer as plain values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from core.models import User
from dashboards.queries.periods import Period
from dashboards.sql import figures as sql

ZERO = Decimal(0)
# A line that waits for stock is at risk so many days before its promise
RISK_DAYS = 2
# What the ages of figures.AGES are called
AGES = ("today", "1–2 d", "3–7 d", "8–14 d", "15–30 d", "over 30 d")


@dataclass(frozen=True, slots=True)
class Site:
    """A warehouse by which the page can be narrowed, how many lines it sends in a day, and until when."""

    pk: int
    name: str
    lines_a_day: int | None = None
    cut_off: time | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What the page needs before its figures: the person's warehouses, the targets, and how far roll-ups have come.

    `is_kept` says that the person works in some warehouses only.
    """

    sites: list[Site]
    is_kept: bool
    targets: Mapping[str, Decimal]
    event_id: int
    rolled_at: datetime | None


class Sum(NamedTuple):
    """What rows come to: how many, how many of them without a cause, and two sums."""

    number: int = 0
    clear: int = 0
    amount: Decimal = ZERO
    whole: Decimal = ZERO

    def plus(self, other: Sum) -> Sum:
        """Return both together."""
        number, clear = self.number + other.number, self.clear + other.clear
        return Sum(number, clear, self.amount + other.amount, self.whole + other.whole)


@dataclass(slots=True)
class Figures:
    """Figures of a period, the one before it, its points, and now: each by measure, cause and place."""

    rows: dict[str, dict[tuple[str, str, int], Sum]] = field(default_factory=lambda: defaultdict(dict))

    def by_cause(self, what: str, measure: str) -> dict[str, Sum]:
        """Return the sums of a measure by cause."""
        found: dict[str, Sum] = defaultdict(Sum)
        for (named, cause, _place), row in self.rows[what].items():
            if named == measure:
                found[cause] = found[cause].plus(row)
        return found

    def by_place(self, what: str, measure: str) -> dict[int, Sum]:
        """Return the sums of a measure by point, age or warehouse."""
        found: dict[int, Sum] = defaultdict(Sum)
        for (named, _cause, place), row in self.rows[what].items():
            if named == measure:
                found[place] = found[place].plus(row)
        return found

    def total(self, what: str, measure: str) -> Sum:
        """Return a measure's sum; rows of a period count as clear where they have no cause."""
        total = Sum()
        for cause, row in self.by_cause(what, measure).items():
            total = total.plus(row if cause else row._replace(clear=row.number))
        return total

    def ranges(self, what: str, measure: str, place: int = 0) -> dict[int, int]:
        """Return how many times of a measure fell into each range, of a period or one of its points."""
        return {
            int(cause): row.number
            for (name, cause, at), row in self.rows[what].items()
            if (name, at) == (measure, place) and row.number > 0
        }


def added(rows: Iterable[Sum]) -> Sum:
    """Return what sums come to together."""
    total = Sum()
    for row in rows:
        total = total.plus(row)
    return total


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """Return a part in percent of a whole; nothing of nothing."""
    return Decimal(part) * 100 / Decimal(whole) if whole > 0 else None


def frame(user: User) -> Frame:
    """Return what the page needs before its figures, by one statement."""
    company_id = user.company.pk
    with connection.cursor() as cursor:
        cursor.execute(sql.FRAME, [company_id, user.pk, company_id, company_id])
        rows = cursor.fetchall()
    sites = [row for row in rows if row[0] == "site"]
    is_kept = any(not everywhere for *_rest, everywhere, _here, _lines, _cut_off in sites)
    rolled = next((row for row in rows if row[0] == "rolled"), None)
    return Frame(
        sites=[
            Site(pk, name, lines, cut_off)
            for _what, pk, name, _value, _at, everywhere, here, lines, cut_off in sites
            if everywhere or here
        ],
        is_kept=is_kept,
        targets={name: value for what, _pk, name, value, *_rest in rows if what == "target"},
        event_id=rolled[1] if rolled else 0,
        rolled_at=rolled[4] if rolled else None,
    )


def read(user: User, known: Frame, period: Period, site: Site | None) -> Figures:
    """Return all figures of the page, by one statement whatever the period."""
    shown = [site] if site else known.sites if known.is_kept else None
    with connection.cursor() as cursor:
        cursor.execute(
            sql.READ_FIGURES,
            {
                "company": user.company.pk,
                "event": known.event_id,
                "today": period.today,
                "first": period.first,
                "last": period.last,
                "step": period.step,
                "sites": None if shown is None else [one.pk for one in shown],
            },
        )
        figures = Figures()
        for what, measure, cause, place, number, clear, amount, whole in cursor.fetchall():
            row = Sum(int(number), int(clear or 0), Decimal(amount), Decimal(whole))
            figures.rows[what][measure, cause, int(place)] = row
    return figures
