"""Writing many rows with one statement: insert with children, set, and add under an ordered lock.

Rows are model instances or plain figures; arrays go to PostgreSQL once and are unnested there. Django's own bulk update
is banned (it costs seventy times the Python).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

Row = models.Model


class _Column:
    """What a statement needs to know of a field, looked up once."""

    __slots__ = ("attname", "encoder", "is_json", "kind", "may_default", "name", "quoted")

    def __init__(self, field: models.Field[Any, Any]) -> None:
        self.name = field.name
        self.attname = field.attname
        self.quoted = _quoted(field)
        self.kind = _array_type(field.target_field if isinstance(field, models.ForeignKey) else field)
        self.may_default = field.has_db_default()
        self.is_json = isinstance(field, models.JSONField)
        self.encoder = getattr(field, "encoder", None)

    def of(self, rows: Sequence[Row]) -> str:
        """Return the column's value of each row, as it is sent."""
        attname = self.attname
        return self.sent([getattr(row, attname) for row in rows])

    def sent(self, values: Iterable[Any]) -> str:
        """Return values of the column as they are sent."""
        if self.is_json:
            values = [value if value is None else json.dumps(value, cls=self.encoder) for value in values]
        return array(values)


@cache
def _column(model: type[Row], name: str) -> _Column:
    return _Column(model._meta.get_field(name))  # type: ignore[arg-type]


@cache
def _columns(model: type[Row]) -> tuple[_Column, ...]:
    return tuple(
        _Column(field) for field in model._meta.concrete_fields if not field.primary_key and not field.generated
    )


def _array_type(field: models.Field[Any, Any]) -> str:
    if isinstance(field, ArrayField):
        raise TypeError(f"{field.name} holds arrays, and unnest would take them apart: save these rows one by one.")
    kind = field.db_type(connection) or "text"
    kind = kind.split("(")[0].strip()
    return "text[]" if kind == "varchar" else f"{kind}[]"


def _quoted(field: models.Field[Any, Any]) -> str:
    return connection.ops.quote_name(str(field.column))


def array(values: Iterable[Any]) -> str:
    """Return values as the text of one PostgreSQL array: None is NULL, everything else its own text.

    A statement takes it as `(SELECT %s::bigint[])`, so that nothing is known of its length when the statement is
    planned: the plan for three rows then serves for thirty, and PostgreSQL keeps it with the prepared statement; at a
    bare array it looks anew each time, which costs more than the statement itself. A list would have psycopg look at
    each of its elements.
    """
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if type(value) in _BARE:
        return str(value)
    text = str(value)
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


_BARE = frozenset({int, Decimal, bool})


@dataclass(slots=True)
class _Waiting:
    """What is written with the next insert, or at the end: rows by model, and single statements with their values."""

    rows: dict[type[Row], list[Row]] = field(default_factory=lambda: defaultdict(list))
    statements: list[tuple[str, Sequence[Any]]] = field(default_factory=list)

    def take(self) -> tuple[tuple[str, ...], list[Any]]:
        """Return the statements that write all that waits, with their values; nothing waits after."""
        statements: list[str] = []
        params: list[Any] = []
        for model, members in self.rows.items():
            columns = _sent_columns(model, members)
            statements.append(_plain_insert_statement((model, "", -1, columns)))
            params.append(_records(columns, members, None))
        for statement, values in self.statements:
            statements.append(statement)
            params += values
        self.rows.clear()
        self.statements.clear()
        return tuple(statements), params


_waiting: ContextVar[_Waiting | None] = ContextVar("waiting", default=None)


@contextmanager
def waiting() -> Iterator[None]:
    """Let rows wait inside (`later`), and write what waits in the end; what raises leaves nothing behind."""
    token = _waiting.set(_Waiting())
    try:
        yield
        flush()
    finally:
        _waiting.reset(token)


def later(rows: Sequence[Row]) -> None:
    """Insert rows whose primary keys nobody needs, with the next insert of this transaction or at its end.

    Each statement less is a round trip less. Outside a service they are inserted at once.
    """
    held = _waiting.get()
    if held is None:
        insert(rows)
    elif rows:
        held.rows[type(rows[0])] += rows


def execute_later(statement: str, params: Sequence[Any]) -> None:
    """Run a single INSERT, UPDATE or DELETE as `later` inserts rows: at once outside a service."""
    held = _waiting.get()
    if held is not None:
        held.statements.append((statement, params))
        return
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def flush() -> None:
    """Write what waits, by one statement."""
    held = _waiting.get()
    statements, params = held.take() if held else ((), [])
    if statements:
        with connection.cursor() as cursor:
            cursor.execute(statements[0] if len(statements) == 1 else _joined("SELECT", statements), params)


