"""What is still to leave, by warehouse and day, against what each can send in a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from dashboards.queries.figures import Figures, Site, Sum

# The days of the page: what is overdue, today and the days after it, and all that is later
LATE, LATER = -1, 6


@dataclass(slots=True)
class LoadRow:
    """A warehouse with the lines that are still to leave it on each day, and how many it sends in one at most."""

    site_id: int
    label: str
    cells: list[int]
    most: int | None
    cut_off: time | None
    href: str = ""

    @property
    def note(self) -> str:
        """What the warehouse can send in a day, and until when what is promised leaves on the same day."""
        said = [f"{self.most} a day"] if self.most else []
        if self.cut_off:
            said.append(f"cut-off {self.cut_off:%H:%M}")
        return ", ".join(said)


def days_of_load(today: date) -> list[str]:
    """Return the headings of the days."""
    named = [f"{today + timedelta(days=n):%a %-d}" for n in range(1, LATER)]
    return ["Overdue", "Today", *named, "Later"]


def load(read: Figures, sites: Sequence[Site]) -> list[LoadRow]:
    """Return the warehouses with what is still to leave them."""
    found = read.rows["load"]
    return [
        LoadRow(
            site_id=site.pk,
            label=site.name,
            cells=[found.get(("OPEN", str(day), site.pk), Sum()).number for day in range(LATE, LATER + 1)],
            most=site.lines_a_day,
            cut_off=site.cut_off,
        )
        for site in sites
    ]
