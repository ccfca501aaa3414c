"""The period of the manager's page: read from an address, never an error, with the parts into which its trend falls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# A trend has a point for each day, week, four weeks or thirteen weeks, so that it never has too many
_STEPS = (1, 7, 28, 91)
MOST_POINTS = 62
EARLIEST = date(2000, 1, 1)
USUAL = 30


@dataclass(frozen=True, slots=True)
class Preset:
    """A period with a name, as it stands in the page's menu."""

    label: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Period:
    """From a day to a day, both within it, and what day it is."""

    first: date
    last: date
    today: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def step(self) -> int:
        """How many days a point of a trend stands for."""
        return next((step for step in _STEPS if self.days <= step * MOST_POINTS), _STEPS[-1])

    @property
    def points(self) -> list[date]:
        """The first day of each point of a trend."""
        return [self.first + timedelta(days=n) for n in range(0, self.days, self.step)]

    def begins(self, zone: ZoneInfo) -> datetime:
        """Return when its first day begins in a time zone."""
        return datetime.combine(self.first, time.min, zone)

    def ends(self, zone: ZoneInfo) -> datetime:
        """Return when the day after its last begins there."""
        return datetime.combine(self.last + timedelta(days=1), time.min, zone)

    @property
    def presets(self) -> list[Preset]:
        """The periods that are asked for most, up to today."""
        today = self.today
        return [
            *(Preset(f"{days} days", today - timedelta(days=days - 1), today) for days in (7, USUAL, 90)),
            Preset("This month", today.replace(day=1), today),
            Preset("This year", today.replace(month=1, day=1), today),
            Preset("12 months", today - timedelta(days=364), today),
        ]


def period_of(asked: Mapping[str, str], today: date) -> Period:
    """Return the period that an address asks for; what cannot be read is the last thirty days, up to today."""
    last = min(_day(asked.get("until", "")) or today, today)
    first = _day(asked.get("since", "")) or last - timedelta(days=USUAL - 1)
    first, last = sorted((first, last))
    last = max(last, EARLIEST)
    return Period(max(first, EARLIEST), last, today)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
