"""Document numbers: ordinary ones from the kind's own sequence, gapless ones from a row locked last (rules 15, 16)."""

from __future__ import annotations

from datetime import date

from django.db import connection

from core.models import NumberSeries
from core.refusals import Refused


class DateBeforeSeries(Refused):
    """A gapless number was asked for a date before the last one given in its series."""

    code = "date_before_series"


def document_number(prefix: str, pk: int) -> str:
    """Return the printed number of an ordinary document: its kind's prefix and its sequence, with gaps."""
    return f"{prefix}-{pk:06d}"


def ensure_series(*, company_id: int, kind: str, year: int, prefix: str) -> NumberSeries:
    """Return the gapless series of a company, kind and year, made where it is missing.

    Takes no lock on an existing one.
    """
    series, _made = NumberSeries.objects.get_or_create(
        company_id=company_id, kind=kind, year=year, defaults={"prefix": prefix}
    )
    return series


def take_gapless(*, series_id: int, on: date) -> str:
    """Return the next number of a gapless series. Last statement before commit: the row serialises the series.

    :raises DateBeforeSeries: where a later date was numbered already (rule 15: date >= last date in series).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_numberseries SET next_value = next_value + 1, last_on = %s"
            " WHERE id = %s AND (last_on IS NULL OR last_on <= %s) RETURNING prefix, year, next_value - 1",
            [on, series_id, on],
        )
        row = cursor.fetchone()
    if row is None:
        raise DateBeforeSeries(
            f"A document of this series is dated after {on:%-d %B %Y} already: take that date or a later one."
        )
    prefix, year, value = row
    return f"{prefix}-{year}-{value:06d}"
