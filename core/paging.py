"""Pages by key instead of by offset, and counts that stop counting: as quick on the last page as on the first."""

from __future__ import annotations

import binascii
import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet, FieldDoesNotExist, ValidationError
from django.db import connections
from django.db.models import BooleanField, Expression, F, Field, Func, Model, Q, QuerySet, Value
from django.db.models.constants import LOOKUP_SEP
from django.db.models.lookups import GreaterThan, LessThan
from django.db.models.sql.datastructures import Join
from django.db.models.sql.where import WhereNode
from django.utils import timezone

from core.planner import planned_anew

M = TypeVar("M", bound=Model)

COUNT_CAP = 1_000
# PostgreSQL reads no number of many thousand digits, which takes six letters to write: 1e999999
MOST_DIGITS = 100


@dataclass(frozen=True, slots=True)
class CappedCount:
    """A number of rows that is exact up to the cap and says so beyond it."""

    number: int
    cap: int = COUNT_CAP

    def __str__(self) -> str:
        return f"{self.cap:,}+" if self.number > self.cap else f"{self.number:,}"

    def __bool__(self) -> bool:
        return self.number > 0


def capped_counts(
    querysets: Mapping[str, QuerySet[Any]], *, cap: int = COUNT_CAP, kept_for: int = 0, anew: bool = False
) -> dict[str, CappedCount]:
    """Count every queryset up to the cap, in one statement for all of them.

    What was counted is kept for so many seconds, and told to whoever asks the same of the same rows; `anew` counts what
    is so now, and keeps that.
    """
    selects: list[str] = []
    params: list[Any] = []
    names: list[str] = []
    counts = {name: CappedCount(0, cap) for name in querysets}
    alias = "default"
    for name, queryset in querysets.items():
        alias = queryset.db
        # ORDER BY is dropped: the cap may stop at any rows
        limited = queryset.order_by().values("pk")[: cap + 1]
        try:
            sql, sql_params = limited.query.sql_with_params()
        except EmptyResultSet:
            continue
        selects.append(f"(SELECT count(*) FROM ({sql}) AS rows_{len(names)})")
        params.extend(sql_params)
        names.append(name)
    if not names:
        return counts
    statement = "SELECT " + ", ".join(selects)
    key = f"counts-{alias}-{hashlib.sha256(repr((statement, params)).encode()).hexdigest()}" if kept_for else ""
    row = cache.get(key) if key and not anew else None
    if row is None:
        with planned_anew(alias), connections[alias].cursor() as cursor:
            cursor.execute(statement, params)
            row = cursor.fetchone()
        if key:
            cache.set(key, row, kept_for)
    return {**counts, **{name: CappedCount(number, cap) for name, number in zip(names, row, strict=True)}}


class _Row(Func):
    """The row value ROW(a, b), which PostgreSQL compares left to right and finds by an index over (a, b)."""

    function = "ROW"
    # Rows are only ever compared, never selected; any output field will do
    output_field = BooleanField()


@dataclass(frozen=True, slots=True)
class SortKey:
    """What a queue is sorted by: one column, then the primary key in the same direction.

    Rows that are few among those of their table are sorted by the key once they are found: PostgreSQL would rather walk
    along the key until enough of them came by, and they are the last to come.
    """

    path: str
    descending: bool = False
    are_few: bool = False

    @classmethod
    def parse(cls, ordering: str) -> SortKey:
        """Read `-due_on` or `due_on`; a dotted accessor is a path over relations."""
        return cls(ordering.lstrip("-").replace(".", LOOKUP_SEP), ordering.startswith("-"))

    def reversed(self) -> SortKey:
        """Return the key that walks the same rows backwards."""
        return replace(self, descending=not self.descending)

    def ordering(self) -> tuple[Expression, ...]:
        """Return the ORDER BY; NULL is last going up and first coming down, as PostgreSQL's own indexes have it."""
        if self.path == "pk":
            key = F("pk") + 0 if self.are_few else F("pk")
            return (key.desc() if self.descending else key.asc(),)
        if self.descending:
            return (F(self.path).desc(), F("pk").desc())
        return (F(self.path).asc(), F("pk").asc())


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """One page of rows, with the cursors of its neighbours; an empty cursor means that there is no such page."""

    rows: list[M]
    after: str
    before: str