@cache
def _joined(statement: str, beside: tuple[str, ...]) -> str:
    """Return a statement with others that are run beside it, each of which sees what was there before."""
    if not beside:
        return statement
    ctes = ", ".join(f"w{place} AS ({one})" for place, one in enumerate(beside))
    return f"WITH {ctes}, {statement[5:]}" if statement.startswith("WITH ") else f"WITH {ctes} {statement}"


def _sent_columns(model: type[Row], rows: Sequence[Row], parent_name: str = "") -> tuple[_Column, ...]:
    return tuple(
        column
        for column in _columns(model)
        if column.name != parent_name
        and not (column.may_default and all(isinstance(getattr(row, column.attname), DatabaseDefault) for row in rows))
    )


def insert(rows: Sequence[Row], *children: tuple[Sequence[Row], str]) -> None:
    """Insert rows, and with them their descendants and what waits, by one statement, and set every primary key.

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
    params: list[str] = []
    for members, parent_name in levels:
        model = type(members[0])
        columns = _sent_columns(model, members, parent_name)
        parent_depth, parents = -1, None
        if parent_name:
            above = [position[id(getattr(row, parent_name))] for row in members]
            parent_depth = above[0][0]
            if any(depth != parent_depth for depth, _n in above):
                raise ValueError(f"The parents of one entry's {parent_name} must be rows of one entry themselves.")
            parents = [n for _depth, n in above]
        params.append(_records(columns, members, parents))
        shape.append((model, parent_name, parent_depth, columns))
    held = _waiting.get()
    beside, beside_params = held.take() if held else ((), [])
    with connection.cursor() as cursor:
        if len(shape) == 1:
            cursor.execute(_joined(f"{_plain_insert_statement(shape[0])} RETURNING id", beside), beside_params + params)
            made = [(0, n, new_id) for n, (new_id,) in enumerate(cursor.fetchall(), 1)]
        else:
            cursor.execute(_joined(_insert_statement(tuple(shape)), beside), beside_params + params)
            made = cursor.fetchall()
    alias = connection.alias
    for depth, number, new_id in made:
        row = levels[depth][0][number - 1]
        row.pk = new_id
        row._state.adding = False
        row._state.db = alias
    for members, parent_name in levels[1:]:
        attname = f"{parent_name}_id"
        for row in members:
            row.__dict__[attname] = getattr(row, parent_name).pk


def _records(columns: Sequence[_Column], rows: Sequence[Row], parents: Sequence[int] | None) -> str:
    """Return rows as one JSON array of records, each with the number of its parent where `parents` says so."""
    values = attrgetter("pk", *[column.attname for column in columns])  # of one name alone it would give no tuple
    encoders = [(place, column.encoder) for place, column in enumerate(columns) if column.is_json]
    record = ",".join([*(f'"c{place}":%s' for place in range(len(columns))), *(['"parent_n":%s'] if parents else [])])
    texts = []
    for number, row in enumerate(rows):
        texts_of_row = [_json(value) for value in values(row)[1:]]
        for place, encoder in encoders:
            texts_of_row[place] = json.dumps(getattr(row, columns[place].attname), cls=encoder)
        if parents:
            texts_of_row.append(str(parents[number]))
        texts.append(record % tuple(texts_of_row))
    return "[{" + "},{".join(texts) + "}]"


def _json(value: Any) -> str:
    if type(value) is str:
        return encode_basestring(value)
    if value is None:
        return "null"
    if type(value) in _BARE:
        return str(value) if value is not True and value is not False else "true" if value else "false"
    return encode_basestring(str(value))


def _recordset(columns: Sequence[_Column], *, with_parent: bool = False) -> str:
    kinds = [f"c{place} {column.kind[:-2]}" for place, column in enumerate(columns)]
    if with_parent:
        kinds.append("parent_n int")
    return f"ROWS FROM (json_to_recordset((SELECT %s::json)) AS ({', '.join(kinds)}))"


# Model, foreign key to the parent, the parent's place among the levels, and the columns that are sent
_Level = tuple[type[Row], str, int, tuple[_Column, ...]]


@cache
def _plain_insert_statement(level: _Level) -> str:
    """Return the statement for rows without children; PostgreSQL returns the ids in the order of the arrays."""
    model, _parent_name, _parent_depth, columns = level
    table, names = connection.ops.quote_name(model._meta.db_table), ", ".join(column.quoted for column in columns)
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {_recordset(columns)} AS u({names})"


@cache
def _insert_statement(shape: tuple[_Level, ...]) -> str:
    ctes: list[str] = []
    for depth, (model, parent_name, parent_depth, columns) in enumerate(shape):
        table = connection.ops.quote_name(model._meta.db_table)
        names = [column.quoted for column in columns]
        given, join, parent = list(names), "", []
        if parent_name:
            given.append("parent_n")
            parent = [_column(model, parent_name).quoted]
            join = f" JOIN p{parent_depth} AS parent ON parent.n = u.parent_n ORDER BY u.n"
        ctes.append(
            f"p{depth} AS (SELECT nextval('{_sequence(model)}'::regclass) AS new_id, u.*"
            f"{', parent.new_id AS parent_id' if parent else ''} FROM"
            f" {_recordset(columns, with_parent=bool(parent_name))} WITH ORDINALITY"
            f" AS u({', '.join([*given, 'n'])}){join})"
        )
        ctes.append(
            f"i{depth} AS (INSERT INTO {table} ({', '.join(['id', *parent, *names])})"
            f" SELECT {', '.join(['new_id', *(['parent_id'] if parent else []), *names])} FROM p{depth})"
        )
    answer = " UNION ALL ".join(f"SELECT {depth}, n, new_id FROM p{depth}" for depth in range(len(shape)))
    return f"WITH {', '.join(ctes)} {answer}"


def _sequence(model: type[Row]) -> str:
    """Return the sequence that numbers a model's rows, as Django's migrations name it; a test asks PostgreSQL for all.

    Asked once a row, as pg_get_serial_sequence would be, it costs as much as the row.
    """
    return f"{model._meta.db_table}_id_seq"


def _unnested(kinds: Iterable[str]) -> str:
    return f"unnest({', '.join(f'(SELECT %s::{kind})' for kind in kinds)})"


def update(rows: Sequence[Row], fields: Sequence[str], *, where: Mapping[str, Sequence[Any]] | None = None) -> int:
    """Set fields of rows that the caller has locked, by one statement; return how many rows were changed.

    `where` names fields with the value each row must still have; rows that differ are left alone.
    """
    if not rows:
        return 0
    guards = where or {}
    with connection.cursor() as cursor:
        cursor.execute(_update_statement(type(rows[0]), tuple(fields), tuple(guards)), _values(rows, fields, guards))
        return int(cursor.rowcount)


def update_later(rows: Sequence[Row], fields: Sequence[str]) -> None:
    """Set fields of rows that the caller has locked, when rows that are inserted `later` are."""
    if rows:
        execute_later(_update_statement(type(rows[0]), tuple(fields), ()), _values(rows, fields, {}))


def _values(rows: Sequence[Row], fields: Sequence[str], guards: Mapping[str, Sequence[Any]]) -> list[str]:
    model = type(rows[0])
    return [
        array([row.pk for row in rows]),
        *(_column(model, name).of(rows) for name in fields),
        *(_column(model, name).sent(values) for name, values in guards.items()),
    ]


@cache
def _update_statement(model: type[Row], fields: tuple[str, ...], guards: tuple[str, ...]) -> str:
    table = connection.ops.quote_name(model._meta.db_table)
    members = [_column(model, name) for name in fields]
    guarded = [_column(model, name) for name in guards]
    names = ["id", *(f"s{n}" for n in range(len(members))), *(f"w{n}" for n in range(len(guarded)))]
    arrays = _unnested(["bigint[]", *(column.kind for column in [*members, *guarded])])
    sets = ", ".join(f"{column.quoted} = u.s{n}" for n, column in enumerate(members))
    guard = "".join(f" AND t.{column.quoted} IS NOT DISTINCT FROM u.w{n}" for n, column in enumerate(guarded))
    return f"UPDATE {table} AS t SET {sets} FROM {arrays} AS u({', '.join(names)}) WHERE t.id = u.id{guard}"


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
    names = tuple(dict.fromkeys(name for change in changes.values() for name in change))
    ids = sorted(changes)
    params = [array(ids), *(array([changes[pk].get(name, 0) for pk in ids]) for name in names)]
    with connection.cursor() as cursor:
        cursor.execute(_add_statement(model, names, tuple(returning)), params)
        return cursor.fetchall()


@cache
def _add_statement(model: type[Row], names: tuple[str, ...], returning: tuple[str, ...]) -> str:
    table = connection.ops.quote_name(model._meta.db_table)
    columns = [_column(model, name).quoted for name in names]
    arrays = _unnested(["bigint[]", *("numeric[]" for _ in columns)])
    aliases = ", ".join(["id", *(f"d{n}" for n in range(len(columns)))])
    sets = ", ".join(f"{column} = t.{column} + u.d{n}" for n, column in enumerate(columns))
    back = ", ".join(["t.id", *(f"t.{_column(model, name).quoted}" for name in returning)])
    return (
        f"WITH u AS MATERIALIZED (SELECT * FROM {arrays} AS u({aliases})),"
        f" l AS MATERIALIZED (SELECT t.id FROM {table} t WHERE t.id IN (SELECT id FROM u)"
        " ORDER BY t.id FOR NO KEY UPDATE)"
        f" UPDATE {table} AS t SET {sets} FROM u, l WHERE t.id = u.id AND l.id = t.id RETURNING {back}"
    )


def by_pk(rows: Iterable[Row]) -> dict[int, Any]:
    """Return rows by their primary key."""
    return {row.pk: row for row in rows}
