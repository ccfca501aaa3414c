"""Runs the benchmarks: `python -m benchmarks [name ...]`.

JSON lines on stdout, progress on stderr, exit 1 where a promise is missed.
"""

from __future__ import annotations

import importlib
import os
import sys

from benchmarks.cluster import bench_cluster, say

NAMES = (
    "empty_page",
    "core",
    "order_to_cash",
    "order_to_cash_bulk",
    "return_to_credit",
    "load",
    "hot_sku",
    "allocate_bulk",
    "allocation_growth",
    "atp",
    "queues",
)


def main(asked: list[str]) -> int:
    """Run the benchmarks that were asked for, or all; return the exit status."""
    unknown = [name for name in asked if name not in NAMES]
    if unknown:
        say(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}.")
        return 2
    ok = True
    with bench_cluster() as cluster:
        os.environ |= cluster.environment("bench")
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        for name in asked or NAMES:
            say(f"{name} ...")
            cluster.fresh_database("bench")
            module = importlib.import_module(f"benchmarks.{name}")
            ok = module.run(cluster) and ok
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
