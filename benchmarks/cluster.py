"""The server that benchmarks run on: a throw-away cluster with statement statistics, fsync and a migrated template."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import psycopg

from config.dev.databases import clone_database, ensure_roles_and_database
from config.dev.postgres import APP_ROLE, EmbeddedPostgres
from config.dev.throwaway import throwaway_cluster

TEMPLATE = "bench_template"
_TICKS = os.sysconf("SC_CLK_TCK")

# Left out by the contract: what opens and closes transactions, pghistory's context, PostgreSQL's own foreign-key
# checks, and reading of statistics.
_NOT_COUNTED = (
    r"^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SELECT set_config|SET |SHOW |DISCARD)|FOR KEY SHARE OF x|pg_stat_"
)


def say(text: str) -> None:
    """Tell the person at the terminal how far it is."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def report(bench: str, case: str = "", *, ok: bool, **figures: Any) -> bool:
    """Print one case as a JSON line and return whether it reached its promise."""
    head = {"bench": bench, **({"case": case} if case else {})}
    sys.stdout.write(json.dumps({**head, **figures, "ok": ok}) + "\n")
    sys.stdout.flush()
    return ok


class BenchCluster:
    """A running cluster with databases cloned from one migrated template."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server
        ensure_roles_and_database(server.uri(), database=TEMPLATE)
        with self.owner(TEMPLATE) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            env=os.environ | self.environment(TEMPLATE),
            check=True,
        )

    def environment(self, database: str) -> dict[str, str]:
        """Return the settings under which the product runs on one of the cluster's databases."""
        return {
            "ORDERLY_ENV": "local",
            "DATABASE_URL": self.server.uri(APP_ROLE, database),
            "MIGRATE_DATABASE_URL": self.server.uri(database=database),
        }

    def owner(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Open a connection of the owner."""
        return psycopg.connect(self.server.uri(database=database), autocommit=True)

    def fresh_database(self, database: str) -> None:
        """Make a database anew from the migrated template."""
        clone_database(self.server.uri(), template=TEMPLATE, database=database)

    def dsn(self) -> str:
        """Return the owner's address of the server, for the floor that makes a database of its own."""
        return self.server.uri()


@contextlib.contextmanager
def bench_cluster() -> Iterator[BenchCluster]:
    """Lend a cluster on disk, durable settings on, removed at the end."""
    say("server ...")
    with throwaway_cluster(statement_statistics=True) as server:
        yield BenchCluster(server)


class StatementCount:
    """Statements that PostgreSQL saw in a database between two looks, in our functions and triggers too."""

    def __init__(self, cluster: BenchCluster, database: str) -> None:
        self._connection = cluster.owner(database)

    def reset(self) -> None:
        """Begin to count."""
        self._connection.execute("SELECT pg_stat_statements_reset()")

    def read(self) -> int:
        """Return the statements since the last reset."""
        row = self._connection.execute(
            "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
            " WHERE d.datname = current_database() AND s.query !~* %s",
            [_NOT_COUNTED],
        ).fetchone()
        return int(row[0]) if row else 0

    def seen(self, limit: int = 200) -> list[tuple[int, str]]:
        """Return the statements with their calls, most called first, for whoever looks for one too many."""
        return self._connection.execute(
            "SELECT calls, regexp_replace(query, '\\s+', ' ', 'g')"
            " FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
            " WHERE d.datname = current_database() AND s.query !~* %s ORDER BY calls DESC, query LIMIT %s",
            [_NOT_COUNTED, limit],
        ).fetchall()

    def rows_written(self) -> int:
        """Return the rows inserted, updated and deleted in the database so far."""
        time.sleep(1.2)  # backends publish their figures once a second
        row = self._connection.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables"
        ).fetchone()
        return int(row[0]) if row else 0


def process_cpu(pid: int) -> float:
    """Return the CPU seconds that a process has used, 0 where it cannot be read."""
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def machine_busy() -> float:
    """Return the core seconds that this machine has been busy."""
    with open("/proc/stat") as file:  # noqa: PTH123
        ticks = [int(part) for part in file.readline().split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / _TICKS
