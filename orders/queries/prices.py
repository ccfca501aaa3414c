"""Reads of the pages of price lists and tax rates."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from core.models import User
from orders.models import Customer, Price, PriceList, SalesOrder, SalesOrderLine, TaxRate
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


def tax_rates_in_queue(user: User, today: date) -> QuerySet[TaxRate]:
    """Return the tax rates with `is_replaced`, whether a later one for the same country counts by now, and `ends_on`.

    That is the day from which the next one counts.
    """
    rates: QuerySet[TaxRate] = TaxRate.objects.for_user(user)
    same = TaxRate.objects.filter(company=OuterRef("company"), country=OuterRef("country"), valid_from__lte=today)
    after = TaxRate.objects.filter(
        company=OuterRef("company"), country=OuterRef("country"), valid_from__gt=OuterRef("valid_from")
    )
    return rates.annotate(
        is_replaced=Exists(same.filter(valid_from__gt=OuterRef("valid_from"))),
        ends_on=Subquery(after.order_by("valid_from").values("valid_from")[:1]),
    )


def has_taxed(rate: TaxRate) -> bool:
    """Say whether an order was taxed by a rate: one of a day on which it counts, where it counts, with what it says."""
    rates = TaxRate.objects.filter(company=rate.company_id)
    later = rates.filter(country=rate.country, valid_from__gt=rate.valid_from).order_by("valid_from")
    ends_on = later.values_list("valid_from", flat=True).first()
    taxed = SalesOrderLine.objects.filter(order=OuterRef("pk"), tax_category=rate.category, tax_rate=rate.rate)
    orders = SalesOrder.objects.filter(Exists(taxed), company=rate.company_id, ordered_on__gte=rate.valid_from)
    if ends_on:
        orders = orders.filter(ordered_on__lt=ends_on)
    if rate.country:
        return bool(orders.filter(ship_to__country=rate.country).exists())
    own = rates.exclude(country="").filter(country=OuterRef("goes_to"), valid_from__lte=OuterRef("ordered_on"))
    return bool(orders.annotate(goes_to=KT("ship_to__country")).filter(~Exists(own)).exists())


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
