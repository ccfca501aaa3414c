"""Copies what a company did: rows written between two looks at its tables, as often as wanted, with shifted keys.

Services write some days of work once; PostgreSQL writes them again a thousand times. A copy's key is its original's and
a multiple of how many keys the stretch has; so is each foreign key that points into the stretch, and any other stays.
Whatever is counted across rows (balances, series, figures of days) the caller makes right afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from benchmarks.cluster import say

# Copies of a table's rows that one statement makes; progress is told after each
ROWS_A_STATEMENT = 3_000_000

# Tables with a whole number for a key: (table, key)
_KEYS = """
SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'p' AND cardinality(c.conkey) = 1 AND a.atttypid IN ('int8'::regtype, 'int4'::regtype)
    AND c.connamespace = 'public'::regnamespace
"""
_FOREIGN = """
SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'f'
"""
_COLUMNS = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""
# What takes an index down, and what puts it back: of constraints other than keys, and of indexes
_INDEXES = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', c.conrelid::regclass, c.conname),
    format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid))
FROM pg_constraint c WHERE c.contype = 'u' AND c.conrelid = ANY (%s::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = c.conindid)
UNION ALL
SELECT format('DROP INDEX %%s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
FROM pg_index i WHERE i.indrelid = ANY (%s::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY 2
"""

# Tables whose rows are changed after they were written
_CHANGING = """
SELECT relid::regclass::text FROM pg_stat_user_tables WHERE n_tup_upd > 0 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The keys that tables gave out between two looks: (last before, last) by table."""

    keys: Mapping[str, tuple[int, int]]

    def length(self, table: str) -> int:
        """Return how many keys of a table the stretch has."""
        before, last = self.keys[table]
        return last - before


