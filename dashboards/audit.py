"""Proofs of dashboards: facts against the floors they were read from, figures of days against the facts."""

from __future__ import annotations

from core.audit import sql_check
from core.registry import AuditCheck, Drift
from dashboards.models import RollUp
from dashboards.sql import figures


def _where_rolled_up(check: AuditCheck) -> AuditCheck:
    """Return the check for databases in which some company's figures were rolled up; before that there is nothing."""

    def find() -> tuple[int, list[Drift]]:
        return check.find() if RollUp.objects.exists() else (0, [])

    return AuditCheck(check.name, find)


CHECKS = [
    _where_rolled_up(sql_check(name, rows=rows, drift=drift))
    for name, rows, drift in (
        (
            "what each line came to for the manager's page = what its order's floors say, but for orders that are due",
            "dashboards_linefact",
            figures.PROVE_LINES,
        ),
        (
            "how far each order is for the manager's page = what its floors say, but for orders that are due",
            "dashboards_orderfact",
            figures.PROVE_ORDERS,
        ),
        (
            "short picks, holds and documents for the manager's page = those there are, but for orders that are due",
            "dashboards_occurrence",
            figures.PROVE_OCCURRENCES,
        ),
        ("figures of a day = its facts", "dashboards_dayfigure", figures.PROVE_FIGURES),
    )
]
