"""Row locks: one way to take them, one order to take them in, and the watch that finds who does not.

The order is ARCHITECTURE's (ADR 0002). Locks are FOR NO KEY UPDATE, so that inserting a child never waits for a locked parent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Self

from django.db import connection, models
from psycopg.pq import TransactionStatus

# Earlier first. Documents that are not listed come before all of these, and the idempotency key before everything.
LOCK_ORDER = (
    "orders_creditaccount",
    "orders_salesorder",
    "orders_salesorderline",
    "orders_linepart",
    "billing_invoice",
    "billing_payment",
    "shipping_shipment",
    "warehouse_wave",
    "warehouse_picktask",
    "inventory_supplierorderline",
    "inventory_transferline",
    "inventory_demand",
    "inventory_stocklevel",
    "inventory_binstock",
    "core_numberseries",
)
_RANK = {table: rank for rank, table in enumerate(LOCK_ORDER)}


class LockingQuerySet(models.QuerySet[Any]):
    """A QuerySet whose rows can be locked the one way that does not deadlock."""

    def locked(self) -> Self:
        """Lock the rows by primary key when evaluated; a lazy one locks nothing, so wrap it in list().

        Lock and read are two statements: sums over other rows belong in the next one.
        """
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


def lock_rows(model: type[models.Model], ids: Iterable[int]) -> None:
    """Lock rows of one table by primary key without fetching them."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [sorted(set(ids))])


class LockedBackwards(AssertionError):
    """A transaction locked a table that stands before one it had locked already."""


_LOCKS = re.compile(
    r'(?:FROM|JOIN)\s+"?(?P<from>\w+)"?(?=[^;]*?FOR NO KEY UPDATE)|UPDATE\s+(?!OF\b)"?(?P<update>\w+)"?\s', re.IGNORECASE
)


class LockOrderWatch:
    """A statement wrapper for one connection that raises LockedBackwards; tests run under it.

    Rows that the same transaction inserted are nobody else's to wait for: a statement that updates only those says
    /* own rows */ and is passed over.
    """

    def __init__(self, watched: Any) -> None:
        self.connection = watched
        self.highest = -1
        self.highest_table = ""

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if self._starts_transaction(sql):
            self.highest, self.highest_table = -1, ""
        for table in self.tables_locked(sql):
            rank = _RANK[table]
            if rank < self.highest:
                raise LockedBackwards(f"{table} was locked after {self.highest_table}: {sql[:200]}")
            self.highest, self.highest_table = rank, table
        return execute(sql, params, many, context)

    @staticmethod
    def tables_locked(sql: str) -> list[str]:
        """Return the tables of the lock order that a statement locks, in the order it names them."""
        if "/* own rows */" in sql:
            return []
        if sql.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE")):
            found = []
            for match in _LOCKS.finditer(sql):
                table = match["from"] or match["update"]
                if table in _RANK and table not in found:
                    found.append(table)
            return found
        return []

    def _starts_transaction(self, sql: str) -> bool:
        raw = self.connection.connection
        if raw is None or raw.info.transaction_status == TransactionStatus.IDLE:
            return True
        blocks = self.connection.atomic_blocks
        return sql.startswith("SAVEPOINT") and all(getattr(block, "_from_testcase", False) for block in blocks)