class Cloner:
    """Copies stretches within one database.

    :param kept: tables that are never copied: what is counted across rows, and machinery.
    :param loose: columns that hold a key of another table without a foreign key, by table: the table, or an expression
        of the row `t` and the table for each kind of row.
    :param spoken: columns that tell copies apart, by table: an expression of the row `t`, of `{key}`, the copy's own,
        and of `g`, which copy it is.
    """

    def __init__(
        self,
        owner: psycopg.Connection[Any],
        *,
        kept: Sequence[str],
        loose: Mapping[str, Mapping[str, Mapping[str, str]]],
        spoken: Mapping[str, Mapping[str, str]],
    ) -> None:
        self.owner, self.loose, self.spoken = owner, loose, spoken
        self.key_of = {table: key for table, key in owner.execute(_KEYS).fetchall() if table not in kept}
        self.foreign: dict[str, dict[str, str]] = {table: {} for table in self.key_of}
        for table, column, target in owner.execute(_FOREIGN).fetchall():
            if table in self.key_of and target in self.key_of:
                self.foreign[table][column] = target

    def look(self) -> dict[str, int]:
        """Return the last key of each table."""
        return {table: self._last(table) for table in self.key_of}

    def stretch(self, before: Mapping[str, int], after: Mapping[str, int]) -> Stretch:
        """Return the keys between two looks."""
        return Stretch({table: (before[table], last) for table, last in after.items() if last > before[table]})

    def copy(self, stretch: Stretch, copies: int, *, days: str = "0") -> int:
        """Copy the rows of a stretch and return how many rows were made.

        Its days and times are moved by so many days, an expression of `g`, the number of the copy from 1.
        """
        if not copies:
            return 0
        jumps = {table: self._last(table) - before for table, (before, _last) in stretch.keys.items()}
        return sum(self._copy(table, stretch, jumps, copies, days) for table in sorted(stretch.keys))

    @contextmanager
    def bare(self, tables: Sequence[str]) -> Iterator[None]:
        """Take the indexes of tables down but for their keys, and put them back."""
        indexes = self.owner.execute(_INDEXES, [list(tables), list(tables)]).fetchall()
        for down, _up in indexes:
            self.owner.execute(down)
        yield
        self.owner.execute("SET maintenance_work_mem = '1GB'")
        for number, (_down, up) in enumerate(indexes, 1):
            self.owner.execute(up)
            if number % 25 == 0 or number == len(indexes):
                say(f"    {number} of {len(indexes)} indexes")
        self.owner.execute("RESET maintenance_work_mem")

    def churn(self, *stretches: Stretch) -> int:
        """Write the rows of stretches in those tables whose rows change once more; each leaves a dead one."""
        changing = [table for (table,) in self.owner.execute(_CHANGING).fetchall() if table in self.key_of]
        return sum(
            self.owner.execute(
                SQL("UPDATE {table} SET {key} = {key} WHERE {key} > {before} AND {key} <= {last}").format(
                    table=Identifier(table),
                    key=Identifier(self.key_of[table]),
                    before=Literal(stretch.keys[table][0]),
                    last=Literal(stretch.keys[table][1]),
                )
            ).rowcount
            for stretch in stretches
            for table in changing
            if table in stretch.keys
        )

    def go_on(self, tables: Sequence[str]) -> None:
        """Have the tables give out the next keys behind the last ones."""
        for table in tables:
            sequence = self.owner.execute(
                "SELECT pg_get_serial_sequence(%s, %s)", [table, self.key_of[table]]
            ).fetchall()[0][0]
            if sequence:
                self.owner.execute("SELECT setval(%s, %s)", [sequence, self._last(table)])

    def _last(self, table: str) -> int:
        ((last,),) = self.owner.execute(
            SQL("SELECT coalesce(max({}), 0) FROM {}").format(Identifier(self.key_of[table]), Identifier(table))
        ).fetchall()
        return int(last)

    def _copy(self, table: str, stretch: Stretch, jumps: Mapping[str, int], copies: int, days: str) -> int:
        columns = self.owner.execute(_COLUMNS, [table]).fetchall()
        before, last = stretch.keys[table]
        statement = SQL(
            "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE"
            " SELECT {values} FROM generate_series({first}, {until}) g"
            # Each copy's rows follow the one's before it, as rows do that are written one day after the other
            " CROSS JOIN LATERAL (SELECT * FROM {table} WHERE g > 0 AND {key} > {before} AND {key} <= {last}"
            " ORDER BY {key} OFFSET 0) t"
        )
        named = {
            "table": Identifier(table),
            "key": Identifier(self.key_of[table]),
            "before": Literal(before),
            "last": Literal(last),
            "names": SQL(", ").join(Identifier(name) for name, _kind in columns),
            "values": SQL(", ").join(
                SQL(self._value(table, name, kind, stretch, jumps, days)) for name, kind in columns
            ),
        }
        step = max(1, ROWS_A_STATEMENT // stretch.length(table))
        made = 0
        for first in range(1, copies + 1, step):
            until = min(first + step - 1, copies)
            cursor = self.owner.execute(statement.format(**named, first=Literal(first), until=Literal(until)))
            made += cursor.rowcount
        say(f"    {table:28} {made:11,}")
        return made

    def _value(self, table: str, name: str, kind: str, stretch: Stretch, jumps: Mapping[str, int], days: str) -> str:
        """Return what a column of a copy is, an expression of the original row `t` and the number `g` of the copy."""

        def shifted(target: str) -> str:
            return f"{jumps[target]} + (g - 1)::bigint * {stretch.length(target)}"

        def moved(target: str) -> str:
            if target not in stretch.keys:
                return f't."{name}"'
            before, last = stretch.keys[target]
            copied = f't."{name}" > {before} AND t."{name}" <= {last}'
            return f't."{name}" + CASE WHEN {copied} THEN {shifted(target)} ELSE 0 END'

        if name == self.key_of[table]:
            return f't."{name}" + {shifted(table)}'
        if name in self.foreign[table]:
            return moved(self.foreign[table][name])
        if name in self.loose.get(table, {}):
            of_kind = self.loose[table][name]
            cases = "".join(f" WHEN {when} THEN {moved(target)}" for when, target in of_kind.items())
            return f'CASE{cases} ELSE t."{name}" END'
        if name in self.spoken.get(table, {}):
            key = f"(t.{self.key_of[table]} + {shifted(table)})::text"
            return self.spoken[table][name].format(key=key)
        if kind in ("date", "timestamp with time zone") and days != "0":
            return f't."{name}" + ({days}) * ' + ("1" if kind == "date" else "interval '1 day'")
        return f't."{name}"'