class KeysetPager(Generic[M]):
    """Cuts a queryset into pages by the sort value and key of the last row seen."""

    def __init__(self, queryset: QuerySet[M], sort: SortKey, *, size: int) -> None:
        self.queryset, self.sort, self.size = queryset, sort, size
        self._field, self._nullable = _field_of(queryset, sort.path)

    def page(self, *, after: str = "", before: str = "") -> Page[M]:
        """Return the page after a cursor, before one, or the first; a cursor that cannot be read means the first."""
        cursor = self._read(after or before)
        if cursor is None:
            rows = self._fetch(self.sort, None)
            return self._page(rows[: self.size], is_more_after=len(rows) > self.size, is_more_before=False)
        if after:
            rows = self._fetch(self.sort, cursor)
            return self._page(rows[: self.size], is_more_after=len(rows) > self.size, is_more_before=True)
        rows = self._fetch(self.sort.reversed(), cursor)
        if len(rows) <= self.size:
            # The start was reached: show a full first page rather than what is left of it
            return self.page()
        return self._page(rows[: self.size][::-1], is_more_after=True, is_more_before=True)

    def _page(self, rows: list[M], *, is_more_after: bool, is_more_before: bool) -> Page[M]:
        return Page(
            rows,
            after=self._write(rows[-1]) if rows and is_more_after else "",
            before=self._write(rows[0]) if rows and is_more_before else "",
        )

    def _fetch(self, sort: SortKey, cursor: tuple[Any, int] | None) -> list[M]:
        """Read one row more than a page. NULLs are another range of the index, so another, rare statement."""
        ordered = self.queryset.order_by(*sort.ordering())
        if cursor is None:
            return self._first(ordered, self.size + 1)
        rows: list[M] = []
        for condition in self._ranges(sort, cursor):
            rows += self._first(ordered.filter(condition), self.size + 1 - len(rows))
            if len(rows) > self.size:
                break
        return rows

    def _first(self, ordered: QuerySet[M], number: int) -> list[M]:
        """Read the first rows: their keys are found, and only then what is shown of each is asked.

        In one step PostgreSQL prepares what is asked of each for as many rows as there may be, not for those of a page.
        """
        keys = ordered.values("pk")[:number]
        with planned_anew(ordered.db):
            return list(_unfiltered(ordered).filter(pk__in=keys))

    def _ranges(self, sort: SortKey, cursor: tuple[Any, int]) -> list[Any]:
        value, key = cursor
        beyond = LessThan if sort.descending else GreaterThan
        if sort.path == "pk":
            return [beyond(F("pk"), Value(key))]
        is_null = Q(**{f"{sort.path}__isnull": True})
        if value is None:
            rest_of_nulls = is_null & Q(**{f"pk__{'lt' if sort.descending else 'gt'}": key})
            return [rest_of_nulls, ~is_null] if sort.descending else [rest_of_nulls]
        place = _Row(Value(value, output_field=self._field), Value(key))
        past = beyond(_Row(F(sort.path), F("pk")), place)
        return [past, is_null] if self._nullable and not sort.descending else [past]

    def _write(self, row: M) -> str:
        value: Any = row
        if self.sort.path != "pk":
            for name in self.sort.path.split(LOOKUP_SEP):
                value = getattr(value, name) if value is not None else None
        text = None if self.sort.path == "pk" or value is None else str(value)
        return urlsafe_b64encode(json.dumps([text, row.pk]).encode()).decode().rstrip("=")

    def _read(self, cursor: str) -> tuple[Any, int] | None:
        if not cursor:
            return None
        try:
            text, key = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            value = None if text is None else self._value(str(text))
            return value, self.queryset.model._meta.pk.clean(key, None)
        except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, ValidationError):
            return None

    def _value(self, text: str) -> Any:
        """Return the sort value that a cursor names: an address may hold anything, and PostgreSQL does not take all.

        :raises ValueError: where it is none that we wrote.
        :raises ValidationError: where the column could not hold it.
        """
        if b"\0" in text.encode():
            raise ValueError("no text of ours")
        value = self._field.to_python(text)
        if isinstance(value, datetime) and timezone.is_naive(value):
            raise ValueError("no moment of ours")
        if isinstance(value, Decimal) and value.adjusted() > MOST_DIGITS:
            raise ValueError("no amount of ours")
        self._field.run_validators(value)
        return value


def _unfiltered(queryset: QuerySet[M]) -> QuerySet[M]:
    """Return the same rows without their conditions, for keys that were found by them: planned once, asked once.

    Where a condition led to several rows for one, they stay, or there would be more of them.
    """
    bare = queryset.all()
    joins = [join for join in bare.query.alias_map.values() if isinstance(join, Join)]
    if not any(getattr(join.join_field, "one_to_many", False) for join in joins):
        bare.query.where = WhereNode()
    return bare


def _field_of(queryset: QuerySet[Any], path: str) -> tuple[Field[Any, Any], bool]:
    """Return the field at the end of a path and whether it can be NULL there."""
    model = queryset.model
    if path == "pk":
        return model._meta.pk, False
    if path in queryset.query.annotations:
        return queryset.query.annotations[path].output_field, True
    nullable = False
    field: Any = None
    for name in path.split(LOOKUP_SEP):
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist as error:
            raise ValueError(f"{path} is no column of {queryset.model.__name__} that a queue can sort by") from error
        nullable = nullable or field.null
        model = field.related_model or model
    return field, nullable
