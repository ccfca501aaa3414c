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
from functools import cache
from operator import attrgetter
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

from core.columns import Column, column_of, columns_of, json_value
from core.columns import array as array
from core.refusals import ChangedMeanwhile

Row = models.Model


@dataclass(slots=True)
class _Waiting:
    """What is written with the next insert, or at the end: rows by model, and updates with their values and counts."""

    rows: dict[type[Row], list[Row]] = field(default_factory=lambda: defaultdict(list))
    updates: list[tuple[str, Sequence[Any], int]] = field(default_factory=list)

    def take(self, *, updates: bool = True) -> _Beside:
        """Return the statements that write all that waits, or the rows alone; it does not wait after."""
        inserts: list[str] = []
        params: list[Any] = []
        for model, members in self.rows.items():
            columns = _sent_columns(model, members)
            inserts.append(_plain_insert_statement((model, "", -1, columns)))
            params.append(_records(columns, members, None))
        self.rows.clear()
        if not updates:
            return _Beside(tuple(inserts), params=params)
        beside = _Beside(
            tuple(inserts),
            tuple(statement for statement, _values, _count in self.updates),
            params + [value for _statement, values, _count in self.updates for value in values],
            [count for _statement, _values, count in self.updates],
        )
        self.updates.clear()
        return beside


