"""order_to_cash: orders of 3 lines on 1,000 products from their keying to their payment, in five requests.

The requests (create and confirm, release and pick, pack and dispatch, invoice, pay) are composed of the real services,
each verb a transaction of its own (two of them in one would lock backwards; sent again, a verb does nothing twice),
each with its idempotency key, all events, history, triggers and jobs on. Promise: at most 55 statements an order, and
at two processes 0.20 of the floor's orders per second; at one, whose round trips wait for processors to wake, 0.15.
RAW_BENCH names another floor script; it is run on the same server in the same run.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import django

from benchmarks.cluster import BenchCluster, StatementCount, machine_busy, process_cpu, report, say

ORDERS, FLOOR_ORDERS, WARM_UP, SETTLING, ROUNDS = 160, 800, 10, 100, 3
PROCESSES = (1, 2, 4)
LEAST = {1: 0.15, 2: 0.20}  # of the floor's orders per second


def run(cluster: BenchCluster) -> bool:
    """Measure floor and product in turns at 1, 2 and 4 processes, and audit what the product left."""
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from benchmarks.company import make_company

    connections.close_all()
    company = make_company()
    settle(cluster, company)
    connections.close_all()
    ok, statements, rows = True, 0.0, 0.0
    for procs in PROCESSES:
        turns = []
        for turn in range(ROUNDS):
            floor = run_floor(cluster, procs)
            busy, begun = machine_busy(), time.time()
            ours = _measure(company, procs, ORDERS)
            foreign = (machine_busy() - busy) / (time.time() - begun) - ours["cores"]
            ours["ratio"] = ours["orders_per_s"] / floor["ops"]
            turns.append(ours)
            say(
                f"  procs={procs} turn {turn + 1}: floor {floor['ops']:.0f}/s, orders {ours['orders_per_s']:.1f}/s,"
                f" ratio {ours['ratio']:.3f}, others used {max(foreign, 0):.1f} cores"
            )
        if procs == 1:
            statements, rows = _count(cluster, company)
        middle = {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}
        case_ok = statements <= 55 and middle["ratio"] >= LEAST.get(procs, 0)
        call_command("audit_ledger", stdout=sys.stderr)
        connections.close_all()
        ok &= report(
            "order_to_cash",
            f"procs={procs}",
            orders_per_s=round(middle["orders_per_s"], 1),
            statements_per_order=statements,
            rows_per_order=rows,
            cpu_ms=round(middle["cpu_ms"], 1),
            pg_ms=round(middle["pg_ms"], 1),
            ratio_to_raw=round(middle["ratio"], 3),
            ok=case_ok,
        )
    return ok


def settle(cluster: BenchCluster, company: Any) -> None:
    """Put some orders into the tables and let PostgreSQL look at them, as on any day but the first."""
    from django.db import connection

    clerk = Clerk(company, random.Random(0))  # noqa: S311
    for _ in range(SETTLING):
        clerk.life()
    with cluster.owner(str(connection.settings_dict["NAME"])) as owner:
        owner.execute("VACUUM ANALYZE")


def run_floor(cluster: BenchCluster, procs: int) -> dict[str, float]:
    """Return the figures of the floor's life of an order."""
    life: dict[str, float] = ask_floor(cluster, "life", "-n", FLOOR_ORDERS, "--procs", procs)["life"]
    return life


def ask_floor(cluster: BenchCluster, *arguments: str | int) -> dict[str, Any]:
    """Run the floor that is to be used with some arguments, and return the last line that it prints."""
    script = os.environ.get("RAW_BENCH")
    command = [sys.executable, script] if script else [sys.executable, "-m", "benchmarks.floor"]
    result = subprocess.run(
        [*command, *map(str, arguments)],
        env=os.environ | {"RAW_DSN": cluster.dsn()},
        capture_output=True,
        text=True,
        check=True,
    )
    line: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return line


def _measure(company: Any, procs: int, orders: int) -> dict[str, float]:
    fork = multiprocessing.get_context("fork")
    barrier, results = fork.Barrier(procs), fork.Queue()
    share = orders // procs
    workers = [fork.Process(target=_work, args=(company, share, barrier, results)) for _ in range(procs)]
    for worker in workers:
        worker.start()
    rows = [results.get(timeout=600) for _ in workers]
    for worker in workers:
        worker.join()
    wall = max(row[1] for row in rows) - min(row[0] for row in rows)
    cpu, pg = sum(row[2] for row in rows), sum(row[3] for row in rows)
    done = share * procs
    return {
        "orders_per_s": done / wall,
        "cpu_ms": cpu / done * 1e3,
        "pg_ms": pg / done * 1e3,
        "cores": (cpu + pg) / wall,
    }


