"""hot_sku: 2,000 orders for one unit each of a product of which there are 1,000, placed by 8 processes at once.

Each order is keyed and confirmed in one request under its key, as order_to_cash does it, by a process that has served
orders before. Promise: exactly 1,000 have their unit and 1,000 wait, none is lost, nothing fails and nothing deadlocks;
at least 0.6 of the orders per second of the same run over 1,000 products of which there is one each, wanted twice; at
least 0.25 of the attempts per second of the floor, which keeps nothing of an order that it cannot fill.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import sys
import time
import traceback
import uuid
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import django

from benchmarks.cluster import BenchCluster, machine_busy, process_cpu, report, say
from benchmarks.order_to_cash import WARM_UP, Clerk, ask_floor, settle

ORDERS, STOCK, PROCESSES, ROUNDS = 2000, 1000, 8, 3


def run(cluster: BenchCluster) -> bool:
    """Measure the floor, the product spread and the product hot in turns, look at every order, and audit."""
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from benchmarks.company import add_products, make_company

    connections.close_all()
    company = make_company()
    settle(cluster, company)
    turns: list[dict[str, float]] = []
    for turn in range(ROUNDS):
        spread_ids = add_products(company, prefix=f"SPREAD{turn}-", products=STOCK, stock=1)
        hot_ids = add_products(company, prefix=f"HOT{turn}-", products=1, stock=STOCK)
        before = _deadlocks(cluster)
        floor = ask_floor(cluster, "hot", "--procs", PROCESSES, "--stock", STOCK, "--wanted", ORDERS)["attempts_per_s"]
        spread = _measure(company, spread_ids)
        hot = _measure(company, hot_ids)
        hot |= {
            "to_raw": hot["orders_per_s"] / floor,
            "to_spread": hot["orders_per_s"] / spread["orders_per_s"],
            "deadlocks": _deadlocks(cluster) - before,
            "errors": hot["errors"] + spread["errors"],
            **_promised(hot_ids),
        }
        hot["exact"] = _is_exact(hot) and _is_exact(_promised(spread_ids))
        turns.append(hot)
        say(f"  turn {turn + 1}: floor {floor:.0f}/s, spread {_words(spread)}, hot {_words(hot)}")
    call_command("audit_ledger", stdout=sys.stderr)
    connections.close_all()
    to_spread, to_raw = (statistics.median(turn[key] for turn in turns) for key in ("to_spread", "to_raw"))
    errors, deadlocks = (int(sum(turn[key] for turn in turns)) for key in ("errors", "deadlocks"))
    return report(
        "hot_sku",
        allocated=int(turns[-1]["allocated"]),
        backordered=int(turns[-1]["backordered"]),
        errors=errors,
        deadlocks=deadlocks,
        p95_ms=round(statistics.median(turn["p95_ms"] for turn in turns)),
        ratio_to_spread=round(to_spread, 2),
        ratio_to_raw=round(to_raw, 3),
        ok=all(turn["exact"] for turn in turns) and errors == deadlocks == 0 and to_spread >= 0.6 and to_raw >= 0.25,
    )


def _measure(company: Any, product_ids: Sequence[int]) -> dict[str, float]:
    """Place the orders, each product wanted as often as any other, and say how it went."""
    from django.db import connections

    connections.close_all()
    wanted = list(product_ids) * (ORDERS // len(product_ids))
    random.Random(7).shuffle(wanted)  # noqa: S311
    fork = multiprocessing.get_context("fork")
    barrier, results = fork.Barrier(PROCESSES), fork.Queue()
    workers = [
        fork.Process(target=_work, args=(company, wanted[number::PROCESSES], barrier, results))
        for number in range(PROCESSES)
    ]
    busy, begun = machine_busy(), time.time()
    for worker in workers:
        worker.start()
    rows = [results.get(timeout=900) for _ in workers]
    for worker in workers:
        worker.join()
    elsewhere = machine_busy() - busy
    wall = max(row["ended"] for row in rows) - min(row["begun"] for row in rows)
    cpu, pg = sum(row["cpu"] for row in rows), sum(row["pg"] for row in rows)
    took = sorted(seconds for row in rows for seconds in row["took"])
    return {
        "orders_per_s": len(wanted) / wall,
        "cpu_ms": cpu / len(wanted) * 1e3,
        "pg_ms": pg / len(wanted) * 1e3,
        "foreign": (elsewhere - cpu - pg) / (time.time() - begun),
        "errors": sum(row["errors"] for row in rows),
        "p95_ms": took[int(0.95 * len(took))] * 1e3,
    }


def _work(company: Any, product_ids: Sequence[int], barrier: Any, results: Any) -> None:
    """Place one process's share, and go on where an order fails: the failure is counted."""
    from django.db import connection

    dice = random.Random(uuid.uuid4().int)  # noqa: S311
    clerk, ordinary = HotClerk(company, dice), Clerk(company, dice)
    for _ in range(WARM_UP):
        ordinary.life()
    backend = connection.connection.info.backend_pid
    took, errors = [], 0
    barrier.wait()
    cpu, pg, begun = time.process_time(), process_cpu(backend), time.time()
    for product_id in product_ids:
        order_begun = time.perf_counter()
        try:
            clerk.place(product_id)
        except Exception:  # what fails here is what is measured
            errors += 1
            say(traceback.format_exc())
        took.append(time.perf_counter() - order_begun)
    results.put(
        {
            "begun": begun,
            "ended": time.time(),
            "cpu": time.process_time() - cpu,
            "pg": process_cpu(backend) - pg,
            "took": took,
            "errors": errors,
        }
    )
    connection.close()


class HotClerk(Clerk):
    """One person who takes orders for one unit of what is asked for."""

    product_id = 0

    def place(self, product_id: int) -> None:
        """Key and confirm an order in one request."""
        self.product_id = product_id
        ((_name, request), *_later) = self.requests(1)
        request()

    def draft(self, today: date) -> Any:
        """Return an order of one line."""
        from orders import services as sales

        return sales.OrderDraft(
            customer_id=self.dice.choice(self.company.customer_ids),
            po_number=uuid.uuid4().hex[:12],
            ordered_on=today,
            requested_on=today,
            lines=[sales.LineDraft(self.product_id, Decimal(1))],
        )


def _promised(product_ids: Sequence[int]) -> dict[str, int]:
    """Count the confirmed orders of products, what they have, and what they wait for."""
    from django.db.models import Count, Sum

    from orders.models import LinePart

    parts = LinePart.objects.filter(product__in=product_ids, order__status="CONFIRMED")
    found = parts.aggregate(
        orders=Count("order", distinct=True),
        allocated=Sum("demand__allocated", default=0),
        backordered=Sum("demand__backordered", default=0),
    )
    return {key: int(value) for key, value in found.items()}


def _words(of: dict[str, float]) -> str:
    return (
        f"{of['orders_per_s']:.0f}/s at {of['cpu_ms']:.1f} ms of Python and {of['pg_ms']:.1f} ms of PostgreSQL"
        f" (others used {max(of['foreign'], 0):.1f} cores)"
    )


def _is_exact(found: dict[str, Any]) -> bool:
    return (found["orders"], found["allocated"], found["backordered"]) == (ORDERS, STOCK, ORDERS - STOCK)


def _deadlocks(cluster: BenchCluster) -> int:
    """Return how often PostgreSQL had to break a deadlock so far."""
    time.sleep(1.2)  # backends publish their figures once a second
    with cluster.owner() as owner:
        row = owner.execute("SELECT sum(deadlocks) FROM pg_stat_database").fetchone()
    return int(row[0]) if row else 0
