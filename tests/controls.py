"""Repeats a control where it did not go wrong: that a race is lost without its lock has to be seen once (T2).

Two who meet without a lock do what they do at the same time. Where the machine lets one be through before the other
goes on, nothing goes wrong, and they meet again on fresh rows: up to three times.
"""

import pytest
from _pytest.runner import runtestprotocol

TIMES = 3


def is_control(item: pytest.Item) -> bool:
    """Say whether a test is of a race without what keeps it in order, as its name says."""
    return "_without_" in item.name and hasattr(getattr(item, "module", None), "race")


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a control until it went wrong, as it is to; what is told of it is its last run."""
    if not is_control(item):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for _time in range(TIMES):
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if not any(report.failed for report in reports):
            break
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
