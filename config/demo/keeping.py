"""Keeps units for later, for customers, for a fair and of what is to come; and says what can be shipped instead."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet

from core.models import Company, User
from inventory.models import Demand, Product, StockLevel, Substitute, SupplierOrder, SupplierOrderLine
from orders import services as orders_services
from orders.models import Customer

LEAST_FREE, KEPT = 24, Decimal(12)
PROJECT = "Spring fair, hall 4"
SUBSTITUTED = 5


def keep_for_later(company: Company, actor: User, at: datetime) -> None:
    """Reserve some of what is free most: soon for customers and a fair, and for a day far ahead what is on its way."""
    levels = StockLevel.objects.filter(
        company=company, product__tracking=Product.Tracking.NONE, product__is_active=True
    )
    free = levels.annotate(free=F("sellable") - F("allocated")).filter(free__gte=LEAST_FREE, has_pools=False)
    products = list(dict.fromkeys(free.order_by("-free", "pk").values_list("product_id", flat=True)[:12]))[6:9]
    coming = SupplierOrderLine.objects.filter(
        order__company=company, order__status__in=SupplierOrder.OPEN, open__gte=KEPT, expected_on__gt=at.date()
    )
    later = list(coming.order_by("-expected_on", "pk").values_list("product_id", flat=True)[:1])
    customers = list(
        Customer.objects.filter(company=company, is_active=True).order_by("pk").values_list("pk", flat=True)
    )
    for place, product_id in enumerate([*products, *later]):
        days = 3 + 9 * place if product_id in products else 45
        orders_services.make_reservation(
            product_id=product_id,
            quantity=KEPT,
            wanted_on=at.date() + timedelta(days=days),
            expires_on=at.date() + timedelta(days=days),
            customer_id=None if place == 1 or not customers else customers[place % len(customers)],
            project=PROJECT if place == 1 or not customers else "",
            actor=actor,
            at=at,
        )


def name_substitutes(company: Company) -> None:
    """Say of some of what is waited for that the same thing in another color can be shipped instead."""
    sold = Product.objects.filter(company=company, kind=Product.Kind.STOCK, is_active=True)
    waits = Demand.objects.filter(company=company, backordered__gt=0, is_held=False).values("product")
    named = 0
    for product in sold.filter(pk__in=waits).order_by("pk"):
        words = " ".join(product.name.split()[-2:])
        others = sold.filter(unit=product.unit_id, name__endswith=f" {words}").exclude(pk=product.pk)
        other = others.filter(pk__in=_free(company)).order_by("pk").first()
        if other is not None and named < SUBSTITUTED:
            Substitute.objects.create(product=product, stand_in=other, reason="Another color or pattern")
            named += 1


def _free(company: Company) -> QuerySet[Any]:
    levels = StockLevel.objects.filter(company=company, sellable__gt=F("allocated"))
    return levels.order_by().values("product")
