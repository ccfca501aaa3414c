"""Document numbers: ordinary ones from the kind's own sequence, gapless ones from a row locked last (rules 15, 16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from django.db import connection
from django.db.models import F, QuerySet

from core import bulk, sql
from core.models import NumberSeries
from core.reading import Among, Given, compiled
from core.refusals import Refused


class DateBeforeSeries(Refused):
    """A gapless number was asked for a date before the last one given in its series."""

    code = "date_before_series"

    @classmethod
    def after(cls, last_on: date | None) -> Self:
        """Say what date the series has reached, where that is known."""
        than = f"{last_on:%-d %B %Y}" if last_on else "later"
        return cls(
            f"A document dated {than} was posted already, and numbers follow the dates: take that date or a later one."
        )


@dataclass(frozen=True, slots=True)
class Numbered:
    """What a document was given at its place in a series: number, the hash before it, and its own."""

    number: str
    previous_hash: str
    hash: str


def document_number(prefix: str, pk: int) -> str:
    """Return the printed number of an ordinary document: its kind's prefix and its sequence, with gaps."""
    return f"{prefix}-{pk:06d}"


def ensure_series(*, company_id: int, kind: str, year: int, prefix: str) -> NumberSeries:
    """Return the gapless series of a company, kind and year, made where it is missing.

    Takes no lock on an existing one.
    """
    standing = _series([company_id], [kind], [year])
    if standing:
        return standing[0]
    series, _made = NumberSeries.objects.get_or_create(
        company_id=company_id, kind=kind, year=year, defaults={"prefix": prefix}
    )
    return series


@compiled
def _series(company_ids: Given, kinds: Given, years: Given) -> QuerySet[NumberSeries]:
    return NumberSeries.objects.filter(
        Among(F("company_id"), company_ids), Among(F("kind"), kinds), Among(F("year"), years)
    )


def take_gapless(*, series_id: int, on: date, table: str, digests: Mapping[int, str]) -> dict[int, Numbered]:
    """Give documents the next numbers of a gapless series, in the order of `digests`, and chain their hashes.

    They are rows that this transaction inserted into `table`, by id with the digest of what each says; number,
    previous_hash and hash are written there. Last statement before commit: the row serialises the series.

    :raises DateBeforeSeries: where a later date was numbered already (rule 15: date >= last date in series).
    """
    ids = bulk.array(digests)
    answer = bulk.execute(
        sql.TAKE_GAPLESS.format(table=connection.ops.quote_name(table)),
        [ids, bulk.array(digests.values()), series_id, on, on, ids],
    )
    taken = {pk: Numbered(*given) for pk, *given in answer}
    if len(taken) != len(digests):
        raise DateBeforeSeries.after(None)
    return taken
