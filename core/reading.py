"""Reads of the services that run all day: rows as model instances, by SQL that Django makes once.

Turning a query set into SQL costs Django more than PostgreSQL needs to answer it. What such a read is about comes as
lists of ids, which stand as one array in the statement: it is the same for one row and for five hundred, and PostgreSQL
keeps its plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import update_wrapper
from typing import Any, Generic, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, models
from django.db.models import F, Func, Value
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import Lookup
from django.db.models.query import get_related_populators
from django.db.transaction import TransactionManagementError
from psycopg.sql import Literal

from core.columns import array

M = TypeVar("M", bound=models.Model)


def day_at(at: datetime, company: str = "company") -> Cast:
    """Return the day that it is at a moment at the company to which a path leads, as a query names it.

    Days begin with a minute, so the moment is told to the minute: who asks again a second later asks the same.
    """
    minute = Value(at.replace(second=0, microsecond=0))
    return Cast(Func(F(f"{company}__time_zone"), minute, function="timezone"), models.DateField())


class Given:
    """The place of a list of values in a compiled read."""

    def __init__(self, index: int) -> None:
        self.index = index


class Among(Lookup):
    """The condition that a column's value is one of a list's: `filter(Among(F("order_id"), order_ids))`."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return the condition with the list as one array, of whose length nothing is known when it is planned."""
        lhs, params = self.process_lhs(compiler, connection)
        field = self.lhs.output_field
        kind = (field.target_field if isinstance(field, models.ForeignKey) else field).rel_db_type(connection)
        values = self.rhs if isinstance(self.rhs, Given) else array(self.rhs)
        return f"{lhs} = ANY ((SELECT %s::{kind}[])::{kind}[])", [*params, values]


def each_has(rows: models.QuerySet[Any]) -> Coalesce:
    """Return whether a row that a query set refers to as its outer one has some of these, asked of each such row.

    As EXISTS it would be a join, for which PostgreSQL may read all that ever were.
    """
    found = models.Subquery(rows.order_by().values_list(Value(True))[:1], output_field=models.BooleanField())
    return Coalesce(found, Value(False))


class _Keys(ArraySubquery):
    """Keys as one array, which PostgreSQL makes once, before it reads the first row."""

    template = "(ARRAY(%(subquery)s))"


def is_one_of(keys: models.QuerySet[Any]) -> Func:
    """Return whether a row's key is one of a query set's, which are few and looked up first.

    As a list of keys it would be a join, which PostgreSQL may begin at the end where there are many.
    """
    found = _Keys(keys.order_by().distinct())
    return Func(F("pk"), found, arg_joiner=" = ANY ", template="%(expressions)s", output_field=models.BooleanField())


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    params: tuple[Given, ...]
    model: type[models.Model]
    attnames: list[str] | None
    columns: slice
    converters: Any
    apply_converters: Callable[..., Iterator[Any]]
    populators: list[Any]
    annotations: list[tuple[str, int]]
    locks: bool


class Reading(Generic[M]):
    """A read whose SQL is made at its first call; `build` returns the query set for the places of its lists.

    A query set of `values_list` is read as bare tuples: for thousands of rows the instances cost more than the read.
    """

    def __init__(self, build: Callable[..., models.QuerySet[M]]) -> None:
        self._build = build
        self._compiled: _Compiled | None = None
        update_wrapper(self, build)

    def __call__(self, *lists: Collection[Any]) -> list[M]:
        """Return the rows, with their locks where the query set takes some; nothing is asked for an empty list.

        :raises TransactionManagementError: for a read that locks, outside a transaction.
        """
        if not all(lists):
            return []
        compiled = self._compiled or self._compile(len(lists))
        if compiled.locks and not connection.in_atomic_block:
            raise TransactionManagementError(f"{self.__name__} locks rows, so it needs a transaction.")  # type: ignore[attr-defined]
        params = [array(lists[place.index]) for place in compiled.params]
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, params)
            rows: Any = cursor.fetchall()
        if compiled.converters:
            rows = compiled.apply_converters(rows, compiled.converters)
        if compiled.attnames is None:
            return list(rows)
        from_db, attnames, columns = compiled.model.from_db, compiled.attnames, compiled.columns
        alias = connection.alias
        found: list[Any] = []
        for row in rows:
            instance = from_db(alias, attnames, row[columns])
            for populator in compiled.populators:
                populator.populate(row, instance)
            for name, place in compiled.annotations:
                setattr(instance, name, row[place])
            found.append(instance)
        return found

    def _compile(self, lists: int) -> _Compiled:
        """Make the statement as Django's own ModelIterable would, and keep all that it needs of the compiler."""
        query = self._build(*(Given(index) for index in range(lists))).query
        compiler = query.get_compiler(connection=connection)
        sql, params = _with_constants(*compiler.as_sql())
        info, select = compiler.klass_info, compiler.select
        if query.values_select:
            self._compiled = _Compiled(
                sql=sql,
                params=params,
                model=query.model,  # type: ignore[arg-type]
                attnames=None,
                columns=slice(None),
                converters=compiler.get_converters([column[0] for column in select]),
                apply_converters=compiler.apply_converters,
                populators=[],
                annotations=[],
                locks=" FOR NO KEY UPDATE" in sql,
            )
            return self._compiled
        fields = info["select_fields"]
        self._compiled = _Compiled(
            sql=sql,
            params=params,
            model=info["model"],
            attnames=[column[0].target.attname for column in select[fields[0] : fields[-1] + 1]],
            columns=slice(fields[0], fields[-1] + 1),
            converters=compiler.get_converters([column[0] for column in select]),
            apply_converters=compiler.apply_converters,
            populators=get_related_populators(info, select, connection.alias),  # type: ignore[call-arg]
            annotations=list(compiler.annotation_col_map.items()),
            locks=" FOR NO KEY UPDATE" in sql,
        )
        return self._compiled


def _with_constants(sql: str, params: Iterable[Any]) -> tuple[str, tuple[Given, ...]]:
    """Write what is the same at every call into a statement, and leave it the places of its lists.

    PostgreSQL can take an index of some rows only where it knows that they are asked for. Of a constant that it is sent
    it does not, and plans such a statement anew each time, which takes longer than to run it.
    """
    connection.ensure_connection()
    places: list[Given] = []
    left = iter(params)

    def written(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%%"
        param = next(left)
        if isinstance(param, Given):
            places.append(param)
            return "%s"
        return Literal(param).as_string(connection.connection).replace("%", "%%")

    return re.sub("%[%s]", written, sql), tuple(places)


def compiled(build: Callable[..., models.QuerySet[M]]) -> Reading[M]:
    """Make a function from lists to a query set (through `Among`) a read that is compiled once."""
    return Reading(build)
