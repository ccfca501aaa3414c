"""Columns and their values as PostgreSQL takes them: one array to a column, or records of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from json.encoder import encode_basestring
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

Row = models.Model


class Column:
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
def column_of(model: type[Row], name: str) -> Column:
    """Return a model's column by its field's name."""
    return Column(model._meta.get_field(name))  # type: ignore[arg-type]


@cache
def columns_of(model: type[Row]) -> tuple[Column, ...]:
    """Return all columns of a model that are written: neither its key nor what is generated."""
    return tuple(
        Column(field) for field in model._meta.concrete_fields if not field.primary_key and not field.generated
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


def json_value(value: Any) -> str:
    """Return a value of a JSON record, with every figure as its own text."""
    if type(value) is str:
        return encode_basestring(value)
    if value is None:
        return "null"
    if type(value) in _BARE:
        return str(value) if value is not True and value is not False else "true" if value else "false"
    return encode_basestring(str(value))
