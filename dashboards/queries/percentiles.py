"""Percentiles of times from how many fell into each range: ranges of days add up, percentiles would not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from dashboards.sql.figures import GROWTH

_GROWTH = Decimal(GROWTH)


def upper_end(place: int) -> Decimal:
    """Return the longest time of a range in minutes; the first reaches up to one minute."""
    return _GROWTH**place


def percentile(ranges: Mapping[int, int], share: int) -> Decimal | None:
    """Return the minutes within which a share of all, in percent, were done; nothing where there are none.

    It is exact to within its range, a quarter of the time: inside of it the times are taken as spread evenly.
    """
    total = sum(ranges.values())
    if total <= 0:
        return None
    wanted = Decimal(total * share) / 100
    so_far = 0
    for place in sorted(ranges):
        there = ranges[place]
        if there > 0 and so_far + there >= wanted:
            low = upper_end(place - 1) if place else Decimal(0)
            return low + (upper_end(place) - low) * (wanted - so_far) / there
        so_far += there
    raise AssertionError("The ranges hold fewer times than they say.")


def said(minutes: Decimal | None) -> str:
    """Say a stretch of time as people do: minutes, then hours, then days."""
    if minutes is None:
        return "–"
    if minutes < 90:
        return f"{minutes:.0f} min"
    if minutes < 48 * 60:
        return f"{minutes / 60:.1f} h"
    return f"{minutes / 1440:.1f} d"


def said_of(time: timedelta | None) -> str:
    """Say a stretch of time; nothing for none."""
    return "" if time is None else said(Decimal(max(0, time // timedelta(seconds=1))) / 60)
