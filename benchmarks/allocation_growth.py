"""allocation_growth: what one order's allocation takes where 1,000,000 lines wait, against where 1,000 do.

Both companies have the same 10,000 products in five warehouses. Measured in turns are an order of three lines that
waited and gets what has come since, and a new one that is confirmed. Promise: neither takes longer than 1.3 times with
a thousand times as much waiting.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from typing import Any

import django

from benchmarks.cluster import BenchCluster, report, say
from benchmarks.order_to_cash import Clerk

SIZES = {"bench_1k": 1_000, "bench_1m": 1_000_000}
PRODUCTS, ORDERS, ROUNDS = 10_000, 50, 5


def run(cluster: BenchCluster) -> bool:
    """Make both companies, measure them in turns, and audit the large one."""
    django.setup()
    from django.core.management import call_command
    from django.db import connection, connections

    from benchmarks.backlog import make_backlog

    backlogs: dict[str, Any] = {}
    for database, parts in SIZES.items():
        cluster.fresh_database(database)
        _use(database)
        backlogs[database] = make_backlog(cluster, database, parts=parts, products=PRODUCTS)
    took: dict[str, dict[str, list[float]]] = {name: {"allocate": [], "confirm": []} for name in SIZES}
    for turn in range(ROUNDS + 1):
        for database, backlog in backlogs.items():
            _use(database)
            allocate, confirm = _measure(backlog, turn)
            if turn:  # the first warms both up
                took[database]["allocate"] += allocate
                took[database]["confirm"] += confirm
    call_command("audit_ledger", stdout=sys.stderr)
    _use(str(connection.settings_dict["NAME"]))
    connections.close_all()
    middle = {name: {verb: statistics.median(times) for verb, times in of.items()} for name, of in took.items()}
    ratios = {verb: middle["bench_1m"][verb] / middle["bench_1k"][verb] for verb in ("allocate", "confirm")}
    for verb, ratio in ratios.items():
        few, many = (middle[name][verb] * 1e3 for name in SIZES)
        say(f"  {verb}: {few:.1f} ms and {many:.1f} ms, ratio {ratio:.2f}")
    return report(
        "allocation_growth",
        ratio_1m_to_1k=round(max(ratios.values()), 2),
        allocate_ratio=round(ratios["allocate"], 2),
        confirm_ratio=round(ratios["confirm"], 2),
        allocate_ms=round(middle["bench_1m"]["allocate"] * 1e3, 1),
        confirm_ms=round(middle["bench_1m"]["confirm"] * 1e3, 1),
        ok=max(ratios.values()) <= 1.3,
    )


def _use(database: str) -> None:
    """Have the product work on another database of the cluster."""
    from django.db import connections

    for alias in connections:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = database


def _measure(backlog: Any, turn: int) -> tuple[list[float], list[float]]:
    """Allocate orders that wait, each alone, and confirm as many new ones; return what each took."""
    from django.utils import timezone

    from orders import services as sales

    clerk = Clerk(backlog.company, random.Random(turn))  # noqa: S311
    by: dict[str, Any] = {"actor": clerk.actor, "at": timezone.now()}
    drafts = [clerk.draft(by["at"].date()) for _ in range(ORDERS)]
    made = [one for one in sales.create_orders(drafts=drafts, **by) if isinstance(one, sales.Created)]
    stride = max(backlog.orders // (ORDERS * (ROUNDS + 1)), 1)
    waiting = [backlog.first_order + (turn * ORDERS + number) * stride % backlog.orders for number in range(ORDERS)]
    allocated = [_timed(sales.allocate_orders, order_ids=[pk], **by) for pk in waiting]
    confirmed = [_timed(sales.confirm_orders, order_ids=[one.order_id], **by) for one in made]
    return allocated, confirmed


def _timed(service: Any, **asked: Any) -> float:
    begun = time.perf_counter()
    service(**asked)
    return time.perf_counter() - begun
