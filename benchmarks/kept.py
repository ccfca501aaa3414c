"""The years that benchmarks of pages read: databases that are made once, kept for the next run, and brought up to date.

They lie in a cluster of their own, in var/bench or where BENCH_DIR says; `make clean` removes it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from psycopg.sql import SQL, Identifier, Literal

from benchmarks.cluster import BenchCluster, say
from benchmarks.using import use
from config.dev.postgres import EmbeddedPostgres
from config.dev.throwaway import STATEMENT_STATISTICS

# Made anew where another version made it
VERSION = "1"
HOME = Path(__file__).resolve().parents[1] / "var" / "bench"
SETTINGS = {
    **STATEMENT_STATISTICS,
    # What was churned stays churned
    "autovacuum": "off",
    "shared_buffers": "1GB",
    # Indexes are built without a log
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
}


@contextlib.contextmanager
def kept_cluster() -> Iterator[BenchCluster]:
    """Lend the cluster that is kept, and stop its server at the end."""
    server = EmbeddedPostgres(Path(os.environ.get("BENCH_DIR") or HOME), settings=SETTINGS)
    server.start()
    try:
        yield BenchCluster(server)
    finally:
        server.stop()


def years(cluster: BenchCluster, *, orders: int, open_orders: int, day: int = 1_000) -> str:
    """Return the database of so many orders, made where it is not there yet, and migrated."""
    database = f"years_{orders}_{open_orders}"
    if _version(cluster, database) != VERSION:
        _make(cluster, database, orders, open_orders, day)
    migrate(cluster, database)
    return database


def migrate(cluster: BenchCluster, database: str) -> None:
    """Bring a database up to date with the migrations."""
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        env=os.environ | cluster.environment(database),
        check=True,
    )


def _version(cluster: BenchCluster, database: str) -> str:
    with cluster.owner() as owner:
        found = owner.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [database]
        ).fetchone()
    return str(found[0]) if found else ""


def _make(cluster: BenchCluster, database: str, orders: int, open_orders: int, day: int) -> None:
    """Make the database beside its name, and name it when it is whole and adds up."""
    from django.core.management import call_command
    from django.db import connections

    from benchmarks.years import Size, make_years

    begun, making = time.monotonic(), f"{database}_unfinished"
    say(f"  {orders:,} orders, {open_orders:,} of them open ...")
    cluster.fresh_database(making)
    use(making)
    with cluster.owner(making) as owner:
        make_years(owner, Size(orders, open_orders, day))
        say(f"    made in {time.monotonic() - begun:.0f} s; do they add up? ...")
    call_command("audit_ledger", stdout=sys.stderr)
    connections.close_all()
    with cluster.owner() as owner:
        owner.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(database)))
        owner.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(making), Identifier(database)))
        owner.execute(SQL("COMMENT ON DATABASE {} IS {}").format(Identifier(database), Literal(VERSION)))
    say(f"    kept after {time.monotonic() - begun:.0f} s")
