"""return_to_credit: one line of a paid order comes back, in four requests from its authorization to its credit note.

The requests (authorize, receive, inspect and restock, settle by a credit note) are the real services with their
idempotency keys, all events, history, triggers and jobs on, each a transaction of its own. Promise: at most 40
statements a return.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import django

from benchmarks.cluster import BenchCluster, StatementCount, process_cpu, report, say
from benchmarks.order_to_cash import Clerk, settle

PRODUCTS, RETURNS, WARM_UP, ROUNDS, COUNTED = 10, 60, 60, 3, 20


def run(cluster: BenchCluster) -> bool:
    """Measure the returns of orders that are paid, count their statements, and audit what they left."""
    django.setup()
    from django.core.management import call_command
    from django.db import connection, connections

    from benchmarks.company import make_company

    connections.close_all()
    company = make_company()
    settle(cluster, company)
    # Of these products some came back before, as on any day but the first
    desk = ReturnsDesk(replace(company, product_ids=company.product_ids[:PRODUCTS]), random.Random(3))  # noqa: S311
    desk.take_back(desk.paid_orders(WARM_UP))
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    turns = []
    for turn in range(ROUNDS):
        orders = desk.paid_orders(RETURNS)
        cpu, pg = time.process_time(), process_cpu(backend)
        desk.take_back(orders)
        turns.append(
            ((time.process_time() - cpu) / RETURNS * 1e3, (process_cpu(backend) - pg) / RETURNS * 1e3),
        )
        say(f"  turn {turn + 1}: {turns[-1][0]:.1f} ms of Python and {turns[-1][1]:.1f} ms of PostgreSQL a return")
    statements = _statements(cluster, desk)
    call_command("audit_ledger", stdout=sys.stderr)
    connections.close_all()
    cpu_ms, pg_ms = (statistics.median(of) for of in zip(*turns, strict=True))
    return report(
        "return_to_credit",
        statements=statements,
        cpu_ms=round(cpu_ms, 1),
        pg_ms=round(pg_ms, 1),
        ok=statements <= 40,
    )


def _statements(cluster: BenchCluster, desk: ReturnsDesk) -> float:
    """Return the statements of one return, on average."""
    from django.db import connection

    counter = StatementCount(cluster, str(connection.settings_dict["NAME"]))
    orders = desk.paid_orders(COUNTED)
    total = 0
    for name in ReturnsDesk.REQUESTS:
        counter.reset()
        for order_id in orders:
            getattr(desk, name)(order_id)
        seen = counter.read()
        total += seen
        say(f"  {name}: {seen / COUNTED:.1f} statements")
        desk.show(counter)
    return round(total / COUNTED, 1)


class ReturnsDesk(Clerk):
    """One person who takes goods of paid orders back, one request after the other."""

    REQUESTS = ("authorize", "receive", "inspect", "credit")

    def __init__(self, company: Any, dice: random.Random) -> None:
        super().__init__(company, dice)
        self.units: dict[int, dict[int, Decimal]] = {}
        self.returns: dict[int, int] = {}

    def paid_orders(self, many: int) -> list[int]:
        """Take new orders to their payment and return their keys; what comes back of each is its first line."""
        from orders.models import LinePart, SalesOrder

        self.life(many)
        ids = list(SalesOrder.objects.order_by("-pk").values_list("pk", flat=True)[:many])
        parts = LinePart.objects.filter(order__in=ids).order_by("order", "-pk")
        self.units |= {order_id: {pk: shipped} for order_id, pk, shipped in parts.values_list("order", "pk", "shipped")}
        return ids

    def take_back(self, order_ids: list[int]) -> None:
        """Take one line of each order back, as far as its credit note."""
        for order_id in order_ids:
            for name in self.REQUESTS:
                getattr(self, name)(order_id)

    def request(self, verb: str, effect: Callable[[], int], reference: int | None = None) -> int:
        """Run one request under its key and return the key of what it made."""
        from core.idempotency import once

        key = uuid.uuid4().hex
        outcome = once(actor=self.actor, key=key, verb=verb, request={}, effect=effect, reference=reference)
        return int(outcome.reference)

    def authorize(self, order_id: int) -> None:
        """Let the units of the order's first line come back."""
        from django.utils import timezone

        from returns import services

        units = self.units[order_id]

        def effect() -> int:
            draft = services.ReturnDraft(order_id, units)
            (made,) = services.create_returns(drafts=[draft], authorize=True, actor=self.actor, at=timezone.now())
            if isinstance(made, Exception):
                raise made
            return int(made.pk)

        self.returns[order_id] = self.request("authorize", effect)

    def receive(self, order_id: int) -> None:
        """Take the units in."""
        from django.utils import timezone

        from returns import services

        pk, units = self.returns[order_id], self.units[order_id]
        by: dict[str, Any] = {"actor": self.actor, "at": timezone.now()}
        self.request(
            "receive",
            lambda: int(services.receive_return(return_id=pk, arrival=services.Arrival(units), **by).pk),
            pk,
        )

    def inspect(self, order_id: int) -> None:
        """Find them as new, and take them to their shelf."""
        from django.utils import timezone

        from returns import services
        from returns.models import Grade, ReturnDisposition

        pk, units = self.returns[order_id], self.units[order_id]
        graded = [
            services.Graded(part, Grade.A, quantity, disposition=ReturnDisposition.Kind.RESTOCK)
            for part, quantity in units.items()
        ]
        by: dict[str, Any] = {"actor": self.actor, "at": timezone.now()}
        self.request("inspect", lambda: int(services.inspect_return(return_id=pk, graded=graded, **by).pk), pk)

    def credit(self, order_id: int) -> None:
        """Settle the return by a credit note."""
        from django.utils import timezone

        from returns import services
        from returns.models import ReturnSettlement

        pk = self.returns[order_id]
        by: dict[str, Any] = {"actor": self.actor, "at": timezone.now()}
        kind = ReturnSettlement.Kind.CREDIT
        self.request("settle", lambda: int(services.settle_return(return_id=pk, kind=kind, **by).pk), pk)

    def show(self, counter: StatementCount) -> None:
        """Say which statements there were, where that is asked for."""
        if os.environ.get("SHOW_STATEMENTS"):
            for calls, query in counter.seen():
                say(f"    {calls / COUNTED:5.1f}  {query[:170]}")
