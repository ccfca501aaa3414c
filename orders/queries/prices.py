"""Reads of the price lists' pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core.models import User
from orders.models import Customer, Price, PriceList
from orders.queries.queue import Stage


def price_lists_in_queue(user: User) -> QuerySet[PriceList]:
    """Return the person's price lists with `priced`, how many prices they have, and `given`, to how many customers."""

    def counted(rows: QuerySet[Any]) -> Coalesce:
        of_list = rows.filter(price_list=OuterRef("pk")).order_by().values("price_list")
        return Coalesce(Subquery(of_list.annotate(number=Count("pk")).values("number")), 0)

    lists: QuerySet[PriceList] = PriceList.objects.for_user(user)
    return lists.annotate(priced=counted(Price.objects.all()), given=counted(Customer.objects.filter(is_active=True)))


def prices_in_queue(price_list: PriceList) -> QuerySet[Price]:
    """Return a list's prices with their product and unit."""
    return price_list.prices.select_related("product__unit", "price_list")


def with_standing(rows: list[Any], today: date) -> list[Any]:
    """Return prices with `standing`: whether they count today, will, or did."""
    for row in rows:
        if row.valid_from and row.valid_from > today:
            row.standing = Stage("Later", "waiting")
        elif row.valid_until and row.valid_until < today:
            row.standing = Stage("Over", "neutral")
        else:
            row.standing = Stage("In force", "done")
    return rows
