"""Fails a test when a transaction locks tables in another order than core.locking.LOCK_ORDER (ADR 0002).

It reads every statement of every connection that Django opens in a test, those of threads and of the live server too.
A statement that updates only rows which the same transaction inserted makes nobody wait: it says /* own rows */ and is
passed over. So is an update of a table in which the transaction locked no row but inserted some: what it has not locked
it may not change (core.bulk), so that these are what it changes.
"""

import re
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Any

import pytest
from django.db.backends.signals import connection_created
from psycopg.pq import TransactionStatus

from core.locking import LOCK_ORDER

# The row that makes a second request with the same key wait is inserted before anything is locked.
KEY_TABLE = "core_idempotencykey"
# Statements are few, and asked again and again
REMEMBERED = 10_000
RANKS = {table: rank for rank, table in enumerate((KEY_TABLE, *LOCK_ORDER))}

_ROW_LOCK = re.compile(r"\bFOR (?:NO KEY )?UPDATE\b(?:\s+OF\s+(?P<of>[\w\", ]+))?", re.IGNORECASE)
_FROM = re.compile(r"\bFROM\b(.*?)(?=\b(?:FROM|WHERE|GROUP|HAVING|ORDER|LIMIT|UNION)\b|$)", re.IGNORECASE | re.DOTALL)
_TABLE = re.compile(r'\s*(?:ONLY\s+)?"?(\w+)"?(?:\s+(?:AS\s+)?"?(\w+)"?)?', re.IGNORECASE)
_CHANGED = re.compile(
    r'(?<!FOR )(?<!KEY )\b(?:UPDATE|DELETE FROM|INSERT INTO(?=.*\bDO UPDATE\b))\s+(?:ONLY\s+)?"?(\w+)"?',
    re.IGNORECASE | re.DOTALL,
)
_MADE = re.compile(r'\bINSERT INTO "?(\w+)"?', re.IGNORECASE)
_KEY_INSERT = re.compile(rf'\bINSERT INTO "?{KEY_TABLE}\b', re.IGNORECASE)
_SAVEPOINT = re.compile(r'(?P<back>ROLLBACK TO )?SAVEPOINT "?(?P<name>\w+)"?')


class LockedBackwards(AssertionError):
    """A transaction locked a table that stands before one it had locked already."""


class LockOrderWatch:
    """A statement wrapper for one connection that raises LockedBackwards, and notes it for those who swallow it."""

    def __init__(self, connection: Any, noted: list[str]) -> None:
        self.connection = connection
        self.noted = noted
        self.forget()

    def forget(self) -> None:
        """Begin a transaction: nothing is locked."""
        self.taken: tuple[str, ...] = ()
        self.made: set[str] = set()
        self.at_savepoint: dict[str, tuple[str, ...]] = {}

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        text = sql if isinstance(sql, str) else str(sql)
        if text.endswith("/* history */"):
            return execute(sql, params, many, context)  # told within the first write; it locks nothing
        if self.begins_transaction():
            self.forget()
        if savepoint := _SAVEPOINT.match(text):
            # What was locked after a savepoint is free again when that is rolled back.
            if savepoint["back"]:
                self.taken = self.at_savepoint.get(savepoint["name"], ())
            else:
                self.at_savepoint[savepoint["name"]] = self.taken
            return execute(sql, params, many, context)
        for table in tables_locked(text, self.made):
            if table in self.taken:
                continue  # rows that the transaction holds already are changed without waiting
            later = [other for other in self.taken if RANKS[other] > RANKS[table]]
            if later:
                self.noted.append(f"{table} was locked after {later[0]}: {text[:300]}")
                raise LockedBackwards(self.noted[-1])
            self.taken = (*self.taken, table)
        self.made.update(tables_made(text))
        return execute(sql, params, many, context)

    def begins_transaction(self) -> bool:
        """Say whether the next statement is the first of a transaction; the one around a test counts as none."""
        raw, blocks = self.connection.connection, self.connection.atomic_blocks
        if raw is None or raw.info.transaction_status == TransactionStatus.IDLE:
            return True
        return bool(blocks) and all(getattr(block, "_from_testcase", False) for block in blocks)


def tables_locked(sql: str, made: Collection[str] = ()) -> list[str]:
    """Return the tables of the lock order whose rows a statement locks, in the order it names them.

    `made`: those into which its transaction inserted, whose rows it changes without having read them.
    """
    return list(dict.fromkeys(table for table, is_change in _named(sql) if not (is_change and table in made)))


@lru_cache(maxsize=REMEMBERED)
def tables_made(sql: str) -> tuple[str, ...]:
    """Return the tables into which a statement inserts."""
    return tuple(_MADE.findall(sql))


@lru_cache(maxsize=REMEMBERED)
def _named(sql: str) -> tuple[tuple[str, bool], ...]:
    """Return the tables of the lock order that a statement locks, in its order, and of each if it is by a change."""
    if "/* own rows */" in sql:
        return ()
    found = [(match.start(), table, False) for match in _ROW_LOCK.finditer(sql) for table in _row_locked(sql, match)]
    found += [(match.start(), match[1], True) for match in _CHANGED.finditer(sql) if match[1] != KEY_TABLE]
    found += [(match.start(), KEY_TABLE, False) for match in _KEY_INSERT.finditer(sql)]
    found.sort(key=lambda place: place[0])
    return tuple((table, is_change) for _, table, is_change in found if table in RANKS)


def _row_locked(sql: str, lock: re.Match[str]) -> list[str]:
    """Return the tables that one FOR UPDATE clause locks: those it names, or all that its own SELECT reads."""
    names: dict[str, str] = {}
    for clause in _FROM.findall(_own_select(sql[: lock.start()])):
        for item in re.split(r",|\bJOIN\b", clause, flags=re.IGNORECASE):
            if table := _TABLE.match(item):
                names |= {table[1]: table[1], table[2] or table[1]: table[1]}
    if lock["of"] is None:
        return list(dict.fromkeys(names.values()))
    return [names[name] for name in re.findall(r"\w+", lock["of"]) if name in names]


def _own_select(before: str) -> str:
    """Return the SELECT that a text ends with, without what is in parentheses inside it and around it."""
    depth, kept = 0, []
    for char in reversed(before):
        if char == ")":
            depth += 1
        elif char == "(":
            depth -= 1
        if depth < 0 or (char == ";" and not depth):
            break
        if not depth and char != "(":
            kept.append(char)
    return "".join(reversed(kept))


@pytest.fixture(scope="session")
def _lock_watch() -> Iterator[list[str]]:
    """Watch every connection that Django opens from now on."""
    noted: list[str] = []

    def watch(connection: Any, **_: Any) -> None:
        if not any(isinstance(wrapper, LockOrderWatch) for wrapper in connection.execute_wrappers):
            # First is outermost; the last place is taken and given back by connection.execute_wrapper().
            connection.execute_wrappers.insert(0, LockOrderWatch(connection, noted))

    connection_created.connect(watch, weak=False, dispatch_uid="tests.lock_watch")
    yield noted
    connection_created.disconnect(dispatch_uid="tests.lock_watch")


@pytest.fixture(autouse=True)
def locked_backwards(_lock_watch: list[str]) -> Iterator[list[str]]:
    """Fail a test in which a transaction locked backwards, even where a thread or a server swallowed the error."""
    _lock_watch.clear()
    yield _lock_watch
    if _lock_watch:
        pytest.fail("\n".join(_lock_watch))
