"""The people of a company, with what they may do and where."""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet

from core.models import Membership, Passkey, SecondStep, User
from inventory.models import WarehouseAccess

WORKS_HERE = Q(user__is_active=True) & ~Q(roles=[])


def people(user: User) -> QuerySet[Membership]:
    """Return who works, or worked, for the user's company, with their warehouses and their second step."""
    bound = WarehouseAccess.objects.filter(user=OuterRef("user"), warehouse__company=OuterRef("company"))
    names = bound.order_by("warehouse__name").values("warehouse__name")
    app = SecondStep.objects.filter(user=OuterRef("user")).exclude(secret="")
    has_step = Exists(app) | Exists(Passkey.objects.filter(user=OuterRef("user")))
    rows = Membership.objects.for_user(user).select_related("user")
    return rows.annotate(site_names=ArraySubquery(names), has_second_step=has_step)
