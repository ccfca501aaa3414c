"""What is looked up while a line is keyed: what the customer paid, and what their list says (PRODUCT.md 5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db.models import Q

from inventory.models import Product
from orders.models import Customer, Price, SalesOrder, SalesOrderLine

LATEST_ORDERS, SHOWN = 200, 8


def last_prices(customer: Customer, product: Product) -> Sequence[SalesOrderLine]:
    """Return the last lines on which a customer ordered a product, of their latest orders, the newest first."""
    orders = SalesOrder.objects.filter(customer=customer, number__isnull=False).order_by("-pk").values("pk")
    lines = SalesOrderLine.objects.filter(product=product, order__in=orders[:LATEST_ORDERS])
    return list(lines.select_related("order").order_by("-order", "position")[:SHOWN])


def list_prices(customer: Customer, product: Product, on: date) -> Sequence[Price]:
    """Return what a product costs on a customer's list on a day, by the quantity from which it does."""
    prices = Price.objects.filter(price_list=customer.price_list_id, product=product)
    begun = prices.filter(Q(valid_from__isnull=True) | Q(valid_from__lte=on))
    return list(begun.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=on)).order_by("from_quantity", "pk"))
