"""Columns that several rows of returns have: who did it, and what goods cost."""

from __future__ import annotations

from django.conf import settings
from django.db import models


def value_field(**options: object) -> models.DecimalField:
    """Return a column for a cost in company currency."""
    return models.DecimalField(max_digits=20, decimal_places=4, **options)  # type: ignore[arg-type]


def by(**options: object) -> models.ForeignKey:
    """Return a column for the person who did something."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        **options,  # type: ignore[arg-type]
    )
