"""Reads of sites: warehouses with how many places they serve, and the calendars by which they work."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core.models import User
from inventory.models import Bin, BinStock, Calendar, Lane, Warehouse


def warehouses(user: User) -> QuerySet[Warehouse]:
    """Return the person's warehouses with `lane_count`."""
    rows: QuerySet[Warehouse] = Warehouse.objects.for_user(user)
    lanes = Lane.objects.filter(warehouse=OuterRef("pk")).order_by().values("warehouse")
    return rows.select_related("calendar", "company").annotate(
        lane_count=Coalesce(Subquery(lanes.annotate(n=Count("pk")).values("n")), 0)
    )


def lanes_of(user: User, warehouse_id: int) -> QuerySet[Lane]:
    """Return the places that one of the person's warehouses serves."""
    mine = Warehouse.objects.for_user(user).filter(pk=OuterRef("warehouse"))
    return Lane.objects.filter(Exists(mine), warehouse=warehouse_id)


def bins_of(user: User, site: Warehouse | None) -> QuerySet[Bin]:
    """Return the bins of a warehouse, or of all, with `product_count`: of how many products something lies there."""
    there = BinStock.objects.filter(bin=OuterRef("pk"), quantity__gt=0).order_by().values("bin")
    counted = there.annotate(n=Count("product", distinct=True)).values("n")
    rows: QuerySet[Bin] = Bin.objects.for_user(user)
    rows = rows.filter(warehouse=site) if site else rows
    return rows.annotate(product_count=Coalesce(Subquery(counted), 0))


def calendars(user: User) -> QuerySet[Calendar]:
    """Return the calendars of the person's companies with `site_count`."""
    rows: QuerySet[Calendar] = Calendar.objects.for_user(user)
    sites = Warehouse.objects.filter(calendar=OuterRef("pk")).order_by().values("calendar")
    return rows.annotate(site_count=Coalesce(Subquery(sites.annotate(n=Count("pk")).values("n")), 0))
