"""Writing many rows with one statement: insert with children, set, and add under an ordered lock.

Rows are model instances or plain figures; arrays go to PostgreSQL once and are unnested there. Django's own bulk update
is banned (it costs seventy times the Python).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

Row = models.Model


@cache
def _columns(model: type[Row]) -> tuple[models.Field[Any, Any], ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key and not field.generated)


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
    ctes: list[str] = []
    params: list[Any] = []
    for depth, (members, parent_name) in enumerate(levels):
        model = type(members[0])
        table = connection.ops.quote_name(model._meta.db_table)
        fields = [
            field
            for field in _columns(model)
            if field.name != parent_name
            and not all(isinstance(getattr(row, field.attname), DatabaseDefault) for row in members)
        ]
        names = [_quoted(field) for field in fields]
        arrays = [f"%s::{_type_of(field)}" for field in fields]
        params += [[_prepared(field, getattr(row, field.attname)) for row in members] for field in fields]
        given, join, parent = list(names), "", []
        if parent_name:
            above = [position[id(getattr(row, parent_name))] for row in members]
            if len({entry for entry, _n in above}) > 1:
                raise ValueError(f"The parents of one entry's {parent_name} must be rows of one entry themselves.")
            arrays.append("%s::int[]")
            params.append([n for _depth, n in above])
            given.append("parent_n")
            parent = [_quoted(_field(model, parent_name))]
            join = f" JOIN p{above[0][0]} AS parent ON parent.n = u.parent_n ORDER BY u.n"
        ctes.append(
            f"p{depth} AS (SELECT nextval(pg_get_serial_sequence('{table}', 'id')) AS new_id, u.*"
            f"{', parent.new_id AS parent_id' if parent else ''} FROM"
            f" unnest({', '.join(arrays)}) WITH ORDINALITY AS u({', '.join([*given, 'n'])}){join})"
        )
        ctes.append(
            f"i{depth} AS (INSERT INTO {table} ({', '.join(['id', *parent, *names])})"
            f" SELECT {', '.join(['new_id', *(['parent_id'] if parent else []), *names])} FROM p{depth} ORDER BY n)"
        )
    answer = " UNION ALL ".join(f"SELECT {depth}, n, new_id FROM p{depth}" for depth in range(len(levels)))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(ctes)} {answer}", params)
        for depth, number, new_id in cursor.fetchall():
            row = levels[depth][0][number - 1]
            row.pk = new_id
            row._state.adding = False
            row._state.db = connection.alias
    for members, parent_name in levels[1:]:
        for row in members:
            setattr(row, parent_name, getattr(row, parent_name))


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
    arrays = ["%s::bigint[]"]
    params: list[Any] = [[row.pk for row in rows]]
    for field in members:
        arrays.append(f"%s::{_type_of(field)}")
        params.append([_prepared(field, getattr(row, field.attname)) for row in rows])
    for field, values in guards:
        arrays.append(f"%s::{_type_of(field)}")
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
    arrays = ", ".join(["%s::bigint[]", *("%s::numeric[]" for _ in fields)])
    params: list[Any] = [ids, *([Decimal(changes[pk].get(name, 0)) for pk in ids] for name in names)]
    aliases = ", ".join(["id", *(f"d{n}" for n in range(len(fields)))])
    sets = ", ".join(f"{column} = t.{column} + u.d{n}" for n, column in enumerate(columns))
    back = ", ".join(["t.id", *(f"t.{_quoted(_field(model, name))}" for name in returning)])
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH u AS MATERIALIZED (SELECT * FROM unnest({arrays}) AS u({aliases})),"
            f" l AS MATERIALIZED (SELECT t.id FROM {table} t WHERE t.id = ANY(%s) ORDER BY t.id FOR NO KEY UPDATE)"
            f" UPDATE {table} AS t SET {sets} FROM u, l WHERE t.id = u.id AND l.id = t.id RETURNING {back}",
            [*params, ids],
        )
        return cursor.fetchall()


@cache
def _field(model: type[Row], name: str) -> models.Field[Any, Any]:
    return model._meta.get_field(name)  # type: ignore[return-value]


def by_pk(rows: Iterable[Row]) -> dict[int, Any]:
    """Return rows by their primary key."""
    return {row.pk: row for row in rows}
