"""Which of a cluster's databases the product works on."""

from __future__ import annotations


def use(database: str) -> None:
    """Have the product work on another database of the cluster."""
    from django.db import connections

    for alias in connections:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = database
