"""The people of a company, with what they may do and where."""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet

from core.models import Membership, User
from inventory.models import WarehouseAccess

WORKS_HERE = Q(user__is_active=True) & ~Q(roles=[])


def people(user: User) -> QuerySet[Membership]:
    """Return who works, or worked, for the company that the user works for, with the warehouses they are bound to."""
    bound = WarehouseAccess.objects.filter(user=OuterRef("user"), warehouse__company=OuterRef("company"))
    names = bound.order_by("warehouse__name").values("warehouse__name")
    return Membership.objects.for_user(user).select_related("user").annotate(site_names=ArraySubquery(names))
