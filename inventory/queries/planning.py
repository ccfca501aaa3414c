"""Reads of what planning says of stock."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Min, OuterRef, QuerySet, Subquery

from core.models import User
from inventory.models import PlanningFigure, ReorderRule, ServiceLevel


def planning_figures(user: User) -> QuerySet[PlanningFigure]:
    """Return what planning says of the person's warehouses, and the reorder point that is `kept` by a rule."""
    rows: QuerySet[PlanningFigure] = PlanningFigure.objects.for_user(user)
    rule = ReorderRule.objects.filter(
        company=OuterRef("company"), product=OuterRef("product"), warehouse=OuterRef("warehouse")
    )
    return rows.select_related("product__unit", "warehouse").annotate(kept=Subquery(rule.values("reorder_point")))


def reckoned_at(user: User) -> datetime | None:
    """Return as of when the figures are that the person sees; nothing where there are none."""
    rows: QuerySet[PlanningFigure] = PlanningFigure.objects.for_user(user)
    found: datetime | None = rows.aggregate(at=Min("as_of"))["at"]
    return found


def service_level(user: User) -> ServiceLevel:
    """Return the service levels of the person's company, those of everybody where it set none."""
    return ServiceLevel.objects.for_user(user).filter(company=user.company).first() or ServiceLevel(
        company=user.company
    )
