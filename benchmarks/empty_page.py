"""empty_page: statements and CPU of an authenticated page with nothing on it but the shell, the unit of later ratios.

Promise: at most 6 statements.
"""

from __future__ import annotations

import statistics
import time

import django

from benchmarks.cluster import BenchCluster, report

REPEATS = 200


def run(cluster: BenchCluster) -> bool:
    """Measure the page that says that there is nothing."""
    django.setup()
    from django.core.management import call_command
    from django.db import connection, connections
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from benchmarks.company import make_company
    from core.models import User

    connections.close_all()
    # As they are served: under the names that their contents give them
    call_command("collectstatic", interactive=False, verbosity=0)
    company = make_company(products=10, customers=5)
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(pk=company.user_id), backend="django.contrib.auth.backends.ModelBackend")
    url = "/nothing-here/"  # what is shown there is the shell, with the person's navigation, and one sentence
    for _ in range(10):
        response = client.get(url)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    statements = len([query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))])
    costs = []
    for _ in range(5):
        begun = time.process_time()
        for _ in range(REPEATS // 5):
            client.get(url)
        costs.append((time.process_time() - begun) / (REPEATS // 5) * 1e3)
    connections.close_all()
    return report(
        "empty_page",
        statements=statements,
        cpu_ms=round(statistics.median(costs), 2),
        ok=response.status_code == 404 and statements <= 6,
    )
