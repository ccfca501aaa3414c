"""atp: what is free of each line of a 200-line order now, and how much more on which day.

The company has a thousand products, and of each two orders on their way from a supplier. Promise: at most 5 statements,
the same for 200 lines as for 2.
"""

from __future__ import annotations

import statistics
import sys
import time
from datetime import timedelta
from typing import Any

import django

from benchmarks.cluster import BenchCluster, StatementCount, process_cpu, report, say

LINES, REPEATS = 200, 50
SUPPLIERS_BRING = (7, 21)


def run(cluster: BenchCluster) -> bool:
    """Measure the read that an order's page and its keying show, and count its statements."""
    django.setup()
    from django.core.management import call_command
    from django.db import connection, connections
    from django.utils import timezone

    from benchmarks.company import make_company
    from inventory.queries.atp import available

    connections.close_all()
    company = make_company(stock=100)
    today = timezone.localdate()
    _bring(company, today)
    with cluster.owner(str(connection.settings_dict["NAME"])) as owner:
        owner.execute("VACUUM ANALYZE")
    counter = StatementCount(cluster, str(connection.settings_dict["NAME"]))
    counts = {}
    for lines in (2, LINES):
        wanted = company.product_ids[:lines]
        available(wanted, today)
        counter.reset()
        available(wanted, today)
        counts[lines] = counter.read()
    backend = connection.connection.info.backend_pid
    turns = []
    for _turn in range(3):
        cpu = time.process_time() + process_cpu(backend)
        for _ in range(REPEATS):
            found = available(company.product_ids[:LINES], today)
        turns.append((time.process_time() + process_cpu(backend) - cpu) / REPEATS * 1e3)
        say(f"  {turns[-1]:.1f} ms of Python and PostgreSQL for {LINES} lines")
    whole = all(one.now == 100 and [a.total for a in one.arrivals] == [110, 120] for one in found.values())
    call_command("audit_ledger", stdout=sys.stderr)
    connections.close_all()
    return report(
        "atp",
        f"lines={LINES}",
        statements=counts[LINES],
        cpu_ms=round(statistics.median(turns), 1),
        ok=whole and len(found) == LINES and counts[2] == counts[LINES] <= 5,
    )


def _bring(company: Any, today: Any) -> None:
    """Place an order for ten of everything with a supplier for each of some days, and send it."""
    from decimal import Decimal

    from django.utils import timezone

    from core.models import User
    from inventory import services
    from inventory.models import Supplier, SupplierItem, Warehouse

    by: dict[str, Any] = {"actor": User.objects.get(pk=company.user_id), "at": timezone.now()}
    supplier = Supplier.objects.create(company_id=company.company_id, code="mill", name="The Mill")
    SupplierItem.objects.bulk_create(
        SupplierItem(supplier=supplier, product_id=pk, unit_cost=1) for pk in company.product_ids
    )
    warehouse = Warehouse.objects.get(company_id=company.company_id)
    ids = [
        services.draft_supplier_order(
            supplier_id=supplier.pk,
            warehouse_id=warehouse.pk,
            wanted=[
                services.Wanted(pk, Decimal(10), unit_cost=Decimal(1), expected_on=today + timedelta(days=days))
                for pk in company.product_ids
            ],
            **by,
        )
        for days in SUPPLIERS_BRING
    ]
    services.approve_supplier_orders(order_ids=ids, **by)
    services.send_supplier_orders(order_ids=ids, **by)
