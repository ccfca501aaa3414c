"""Working days: on which weekdays a company, or a site, supplier or carrier of it works, and its holidays (V1)."""

from __future__ import annotations

from datetime import date, timedelta

# Days of the week, Monday being 1
WEEKDAYS = list(enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), 1))
# Who closes for longer than this has keyed it wrongly: the day asked for is as good as any
LONGEST_CLOSED = 400


class WorkingDays:
    """Who works on some days of the week, on all where none is said, and not on holidays."""

    weekdays: list[int]
    holidays: list[date]

    @property
    def week(self) -> str:
        """The days of the week in words."""
        if not self.weekdays:
            return "Every day"
        return ", ".join(name[:3] for number, name in WEEKDAYS if number in self.weekdays)

    @property
    def is_always_open(self) -> bool:
        """Whether every day is a working day."""
        return not self.weekdays and not self.holidays

    def working_day(self, day: date, *, after: int = 0) -> date:
        """Return the first working day from `day` on, or the one so many working days after that."""
        closed = set(self.holidays)
        for _day in range(LONGEST_CLOSED + 7 * after):
            if (not self.weekdays or day.isoweekday() in self.weekdays) and day not in closed:
                if after == 0:
                    return day
                after -= 1
            day += timedelta(days=1)
        return day

    def next_holiday(self, today: date) -> date | None:
        """Return the first holiday from a day on that is known."""
        return min((day for day in self.holidays if day >= today), default=None)
