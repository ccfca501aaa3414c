"""Reads of goods that are inspected at receipt."""

from __future__ import annotations

from django.db.models import F, QuerySet

from core.models import User
from inventory.models import Inspection, InspectionStep


def inspections(user: User) -> QuerySet[Inspection]:
    """Return the inspections in the person's warehouses: `waiting` units to be looked at, `lies` rejected and here."""
    rows: QuerySet[Inspection] = Inspection.objects.for_user(user)
    return rows.select_related("product__unit", "warehouse", "bin", "lot", "line__order__supplier").annotate(
        waiting=F("quantity") - F("accepted") - F("rejected"), lies=F("rejected") - F("gone")
    )


def steps_of(inspection: Inspection) -> QuerySet[InspectionStep]:
    """Return what was found of an inspection's units and done with them, the last first."""
    return inspection.steps.select_related("actor", "bin").order_by("-pk")
