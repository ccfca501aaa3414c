"""Writing many rows with one statement: insert with children, set, and add under an ordered lock.

Rows are model instances or plain figures; arrays go to PostgreSQL once and are unnested there. Django's own bulk update
is banned (it costs seventy times the Python).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache, partial
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

Row = models.Model


class _Column:
    """What a statement needs to know of a field, looked up once."""

    __slots__ = ("array", "attname", "may_default", "name", "prepared", "quoted")

    def __init__(self, field: models.Field[Any, Any]) -> None:
        self.name = field.name
        self.attname = field.attname
        self.quoted = _quoted(field)
        self.array = _sent(_type_of(field))
        self.may_default = field.has_db_default()
        # Only these may be kept on the instance otherwise than they are sent
        self.prepared: Callable[[Any], Any] | None = None
        if isinstance(field, models.JSONField):
            self.prepared = partial(_prepared, field)
        elif isinstance(field, models.DecimalField):
            self.prepared = _decimal

    def values(self, rows: Sequence[Row]) -> list[Any]:
        """Return the column's value of each row, as it is sent."""
        attname, prepared = self.attname, self.prepared
        if prepared is None:
            return [getattr(row, attname) for row in rows]
        return [prepared(getattr(row, attname)) for row in rows]


@cache
def _columns(model: type[Row]) -> tuple[_Column, ...]:
    return tuple(
        _Column(field) for field in model._meta.concrete_fields if not field.primary_key and not field.generated
    )


@cache
def _array_type(field: models.Field[Any, Any]) -> str:
    if isinstance(field, ArrayField):
        raise TypeError(f"{field.name} holds arrays, and unnest would take them apart: save these rows one by one.")
    kind = field.db_type(connection) or "text"
    kind = kind.split("(")[0].strip()
    return "text[]" if kind == "varchar" else f"{kind}[]"


def _quoted(field: models.Field[Any, Any]) -> str:
    return connection.ops.quote_name(str(field.column))


def _prepared(field: models.Field[Any, Any], value: Any) -> Any:
    return field.get_db_prep_save(value, connection)


def _sent(array_type: str) -> str:
    """Return the place of an array in a statement, so that its length is nothing to plan by.

    A plan for three rows then serves for thirty, and PostgreSQL keeps it with the prepared statement; of a bare array
    it looks at the length and plans anew each time, which costs more than the statement itself.
    """
    return f"(SELECT %s::{array_type})"


def _decimal(value: Any) -> Decimal | None:
    return value if value is None or type(value) is Decimal else Decimal(value)


def _type_of(field: models.Field[Any, Any]) -> str:
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    return _array_type(target)


def insert(rows: Sequence[Row], *children: tuple[Sequence[Row], str]) -> None:
    """Insert rows, and with them their descendants, by one statement, and set every primary key.

    Each entry of `children` is (rows, name of their foreign key to instances of an earlier entry); the parent instances
    need no primary key yet. Columns whose value is a database default on every row are left to the database.

    :raises TypeError: for a column of arrays.
    :raises ValueError: where the parents of one entry stand in several.
    """
    if not rows:
        return
    levels: list[tuple[Sequence[Row], str]] = [(rows, ""), *(child for child in children if child[0])]
    position = {
        id(row): (depth, n) for depth, (members, _name) in enumerate(levels) for n, row in enumerate(members, 1)
    }
    shape: list[_Level] = []
    params: list[Any] = []
    for members, parent_name in levels:
        model = type(members[0])
        columns = tuple(
            column
            for column in _columns(model)
            if column.name != parent_name
            and not (
                column.may_default and all(isinstance(getattr(row, column.attname), DatabaseDefault) for row in members)
            )
        )
        params += [column.values(members) for column in columns]
        parent_depth = -1
        if parent_name:
            above = [position[id(getattr(row, parent_name))] for row in members]
            parent_depth = above[0][0]
            if any(depth != parent_depth for depth, _n in above):
                raise ValueError(f"The parents of one entry's {parent_name} must be rows of one entry themselves.")
            params.append([n for _depth, n in above])
        shape.append((model, parent_name, parent_depth, columns))
    with connection.cursor() as cursor:
        cursor.execute(_insert_statement(tuple(shape)), params)
        for depth, number, new_id in cursor.fetchall():
            row = levels[depth][0][number - 1]
            row.pk = new_id
            row._state.adding = False
            row._state.db = connection.alias
    for members, parent_name in levels[1:]:
        for row in members:
            setattr(row, parent_name, getattr(row, parent_name))


# Model, foreign key to the parent, the parent's place among the levels, and the columns that are sent
_Level = tuple[type[Row], str, int, tuple[_Column, ...]]