@dataclass(frozen=True, slots=True)
class _Beside:
    """Statements that are run beside another one, each of which sees what was there before any of them."""

    inserts: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    params: Sequence[Any] = ()
    counts: Sequence[int] = ()

    def __bool__(self) -> bool:
        return bool(self.inserts or self.updates)

    def checked(self, answer: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Take out of an answer how many rows each update changed, as (-1, update, rows), and return what is left.

        :raises ChangedMeanwhile: where that is not what the update was to change.
        """
        changed = {place: rows for depth, place, rows in answer if depth < 0}
        if any(changed[place] != count for place, count in enumerate(self.counts)):
            raise ChangedMeanwhile("Some of this was changed meanwhile. Nothing was changed here: look again.")
        return [row for row in answer if row[0] >= 0]


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


def execute_later(statement: str, params: Sequence[Any], *, count: int) -> None:
    """Run an UPDATE of so many rows as `later` inserts rows: at once outside a service."""
    held = _waiting.get()
    if held is not None:
        held.updates.append((statement, params, count))
        return
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        _Beside(counts=[count]).checked([(-1, 0, cursor.rowcount)])


def execute(statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a WITH statement that writes, beside it insert the rows that wait, and return its answer."""
    held = _waiting.get()
    beside = held.take(updates=False) if held else _Beside()
    with connection.cursor() as cursor:
        cursor.execute(_joined(statement, beside.inserts, ()), [*beside.params, *params])
        return cursor.fetchall()


def execute_with_all(members: str, params: Sequence[Any]) -> None:
    """Run members of a WITH that write, and beside them all that waits.

    :raises ChangedMeanwhile: where an update that waited found a row changed.
    """
    held = _waiting.get()
    beside = held.take() if held else _Beside()
    with connection.cursor() as cursor:
        statement = _joined(f"WITH {members} SELECT 0, 0, 0::bigint", beside.inserts, beside.updates)
        cursor.execute(statement, [*beside.params, *params])
        beside.checked(cursor.fetchall())


def flush() -> None:
    """Write what waits, by one statement.

    :raises ChangedMeanwhile: where an update that waited found a row changed.
    """
    held = _waiting.get()
    beside = held.take() if held else _Beside()
    if not beside:
        return
    with connection.cursor() as cursor:
        if len(beside.inserts) == 1 and not beside.updates:
            cursor.execute(beside.inserts[0], beside.params)
        else:
            cursor.execute(_joined("SELECT 0, 0, 0::bigint", beside.inserts, beside.updates), beside.params)
            beside.checked(cursor.fetchall())


@cache
def _joined(statement: str, inserts: tuple[str, ...], updates: tuple[str, ...]) -> str:
    """Return a statement with others beside it; where there are updates, its answer has how many rows each changed."""
    beside = [f"w{place} AS ({one})" for place, one in enumerate(inserts)]
    beside += [f"x{place} AS ({one} RETURNING 1)" for place, one in enumerate(updates)]
    if not beside:
        return statement
    own = statement.strip()
    begun = next((words for words in ("WITH RECURSIVE ", "WITH ") if own.startswith(words)), "")
    own = f", {own.removeprefix(begun)}" if begun else f" {own}"
    changed = "".join(f" UNION ALL SELECT -1, {place}, count(*) FROM x{place}" for place in range(len(updates)))
    return f"{begun or 'WITH '}{', '.join(beside)}{own}{changed}"


def _sent_columns(model: type[Row], rows: Sequence[Row], parent_name: str = "") -> tuple[Column, ...]:
    return tuple(
        column
        for column in columns_of(model)
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
    beside = held.take() if held else _Beside()
    with connection.cursor() as cursor:
        if len(shape) == 1 and not beside.updates:
            plain = f"{_plain_insert_statement(shape[0])} RETURNING id"
            cursor.execute(_joined(plain, beside.inserts, ()), [*beside.params, *params])
            made = [(0, n, new_id) for n, (new_id,) in enumerate(cursor.fetchall(), 1)]
        else:
            statement = _joined(_insert_statement(tuple(shape)), beside.inserts, beside.updates)
            cursor.execute(statement, [*beside.params, *params])
            made = beside.checked(cursor.fetchall())
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


def _records(columns: Sequence[Column], rows: Sequence[Row], parents: Sequence[int] | None) -> str:
    """Return rows as one JSON array of records, each with the number of its parent where `parents` says so."""
    values = attrgetter("pk", *[column.attname for column in columns])  # of one name alone it would give no tuple
    encoders = [(place, column.encoder) for place, column in enumerate(columns) if column.is_json]
    record = ",".join([*(f'"c{place}":%s' for place in range(len(columns))), *(['"parent_n":%s'] if parents else [])])
    texts = []
    for number, row in enumerate(rows):
        texts_of_row = [json_value(value) for value in values(row)[1:]]
        for place, encoder in encoders:
            texts_of_row[place] = json.dumps(getattr(row, columns[place].attname), cls=encoder)
        if parents:
            texts_of_row.append(str(parents[number]))
        texts.append(record % tuple(texts_of_row))
    return "[{" + "},{".join(texts) + "}]"


def _recordset(columns: Sequence[Column], *, with_parent: bool = False) -> str:
    kinds = [f"c{place} {column.kind[:-2]}" for place, column in enumerate(columns)]
    if with_parent:
        kinds.append("parent_n int")
    return f"ROWS FROM (json_to_recordset((SELECT %s::json)) AS ({', '.join(kinds)}))"


# Model, foreign key to the parent, the parent's place among the levels, and the columns that are sent
_Level = tuple[type[Row], str, int, tuple[Column, ...]]


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
            parent = [column_of(model, parent_name).quoted]
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


def update_later(
    rows: Sequence[Row], fields: Sequence[str], *, where: Mapping[str, Sequence[Any]] | None = None
) -> None:
    """Set fields of rows that the caller has locked, and that nobody reads back, when `later` rows are inserted.

    Each row may wait once. Where fewer are changed than should be, the whole transaction is refused as changed
    meanwhile.
    """
    if not rows:
        return
    guards = where or {}
    statement = _update_statement(type(rows[0]), tuple(fields), tuple(guards))
    execute_later(statement, _values(rows, fields, guards), count=len(rows))


def add_later(model: type[Row], changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Add amounts, as `add` takes them, to counters of rows that the caller has locked and nobody reads back."""
    if changes:
        names, params = _amounts(changes)
        execute_later(_add_statement(model, names, None), params, count=len(changes))


def _values(rows: Sequence[Row], fields: Sequence[str], guards: Mapping[str, Sequence[Any]]) -> list[str]:
    model = type(rows[0])
    return [
        array([row.pk for row in rows]),
        *(column_of(model, name).of(rows) for name in fields),
        *(column_of(model, name).sent(values) for name, values in guards.items()),
    ]


@cache
def _update_statement(model: type[Row], fields: tuple[str, ...], guards: tuple[str, ...]) -> str:
    table = connection.ops.quote_name(model._meta.db_table)
    members = [column_of(model, name) for name in fields]
    guarded = [column_of(model, name) for name in guards]
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
    the table are the guard: a change that they forbid raises IntegrityError and changes nothing. Rows that wait are
    inserted beside. Returns (id, *returning) with the values after the change.
    """
    if not changes:
        return []
    names, params = _amounts(changes)
    return execute(_add_statement(model, names, tuple(returning)), params)


def _amounts(changes: Mapping[int, Mapping[str, Any]]) -> tuple[tuple[str, ...], list[str]]:
    names = tuple(dict.fromkeys(name for change in changes.values() for name in change))
    ids = sorted(changes)
    return names, [array(ids), *(array([changes[pk].get(name, 0) for pk in ids]) for name in names)]


@cache
def _add_statement(model: type[Row], names: tuple[str, ...], returning: tuple[str, ...] | None) -> str:
    table = connection.ops.quote_name(model._meta.db_table)
    columns = [column_of(model, name).quoted for name in names]
    aliases = ", ".join(["id", *(f"d{n}" for n in range(len(columns)))])
    amounts = f"{_unnested(['bigint[]', *('numeric[]' for _ in columns)])} AS u({aliases})"
    sets = ", ".join(f"{column} = t.{column} + u.d{n}" for n, column in enumerate(columns))
    if returning is None:
        return f"UPDATE {table} AS t SET {sets} FROM {amounts} WHERE t.id = u.id"
    back = ", ".join(["t.id", *(f"t.{column_of(model, name).quoted}" for name in returning)])
    return (
        f"WITH u AS MATERIALIZED (SELECT * FROM {amounts}),"
        f" l AS MATERIALIZED (SELECT t.id FROM {table} t WHERE t.id IN (SELECT id FROM u)"
        " ORDER BY t.id FOR NO KEY UPDATE)"
        f" UPDATE {table} AS t SET {sets} FROM u, l WHERE t.id = u.id AND l.id = t.id RETURNING {back}"
    )


def by_pk(rows: Iterable[Row]) -> dict[int, Any]:
    """Return rows by their primary key."""
    return {row.pk: row for row in rows}
