"""core: the gapless series under 12 threads of which one in five rolls back.

Promise: at least 0.5 of the numbers per second that a bare locked row gives in the same run; no gap, no duplicate.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import django
import psycopg

from benchmarks.cluster import BenchCluster, report, say

THREADS, EACH, ROLLBACK_SHARE, ROUNDS = 12, 60, 0.2, 3
DIGEST = "0" * 64


def run(cluster: BenchCluster) -> bool:
    """Measure bare row and series in turns, and check the numbers."""
    django.setup()
    from django.conf import settings
    from django.db import connection, connections, transaction
    from django.utils import timezone

    from benchmarks.company import make_company
    from core.numbering import ensure_series, take_gapless

    connections.close_all()
    company = make_company(products=1, customers=1)
    today = timezone.localdate()
    series = ensure_series(company_id=company.company_id, kind="bench", year=today.year, prefix="B")
    with cluster.owner(str(settings.DATABASES["default"]["NAME"])) as owner:
        owner.execute("CREATE TABLE bare (id int PRIMARY KEY, next bigint NOT NULL); INSERT INTO bare VALUES (1, 1)")
        owner.execute(
            "CREATE TABLE given (id bigserial PRIMARY KEY, number text, previous_hash text, hash text);"
            " GRANT ALL ON bare, given, given_id_seq TO orderly_app"
        )
    address = {key: settings.DATABASES["default"][key] for key in ("NAME", "USER", "HOST")}
    connections.close_all()

    def bare(dice: random.Random) -> None:
        with psycopg.connect(dbname=address["NAME"], user=address["USER"], host=address["HOST"]) as own:
            for _ in range(EACH):
                own.execute("SELECT next FROM bare WHERE id = 1 FOR UPDATE")
                own.execute("UPDATE bare SET next = next + 1 WHERE id = 1")
                if dice.random() < ROLLBACK_SHARE:
                    own.rollback()
                else:
                    own.commit()

    class RolledBack(Exception):
        pass

    def gapless(dice: random.Random) -> None:
        try:
            for _ in range(EACH):
                try:
                    with transaction.atomic():
                        with connection.cursor() as cursor:
                            cursor.execute("INSERT INTO given DEFAULT VALUES RETURNING id")
                            (pk,) = cursor.fetchone()
                        take_gapless(series_id=series.pk, on=today, table="given", digests={pk: DIGEST})
                        if dice.random() < ROLLBACK_SHARE:
                            raise RolledBack
                except RolledBack:
                    continue
        finally:
            connection.close()

    ratios = []
    for turn in range(ROUNDS):
        floor, ours = _rate(bare), _rate(gapless)
        say(f"  turn {turn + 1}: bare row {floor:.0f}/s, series {ours:.0f}/s")
        ratios.append(ours / floor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM given")
        values = sorted(int(number.rsplit("-", 1)[1]) for (number,) in cursor.fetchall())
    series.next_value = type(series).objects.get(pk=series.pk).next_value
    connections.close_all()
    duplicates = len(values) - len(set(values))
    gaps = series.next_value - 1 - len(set(values))
    ratio = round(statistics.median(ratios), 2)
    return report(
        "core",
        "series",
        ratio_to_raw=ratio,
        gaps=gaps,
        duplicates=duplicates,
        ok=ratio >= 0.5 and not gaps and not duplicates,
    )


def _rate(work: Callable[[random.Random], Any]) -> float:
    """Return how many numbers a second the threads were given, rolled back ones included."""
    threads = [threading.Thread(target=work, args=(random.Random(n),)) for n in range(THREADS)]  # noqa: S311
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return THREADS * EACH / (time.perf_counter() - begun)
