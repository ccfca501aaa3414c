"""Document numbers: ordinary ones from the kind's own sequence, gapless ones from a row locked last (rules 15, 16)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from django.db import connection
from django.db.models import F, QuerySet

from core import bulk, registry, sql
from core.models import Company, NumberSeries, User
from core.reading import Among, Given, compiled
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic

# No dash: it parts the prefix from the year
_PREFIX = re.compile(r"[A-Z][A-Z0-9]{0,7}")
_DIGITS = NumberSeries._meta.get_field("digits").default


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
    """Return the gapless series of a company, kind and year, made where it is missing: as that of the year before.

    The first of all has the prefix that is given. Takes no lock on an existing one.
    """
    standing = _series([company_id], [kind], [year])
    if standing:
        return standing[0]
    same = NumberSeries.objects.filter(company_id=company_id, kind=kind, year__lt=year)
    before = same.order_by("-year").first() or NumberSeries(prefix=prefix)
    series, _made = NumberSeries.objects.get_or_create(
        company_id=company_id,
        kind=kind,
        year=year,
        defaults={"prefix": before.prefix, "digits": before.digits},
    )
    return series


@dataclass(frozen=True, slots=True)
class Beginning:
    """How the numbers of a gapless series begin: prefix, how many digits at least, and the first value."""

    prefix: str
    digits: int
    first_value: int


@atomic
def begin_series(*, kind: str, year: int, beginning: Beginning, actor: User) -> NumberSeries:
    """Say how the numbers of the actor's company begin in a gapless series of which none was given yet.

    :raises NotAllowed: where the actor may not set up the company.
    :raises Blocked: where a number of the series was given, the prefix is taken, or it is no beginning.
    """
    require(actor, "core.set_up")
    # One after the other, for no two kinds of a year may have the same prefix
    (company,) = Company.objects.filter(pk=actor.company.pk).locked()
    standing = gapless_of(company, [year])
    mine = next((series for series in standing if series.kind == kind), None)
    if mine is None:
        raise Blocked("There is no such gapless series.")
    fault = _fault(beginning)
    if fault:
        raise Blocked(fault)
    for series in standing:
        if series.kind != kind and series.prefix == beginning.prefix:
            raise Blocked(f"{_kind(series.kind).label} of {year} begin with {beginning.prefix} already.")
    for other in registry.number_kinds:
        if other.gaps is None and other.prefix == beginning.prefix:
            raise Blocked(f"{other.label} begin with {beginning.prefix} already.")
    made = ensure_series(company_id=company.pk, kind=kind, year=year, prefix=mine.prefix)
    (series,) = NumberSeries.objects.filter(pk=made.pk).locked()
    if series.given:
        raise Blocked(
            "A number of this series was given: a series without gaps goes on as it began."
            f" {series.next_number} is next."
        )
    series.prefix, series.digits = beginning.prefix, beginning.digits
    series.first_value = series.next_value = beginning.first_value
    series.save(update_fields=["prefix", "digits", "first_value", "next_value"])
    return series


def gapless_of(company: Company, years: Collection[int]) -> list[NumberSeries]:
    """Return a company's gapless series of all kinds in some years, as they will be where there is none yet."""
    found = list(NumberSeries.objects.filter(company=company, year__lte=max(years)).order_by("-year"))
    series = []
    for kind, words in registry.number_kinds.items():
        for year in sorted(years) if words.gaps else ():
            before = next((one for one in found if one.kind == kind and one.year <= year), None)
            if before and before.year == year:
                series.append(before)
                continue
            prefix, digits = (before.prefix, before.digits) if before else (words.prefix, _DIGITS)
            series.append(NumberSeries(company=company, kind=kind, year=year, prefix=prefix, digits=digits))
    return series


def past_series(company: Company, year: int) -> list[NumberSeries]:
    """Return a company's series of the years before one, newest first."""
    return list(NumberSeries.objects.filter(company=company, year__lt=year).order_by("-year", "kind"))


def missing_numbers(series: Collection[NumberSeries]) -> dict[int, list[str]]:
    """Return what numbers are missing in some series, by their keys; none, unless something is wrong."""
    found: dict[int, list[str]] = {}
    for kind, words in registry.number_kinds.items():
        of_kind = [one.pk for one in series if one.pk and one.kind == kind]
        if words.gaps and of_kind:
            found |= {pk: list(numbers) for pk, numbers in words.gaps(of_kind).items()}
    return found


def _kind(kind: str) -> registry.NumberKind:
    found = registry.number_kinds.get(kind)
    assert found is not None
    return found


def _fault(beginning: Beginning) -> str:
    if not _PREFIX.fullmatch(beginning.prefix):
        return "A prefix is one to eight capital letters and digits, the first a letter, such as INV."
    if not 1 <= beginning.digits <= 12:
        return "A number has 1 to 12 digits."
    if not 1 <= beginning.first_value < 10**12:
        return "The first number is 1 or higher."
    return ""


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
