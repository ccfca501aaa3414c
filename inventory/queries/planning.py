"""Reads of what planning says of stock."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Min, QuerySet

from core.models import User
from inventory.models import PlanningFigure


def planning_figures(user: User) -> QuerySet[PlanningFigure]:
    """Return what planning says of the person's warehouses, with products and warehouses."""
    rows: QuerySet[PlanningFigure] = PlanningFigure.objects.for_user(user)
    return rows.select_related("product__unit", "warehouse")


def reckoned_at(user: User) -> datetime | None:
    """Return as of when the figures are that the person sees; nothing where there are none."""
    rows: QuerySet[PlanningFigure] = PlanningFigure.objects.for_user(user)
    found: datetime | None = rows.aggregate(at=Min("as_of"))["at"]
    return found
