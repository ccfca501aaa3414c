"""How far an order is in each respect, in a word each."""

from __future__ import annotations

from decimal import Decimal

from django.db import models


class Facet(models.TextChoices):
    """How much of an order is in a stage, of what there is to do."""

    NONE = "NONE", "None"
    PART = "PART", "Part"
    FULL = "FULL", "Full"
    OVER = "OVER", "Over"


class Standing(models.TextChoices):
    """How an order's promise stands to stock, to the day asked for and to what was said first; several may hold."""

    WAITS = "WAITS", "Units wait for stock"
    SLIPS = "SLIPS", "Units that wait are expected later than first promised"
    LATE = "LATE", "Units are promised after the day asked for"
    UNKNOWN = "UNKNOWN", "Units have no day"
    KEPT = "KEPT", "All units have a day in time"


def facet_of(done: Decimal, whole: Decimal) -> str:
    """Return the facet of what is done of a whole; nothing to do is NONE."""
    if done <= 0:
        return Facet.NONE
    if done < whole:
        return Facet.PART
    return Facet.FULL if done == whole else Facet.OVER
