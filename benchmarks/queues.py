"""queues: what pages cost where an order book is years old, against where it is new.

Two companies of the demo's goods and customers, made once and kept (benchmarks/years.py): 10,000 orders with 1,000
open, and 1,000,000 with 30,000 open, most of them of one customer, tables full of dead rows. YEARS=100000:3000 takes
another one for the large one. Every queue is visited in each of its tabs, orders and filters, with words to search for,
at its beginning and in its middle; and the pages of documents, the search, the counts, the alerts, the manager's page.

Promise, of each page: as many statements for 3 rows as for 30 and 300; the 95th percentile of its visits at most 1.3
times as long in the large company, where somebody looked at the same rows within the last seconds (counts are kept for
five; what it is where all is counted anew is told beside it); a page of 50 rows at most 15 times the CPU of an empty
page; at most 200 kB to load it the first time, compressed, and 20 kB for its fragment. The manager's page: at most 5
statements.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Mapping
from typing import Any

import django

from benchmarks.cluster import BenchCluster, report, say
from benchmarks.kept import kept_cluster, years
from benchmarks.using import use

SMALL, LARGE = (10_000, 1_000), "1000000:30000"
ROUNDS, SIZES = 3, (3, 30, 300)
# Shorter than this, a page's time is the noise of the machine
LEAST_MS = 5.0
MOST = {"p95_ratio_1m_to_10k": 1.3, "cpu_over_empty_page": 15.0, "first_load_kb": 200.0, "fragment_kb": 20.0}
STATEMENTS = {"dashboards:board": 5}


def run(_cluster: BenchCluster) -> bool:
    """Visit the pages of both companies in turns; the cluster is one of our own, which is kept."""
    large = tuple(map(int, os.environ.get("YEARS", LARGE).split(":")))
    chosen = set(filter(None, os.environ.get("PAGES", "").split(",")))
    with kept_cluster() as cluster:
        os.environ |= cluster.environment("bench_template")
        django.setup()
        from django.core.management import call_command

        # As they are served: under the names that their contents give them
        call_command("collectstatic", interactive=False, verbosity=0)
        names = [years(cluster, orders=orders, open_orders=still_open) for orders, still_open in (SMALL, large)]
        from django.db import connections

        try:
            return _measure(names, chosen)
        finally:
            connections.close_all()


def _measure(databases: list[str], chosen: set[str]) -> bool:
    from benchmarks.visiting import Visitor, visitors

    of: dict[str, dict[str, Visitor]] = {}
    for database in databases:
        use(database)
        of[database] = {visitor.name: visitor for visitor in visitors(chosen)}
    small, large = databases
    ok = True
    for name in of[large]:
        figures = _page(name, {database: of[database][name] for database in databases}, small, large)
        ok &= figures
    return ok


def _page(name: str, of: Mapping[str, Any], small: str, large: str) -> bool:
    """Measure one page and print its line."""
    times: dict[str, list[list[float]]] = {small: [], large: []}
    worst: dict[str, Any] = {}
    for _turn in range(ROUNDS):
        for database, visitor in of.items():
            use(database)
            took = visitor.times()
            times[database].append([_p95(visits) for visits in zip(*took.values(), strict=True)])
            worst[database] = took
    use(large)
    visitor = of[large]
    costs = visitor.costs()
    kept, anew = (
        statistics.median(
            max(slow[way], LEAST_MS) / max(quick[way], LEAST_MS)
            for quick, slow in zip(times[small], times[large], strict=True)
        )
        for way in (0, 1)
    )
    statements = visitor.statements(SIZES)
    figures = {
        "statements": statements[0] if len(set(statements)) == 1 else statements,
        "p95_ratio_1m_to_10k": round(kept, 2),
        "p95_ms": [round(statistics.median(turn[0] for turn in times[database]), 1) for database in (small, large)],
        "p95_ratio_counted_anew": round(anew, 2),
        **costs,
    }
    slowest = sorted(worst[large].items(), key=lambda item: -item[1][0])[:4]
    say("  " + name + "  " + ";  ".join(f"{path} {took[0]:.0f} ms" for path, took in slowest))
    ok = len(set(statements)) == 1 and statements[0] <= STATEMENTS.get(name, sys.maxsize)
    return report("queues", name, ok=ok and all(figures.get(key, 0) <= most for key, most in MOST.items()), **figures)


def _p95(times: list[float]) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