def _work(company: Any, orders: int, barrier: Any, results: Any) -> None:
    from django.db import connection

    dice = random.Random(uuid.uuid4().int)  # noqa: S311
    clerk = Clerk(company, dice)
    for _ in range(WARM_UP):
        clerk.life()
    backend = connection.connection.info.backend_pid
    barrier.wait()
    cpu, pg, begun = time.process_time(), process_cpu(backend), time.time()
    for _ in range(orders):
        clerk.life()
    results.put((begun, time.time(), time.process_time() - cpu, process_cpu(backend) - pg))
    connection.close()


def _count(cluster: BenchCluster, company: Any, orders: int = 20) -> tuple[float, float]:
    """Return statements and rows written per order, by one process."""
    from django.db import connection

    clerk = Clerk(company, random.Random(1))  # noqa: S311
    clerk.life()
    counter = StatementCount(cluster, str(connection.settings_dict["NAME"]))
    rows = counter.rows_written()
    counter.reset()
    for _ in range(orders):
        clerk.life()
    statements = counter.read()
    if os.environ.get("SHOW_STATEMENTS"):
        for calls, query in counter.seen():
            say(f"    {calls / orders:5.1f}  {query[:170]}")
    connection.close()
    return round(statements / orders, 1), round((counter.rows_written() - rows) / orders, 1)


class Clerk:
    """One person who takes orders through their life, one request after the other, n orders in each."""

    def __init__(self, company: Any, dice: random.Random) -> None:
        from core.models import User

        self.company = company
        self.dice = dice
        self.actor = User.objects.get(pk=company.user_id)
        self.actor.can("orders.create")  # a request reads the person's roles once; so does this one

    def once(self, verb: str, order_ids: list[int], effect: Any) -> Any:
        """Run one request under its key; the reference of a later one is known before."""
        from core.idempotency import once

        reference = {"orders": order_ids} if order_ids else None
        outcome = once(
            actor=self.actor,
            key=uuid.uuid4().hex,
            verb=verb,
            request={"orders": order_ids},
            effect=effect,
            reference=reference,
        )
        return outcome.reference

    def life(self, orders: int = 1) -> None:
        """Take orders of three lines from their keying to their payment."""
        for _name, request in self.requests(orders):
            request()

    def requests(self, orders: int) -> list[tuple[str, Callable[[], None]]]:
        """Return the five requests of orders' life, to be called one after the other."""
        from django.utils import timezone

        from billing import services as billing
        from core.refusals import Refused
        from orders import services as sales
        from shipping import services as shipping
        from warehouse import services as warehouse

        now = timezone.now()
        by: dict[str, Any] = {"actor": self.actor, "at": now}
        drafts = [self.draft(now.date()) for _ in range(orders)]
        order_ids: list[int] = []
        ids: dict[str, Any] = {"order_ids": order_ids, **by}

        def make() -> dict[str, list[int]]:
            results = sales.create_and_confirm_orders(drafts=drafts, **by)
            taken = [result for result in results if isinstance(result, sales.Taken)]
            checked({one.created.order_id: one.confirmed for one in taken})
            return {"orders": [one.created.order_id for one in taken]}

        def checked(results: dict[int, Any]) -> None:
            refused = [result for result in results.values() if isinstance(result, Refused)]
            if refused or len(results) != orders:
                raise AssertionError(f"refused: {refused}")

        def place() -> None:
            order_ids.extend(self.once("place", [], make)["orders"])

        def pick() -> None:
            self.once("release", order_ids, lambda: checked(warehouse.release_orders(**ids)))
            checked(warehouse.pick_orders(**ids))

        def ship() -> None:
            self.once("pack", order_ids, lambda: checked(warehouse.pack_orders(**ids)))
            checked(shipping.dispatch_orders(carrier="Own van", tracking_number="", **ids))

        def bill() -> None:
            self.once("invoice", order_ids, lambda: checked(billing.invoice_orders(**ids)))

        def settle() -> None:
            self.once("pay", order_ids, lambda: checked(billing.pay_orders(**ids)))

        return [("place", place), ("pick", pick), ("ship", ship), ("bill", bill), ("settle", settle)]

    def draft(self, today: date) -> Any:
        """Return an order of three lines as a person keys it."""
        from orders import services as sales

        return sales.OrderDraft(
            customer_id=self.dice.choice(self.company.customer_ids),
            po_number=uuid.uuid4().hex[:12],
            ordered_on=today,
            requested_on=today,
            lines=[
                sales.LineDraft(pk, Decimal(self.dice.randint(1, 5)))
                for pk in self.dice.sample(self.company.product_ids, 3)
            ],
        )
