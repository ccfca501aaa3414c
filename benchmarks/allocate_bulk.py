"""allocate_bulk: a run over 100,000 lines that wait for 10,000 products in five warehouses, in slices that commit.

There is something of nearly every product and too little for all. Promise: the run and the jobs that set its orders'
facets cost at most 2 times what bare SQL costs that only writes: the very same allocations, demands, levels, events and
orders, known beforehand, into the same tables with their indexes, keys and triggers, in the same slices. The cost is
the seconds of the processor, Python's and PostgreSQL's: others' work on the machine is in none of them. A confirm
meanwhile waits at most 1 s (95 of 100). Run and floor take turns, each on a fresh copy of one database.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import sys
import time
import uuid
from typing import Any

import django
import psycopg
from psycopg.sql import SQL, Identifier

from benchmarks.cluster import BenchCluster, machine_busy, process_cpu, report, say
from benchmarks.order_to_cash import Clerk
from config.dev.databases import clone_database

PARTS, PRODUCTS, ROUNDS, DRAFTS, PAUSE = 100_000, 10_000, 3, 400, 0.05
PREPARED, FLOOR = "bench_backlog", "bench_floor"

# What each slice wrote, told by the moment that is on all of its rows. By table: what the floor has to know of a row,
# and how it writes those of one slice (%s)
_SLICE_ROWS = {
    "inventory_allocation": (
        (
            "SELECT company_id, demand_id, level_id, quantity, picked, consumed, status, reason, created_at,"
            " created_at AS slice FROM inventory_allocation"
        ),
        (
            "INSERT INTO inventory_allocation"
            " (company_id, demand_id, level_id, quantity, picked, consumed, status, reason, created_at)"
            " SELECT company_id, demand_id, level_id, quantity, picked, consumed, status, reason, created_at FROM {}"
            " WHERE slice = %s"
        ),
    ),
    "inventory_demand": (
        (
            "SELECT d.id, d.allocated, d.promised_on, d.first_promised_on, min(a.created_at) AS slice"
            " FROM inventory_demand d JOIN inventory_allocation a ON a.demand_id = d.id GROUP BY d.id"
        ),
        (
            "UPDATE inventory_demand AS t SET allocated = f.allocated, promised_on = f.promised_on,"
            " first_promised_on = f.first_promised_on FROM {} AS f WHERE f.id = t.id AND f.slice = %s"
        ),
    ),
    "inventory_stocklevel": (
        "SELECT level_id AS id, sum(quantity) AS units, created_at AS slice FROM inventory_allocation GROUP BY 1, 3",
        (
            "UPDATE inventory_stocklevel AS t SET allocated = t.allocated + f.units FROM {} AS f"
            " WHERE f.id = t.id AND f.slice = %s"
        ),
    ),
    "orders_orderevent": (
        (
            "SELECT company_id, order_id, subject_kind, subject_id, kind, actor_id, at, request_id, data, at AS slice"
            " FROM orders_orderevent WHERE kind = 'ALLOCATED'"
        ),
        (
            "INSERT INTO orders_orderevent"
            " (company_id, order_id, subject_kind, subject_id, kind, actor_id, at, request_id, data)"
            " SELECT company_id, order_id, subject_kind, subject_id, kind, actor_id, at, request_id, data FROM {}"
            " WHERE slice = %s"
        ),
    ),
    "orders_salesorder": (
        (
            "SELECT o.id, o.allocation, o.promise, o.leaves_from, o.to_release, e.at AS slice FROM orders_salesorder o"
            " JOIN orders_orderevent e ON e.order_id = o.id AND e.kind = 'ALLOCATED'"
        ),
        (
            "UPDATE orders_salesorder AS t SET allocation = f.allocation, promise = f.promise,"
            " leaves_from = f.leaves_from, to_release = f.to_release FROM {} AS f WHERE f.id = t.id AND f.slice = %s"
        ),
    ),
}


def run(cluster: BenchCluster) -> bool:
    """Measure the run and the floor in turns, then the run with somebody who confirms beside it, and audit."""
    django.setup()
    from django.core.management import call_command
    from django.db import connection, connections

    from benchmarks.backlog import make_backlog

    database = str(connection.settings_dict["NAME"])
    connections.close_all()
    backlog = make_backlog(cluster, database, parts=PARTS, products=PRODUCTS)
    connections.close_all()
    clone_database(cluster.dsn(), template=database, database=PREPARED)
    turns = []
    for turn in range(ROUNDS):
        ours = _fresh_run(cluster, database, backlog.company)
        wall, cpu = _floor(cluster, database)
        turns.append({**ours, "cost": (ours["cpu"] + ours["pg"]) / cpu, "slower": ours["seconds"] / wall})
        say(
            f"  turn {turn + 1}: {ours['seconds']:.1f} s in {ours['slices']:.0f} slices, the longest"
            f" {ours['longest']:.2f} s: {ours['cpu']:.1f} s of Python, {ours['pg']:.1f} s of PostgreSQL;"
            f" floor {wall:.1f} s, {cpu:.1f} s of PostgreSQL; others used {ours['foreign']:.1f} cores"
        )
    call_command("audit_ledger", stdout=sys.stderr)
    waits = _confirm_beside(cluster, database, backlog.company)
    call_command("audit_ledger", stdout=sys.stderr)
    connections.close_all()
    cost = statistics.median(turn["cost"] for turn in turns)
    p95 = waits[int(0.95 * len(waits))]
    say(f"  {len(waits)} confirms beside it: {statistics.median(waits):.3f} s, at most {waits[-1]:.3f} s")
    return report(
        "allocate_bulk",
        parts=backlog.orders * 3,
        seconds=round(statistics.median(turn["seconds"] for turn in turns), 1),
        cost_over_bare_sql=round(cost, 2),
        seconds_over_bare_sql=round(statistics.median(turn["slower"] for turn in turns), 2),
        confirm_wait_p95_ms=round(p95 * 1e3),
        served=int(turns[-1]["served"]),
        slices=int(turns[-1]["slices"]),
        longest_slice_ms=round(statistics.median(turn["longest"] for turn in turns) * 1e3),
        ok=cost <= 2 and p95 <= 1 and len(waits) >= 20,
    )


def _fresh_run(cluster: BenchCluster, database: str, company: Any) -> dict[str, float]:
    """Run over a fresh copy, with the jobs that it leaves, and say what it took."""
    from django.db import connection, connections

    connections.close_all()
    clone_database(cluster.dsn(), template=PREPARED, database=database)
    _checkpoint(cluster)
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    busy, cpu, pg, begun = machine_busy(), time.process_time(), process_cpu(backend), time.perf_counter()
    figures = _run(company)
    figures["seconds"] = time.perf_counter() - begun
    figures["cpu"], figures["pg"] = time.process_time() - cpu, process_cpu(backend) - pg
    figures["foreign"] = max((machine_busy() - busy - figures["cpu"] - figures["pg"]) / figures["seconds"], 0)
    return figures


def _run(company: Any) -> dict[str, float]:
    """Begin a run and take it to its end as its job does, then do the jobs that it left."""
    from django.utils import timezone
    from procrastinate.contrib.django.models import ProcrastinateJob

    from core.models import User
    from orders import services
    from orders.models import AllocationRun
    from orders.services.running import FIRST_SLICE, fitting

    actor = User.objects.get(pk=company.user_id)
    run_id = services.begin_run(rule="DUE", actor=actor, at=timezone.now())
    lines, took, is_more = FIRST_SLICE, [], True
    while is_more:
        begun = time.perf_counter()
        is_more = services.advance_run(run_id=run_id, lines=lines, at=timezone.now())
        took.append(time.perf_counter() - begun)
        lines = fitting(lines, round(took[-1] * 1e3))
    for job in ProcrastinateJob.objects.filter(task_name="orders.note_allocation").order_by("pk"):
        services.note_allocation(**job.args)
    ended = AllocationRun.objects.defer("demand_ids").get(pk=run_id)
    if ended.status != "DONE" or ended.handled != ended.to_handle:
        raise AssertionError("The run did not come to its end.")
    return {"slices": len(took), "longest": max(took), "served": ended.served}


def _floor(cluster: BenchCluster, database: str) -> tuple[float, float]:
    """Write into a fresh copy what the run wrote, slice by slice; return the seconds, and those of the processor."""
    clone_database(cluster.dsn(), template=PREPARED, database=FLOOR)
    with cluster.owner(database) as ours, cluster.owner(FLOOR) as floor:
        slices = ours.execute("SELECT DISTINCT created_at FROM inventory_allocation ORDER BY 1").fetchall()
        for table, (reads, _writes) in _SLICE_ROWS.items():
            _bring(ours, floor, f"f_{table}", reads)
        statements = [SQL(writes).format(Identifier(f"f_{table}")) for table, (_reads, writes) in _SLICE_ROWS.items()]
        _checkpoint(cluster)
        cpu, begun = process_cpu(floor.info.backend_pid), time.perf_counter()
        for moment in slices:
            with floor.transaction():
                for statement in statements:
                    floor.execute(statement, moment)
        return time.perf_counter() - begun, process_cpu(floor.info.backend_pid) - cpu


def _bring(ours: psycopg.Connection[Any], floor: psycopg.Connection[Any], name: str, reads: str) -> None:
    """Copy what a statement reads of what the run left into a table of the floor's own, found by slice."""
    own = Identifier(name)
    floor.execute(SQL("CREATE TEMP TABLE {} AS {} WITH NO DATA").format(own, SQL(reads)))
    with (
        ours.cursor().copy(SQL("COPY ({} ORDER BY slice) TO STDOUT").format(SQL(reads))) as out,
        floor.cursor().copy(SQL("COPY {} FROM STDIN").format(own)) as into,
    ):
        for data in out:
            into.write(data)
    floor.execute(SQL("CREATE INDEX ON {} (slice)").format(own))
    floor.execute(SQL("ANALYZE {}").format(own))


