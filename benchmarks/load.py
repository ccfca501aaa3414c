"""load: the demo company's eight months through the real services, against bare COPY of the rows that they left.

Promise: the load costs at most 12 times the CPU (Python and PostgreSQL) of COPY, which loads the same final rows into
the same tables with their indexes, checks and foreign keys, but without our triggers; and the ledgers add up.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import django
import psycopg
from psycopg import sql

from benchmarks.cluster import BenchCluster, process_cpu, report, say

COPIED = "bench_copy"
APPS = ("core", "inventory", "orders", "warehouse", "shipping", "billing", "returns")
CHUNK = 1 << 20


def run(cluster: BenchCluster) -> bool:
    """Load the demo, audit it, and load its rows again by COPY."""
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, connections

    from config.management.commands.load_demo import Command

    connections.close_all()
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    cpu, pg, begun = time.process_time(), process_cpu(backend), time.monotonic()
    rows = Command(stdout=sys.stderr).load()
    python_s, postgres_s = time.process_time() - cpu, process_cpu(backend) - pg
    seconds = time.monotonic() - begun
    call_command("audit_ledger", stdout=sys.stderr)
    source = str(settings.DATABASES["default"]["NAME"])
    connections.close_all()
    written, copy_s = _copy(cluster, source)
    cost = (python_s + postgres_s) / copy_s
    return report(
        "load",
        f"rows={rows}",
        rows_per_cpu_s=round(rows / (python_s + postgres_s)),
        cost_over_copy=round(cost, 1),
        seconds=round(seconds),
        python_s=round(python_s, 1),
        postgres_s=round(postgres_s, 1),
        rows_left=written,
        copy_s=round(copy_s, 1),
        ok=cost <= 12,
    )


def _copy(cluster: BenchCluster, source: str) -> tuple[int, float]:
    """Load the rows of a database into a fresh one; return how many there are and the CPU seconds."""
    cluster.fresh_database(COPIED)
    with tempfile.TemporaryDirectory() as folder, cluster.owner(source) as old, cluster.owner(COPIED) as new:
        tables = _tables(old)
        for table, columns in tables.items():
            statement = sql.SQL("COPY {} ({}) TO STDOUT (FORMAT binary)").format(*_names(table, columns))
            with (Path(folder) / table).open("wb") as file, old.cursor().copy(statement) as rows:
                for chunk in rows:
                    file.write(chunk)
            new.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
        cpu, pg = time.process_time(), process_cpu(new.info.backend_pid)
        written = 0
        # Foreign keys are looked at when the transaction ends, so tables come in any order
        with new.transaction():
            for table, columns in tables.items():
                statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(*_names(table, columns))
                cursor = new.cursor()
                with (Path(folder) / table).open("rb") as file, cursor.copy(statement) as rows:
                    while chunk := file.read(CHUNK):
                        rows.write(chunk)
                written += cursor.rowcount
        used = time.process_time() - cpu + process_cpu(new.info.backend_pid) - pg
    say(f"  COPY of {written:,} rows took {used:.1f} s of CPU")
    return written, used


def _tables(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Return the columns of our tables that have rows, without those that PostgreSQL computes."""
    from django.apps import apps

    found = {}
    for app in APPS:
        for model in apps.get_app_config(app).get_models(include_auto_created=True):
            if not model._meta.managed or model._meta.proxy:
                continue
            table = model._meta.db_table
            if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))).fetchone():
                fields = model._meta.local_concrete_fields
                found[table] = [str(field.column) for field in fields if not field.generated]
    return found


def _names(table: str, columns: list[str]) -> tuple[sql.Identifier, sql.Composed]:
    return sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
