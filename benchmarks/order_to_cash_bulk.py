"""order_to_cash_bulk: 200 orders of 3 lines go through each of the five requests of order_to_cash together.

Promise: at least 0.8 of the floor's orders per CPU second (Python and PostgreSQL; the floor takes one order at a time),
and no request with more than 1.5 times the statements that it has for one order.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from typing import Any

import django

from benchmarks.cluster import BenchCluster, StatementCount, process_cpu, report, say
from benchmarks.order_to_cash import Clerk, run_floor, settle

ORDERS, ROUNDS = 200, 3


def run(cluster: BenchCluster) -> bool:
    """Measure floor and product in turns, count statements, and audit what the product left."""
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from benchmarks.company import make_company

    connections.close_all()
    company = make_company()
    settle(cluster, company)
    clerk = Clerk(company, random.Random(2))  # noqa: S311
    clerk.life(ORDERS)
    ours, floors = [], []
    for turn in range(ROUNDS):
        floor = run_floor(cluster, 1)
        floors.append(1e3 / (floor["cpu_ms"] + floor["pg_ms"]))
        ours.append(_orders_per_cpu_second(clerk))
        say(f"  turn {turn + 1}: floor {floors[-1]:.0f} and Orderly {ours[-1]:.0f} orders per CPU second")
    ratio = statistics.median(mine / floor for mine, floor in zip(ours, floors, strict=True))
    growth = _statements_over_single(cluster, clerk)
    call_command("audit_ledger", stdout=sys.stderr)
    connections.close_all()
    return report(
        "order_to_cash_bulk",
        f"orders={ORDERS}",
        orders_per_cpu_s=round(statistics.median(ours), 1),
        ratio_to_raw_cpu=round(ratio, 3),
        statements_over_single=round(growth, 2),
        ok=ratio >= 0.8 and growth <= 1.5,
    )


def _orders_per_cpu_second(clerk: Clerk) -> float:
    from django.db import connection

    backend = connection.connection.info.backend_pid
    cpu, pg = time.process_time(), process_cpu(backend)
    clerk.life(ORDERS)
    return ORDERS / (time.process_time() - cpu + process_cpu(backend) - pg)


def _statements_over_single(cluster: BenchCluster, clerk: Clerk) -> float:
    """Return the largest quotient of a request's statements for all orders and for one."""
    from django.db import connection

    counter = StatementCount(cluster, str(connection.settings_dict["NAME"]))
    counts: dict[int, dict[str, Any]] = {1: {}, ORDERS: {}}
    for orders, of_request in counts.items():
        for name, request in clerk.requests(orders):
            counter.reset()
            request()
            of_request[name] = counter.read()
    for name, single in counts[1].items():
        say(f"  {name}: {single} statements for one order, {counts[ORDERS][name]} for {ORDERS}")
    return max(float(counts[ORDERS][name] / single) for name, single in counts[1].items())