def _checkpoint(cluster: BenchCluster) -> None:
    """Have what was copied written, so that nobody's run pays for it."""
    with cluster.owner() as owner:
        owner.execute("CHECKPOINT")


def _confirm_beside(cluster: BenchCluster, database: str, company: Any) -> list[float]:
    """Run over a fresh copy while somebody confirms one order after the other, and return what these took, sorted."""
    from django.db import connections

    connections.close_all()
    clone_database(cluster.dsn(), template=PREPARED, database=database)
    fork = multiprocessing.get_context("fork")
    begin, end, results = fork.Event(), fork.Event(), fork.Queue()
    clerk = fork.Process(target=_confirm, args=(company, begin, end, results))
    clerk.start()
    begin.wait(120)
    try:
        _run(company)
    finally:
        end.set()
        took: list[float] = results.get(timeout=120)
        clerk.join()
    return sorted(took)


def _confirm(company: Any, begin: Any, end: Any, results: Any) -> None:
    """Confirm drafts until the run is over, and tell how long each took."""
    from django.utils import timezone

    from orders import services as sales

    clerk = Clerk(company, random.Random(uuid.uuid4().int))  # noqa: S311
    by: dict[str, Any] = {"actor": clerk.actor, "at": timezone.now()}
    made = sales.create_orders(drafts=[clerk.draft(by["at"].date()) for _ in range(DRAFTS)], **by)
    ids = [one.order_id for one in made if isinstance(one, sales.Created)]
    sales.confirm_orders(order_ids=[ids.pop()], **by)
    took: list[float] = []
    begin.set()
    while ids and not end.is_set():
        begun = time.perf_counter()
        (result,) = sales.confirm_orders(order_ids=[ids.pop()], **by).values()
        took.append(time.perf_counter() - begun)
        if not isinstance(result, sales.Confirmed):
            raise AssertionError(result)
        time.sleep(PAUSE)
    results.put(took)