@cache
def _insert_statement(shape: tuple[_Level, ...]) -> str:
    ctes: list[str] = []
    for depth, (model, parent_name, parent_depth, columns) in enumerate(shape):
        table = connection.ops.quote_name(model._meta.db_table)
        names = [column.quoted for column in columns]
        arrays = [column.array for column in columns]
        given, join, parent = list(names), "", []
        if parent_name:
            arrays.append(_sent("int[]"))
            given.append("parent_n")
            parent = [_quoted(_field(model, parent_name))]
            join = f" JOIN p{parent_depth} AS parent ON parent.n = u.parent_n ORDER BY u.n"
        ctes.append(
            f"p{depth} AS (SELECT nextval(pg_get_serial_sequence('{table}', 'id')) AS new_id, u.*"
            f"{', parent.new_id AS parent_id' if parent else ''} FROM"
            f" unnest({', '.join(arrays)}) WITH ORDINALITY AS u({', '.join([*given, 'n'])}){join})"
        )
        ctes.append(
            f"i{depth} AS (INSERT INTO {table} ({', '.join(['id', *parent, *names])})"
            f" SELECT {', '.join(['new_id', *(['parent_id'] if parent else []), *names])} FROM p{depth} ORDER BY n)"
        )
    answer = " UNION ALL ".join(f"SELECT {depth}, n, new_id FROM p{depth}" for depth in range(len(shape)))
    return f"WITH {', '.join(ctes)} {answer}"


def update(rows: Sequence[Row], fields: Sequence[str], *, where: Mapping[str, Sequence[Any]] | None = None) -> int:
    """Set fields of rows that the caller has locked, by one statement; return how many rows were changed.

    `where` names fields with the value each row must still have; rows that differ are left alone.
    """
    if not rows:
        return 0
    model = type(rows[0])
    table = connection.ops.quote_name(model._meta.db_table)
    members = [_field(model, name) for name in fields]
    guards = [(_field(model, name), values) for name, values in (where or {}).items()]
    names = ["id", *(f"s{n}" for n in range(len(members))), *(f"w{n}" for n in range(len(guards)))]
    arrays = [_sent("bigint[]")]
    params: list[Any] = [[row.pk for row in rows]]
    for field in members:
        arrays.append(_sent(_type_of(field)))
        params.append([_prepared(field, getattr(row, field.attname)) for row in rows])
    for field, values in guards:
        arrays.append(_sent(_type_of(field)))
        params.append([_prepared(field, value) for value in values])
    sets = ", ".join(f"{_quoted(field)} = u.s{n}" for n, field in enumerate(members))
    guard = "".join(f" AND t.{_quoted(field)} IS NOT DISTINCT FROM u.w{n}" for n, (field, _values) in enumerate(guards))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS t SET {sets} FROM unnest({', '.join(arrays)}) AS u({', '.join(names)})"
            f" WHERE t.id = u.id{guard}",
            params,
        )
        return int(cursor.rowcount)


def add(
    model: type[Row], changes: Mapping[int, Mapping[str, Any]], *, returning: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    """Add amounts to counters of rows, locking them by primary key in the same statement.

    `changes` maps primary keys to {field: amount}; a field missing for one row adds nothing there. The constraints of
    the table are the guard: a change that they forbid raises IntegrityError and changes nothing. Returns
    (id, *returning) with the values after the change.
    """
    if not changes:
        return []
    table = connection.ops.quote_name(model._meta.db_table)
    names = list(dict.fromkeys(name for change in changes.values() for name in change))
    fields = [_field(model, name) for name in names]
    ids = sorted(changes)
    columns = [_quoted(field) for field in fields]
    arrays = ", ".join([_sent("bigint[]"), *(_sent("numeric[]") for _ in fields)])
    params: list[Any] = [ids, *([Decimal(changes[pk].get(name, 0)) for pk in ids] for name in names)]
    aliases = ", ".join(["id", *(f"d{n}" for n in range(len(fields)))])
    sets = ", ".join(f"{column} = t.{column} + u.d{n}" for n, column in enumerate(columns))
    back = ", ".join(["t.id", *(f"t.{_quoted(_field(model, name))}" for name in returning)])
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH u AS MATERIALIZED (SELECT * FROM unnest({arrays}) AS u({aliases})),"
            f" l AS MATERIALIZED (SELECT t.id FROM {table} t WHERE t.id IN (SELECT id FROM u)"
            " ORDER BY t.id FOR NO KEY UPDATE)"
            f" UPDATE {table} AS t SET {sets} FROM u, l WHERE t.id = u.id AND l.id = t.id RETURNING {back}",
            params,
        )
        return cursor.fetchall()


@cache
def _field(model: type[Row], name: str) -> models.Field[Any, Any]:
    return model._meta.get_field(name)  # type: ignore[return-value]


def by_pk(rows: Iterable[Row]) -> dict[int, Any]:
    """Return rows by their primary key."""
    return {row.pk: row for row in rows}
