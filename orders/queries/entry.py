"""Reads of the page on which an order is keyed: whom and what people mean by what they type."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Upper

from core.models import User
from inventory.models import Product
from inventory.queries import catalogue
from orders.models import Customer

SHOWN = 8
# PostgreSQL takes it in no text: nothing is called that
NUL = "\0"


def customers_like(user: User, text: str) -> QuerySet[Customer]:
    """Return the customers that a text may mean, those first whose number or name begins with it."""
    customers: QuerySet[Customer] = Customer.objects.for_user(user).select_related("price_list")
    return _ranked(customers, text, ("number", "name", "phone", "email"), ("number", "name"), "sort_key")


def customer_meant(user: User, text: str) -> Customer | None:
    """Return the customer whose number or name a text is, as far as only one has it; letters alone name nobody."""
    text = text.strip()
    if not text or NUL in text:
        return None
    first_word = text.split()[0]
    found = Customer.objects.for_user(user).select_related("price_list")
    named = list(
        found.filter(Q(number__iexact=text) | Q(number__iexact=first_word) | Q(name__iexact=text)).order_by("pk")[:5]
    )
    for customer in named:
        if text.casefold() in {customer.number.casefold(), str(customer).casefold()}:
            return customer
    called = [customer for customer in named if customer.name.casefold() == text.casefold()]
    return called[0] if len(called) == 1 else None


def products_like(user: User, text: str) -> QuerySet[Product]:
    """Return the products on sale that a text may mean, with `free`, those first whose SKU begins with it."""
    products = catalogue.products_with_stock(user).filter(is_active=True)
    return _ranked(products, text, ("sku", "name", "gtin"), ("sku", "gtin"), "sort_key")


def products_meant(user: User, texts: Collection[str]) -> dict[str, Product]:
    """Return by text the products whose SKU or GTIN it is, with `free`, by one statement."""
    wanted = {text.strip().upper() for text in texts if NUL not in text} - {""}
    if not wanted:
        return {}
    found = (
        catalogue.products_with_stock(user)
        .annotate(sku_upper=Upper("sku"))
        .filter(Q(sku_upper__in=wanted) | Q(gtin__in=wanted))
        .order_by("pk")
    )
    by_text: dict[str, Product] = {}
    for product in found:
        if product.gtin:
            by_text.setdefault(product.gtin, product)
    for product in found:
        by_text[product.sku.upper()] = product
    return {text: by_text[text.strip().upper()] for text in texts if text.strip().upper() in by_text}


def free_of(product: Any) -> Decimal | None:
    """Return what is promised to nobody of a product from these reads; what is not stocked has none."""
    free: Decimal = product.free
    return free if product.kind == Product.Kind.STOCK else None


def _ranked(
    rows: QuerySet[Any], text: str, fields: tuple[str, ...], leading: tuple[str, ...], then: str
) -> QuerySet[Any]:
    if NUL in text:
        return rows.none()
    for word in text.split():
        found = Q()
        for field in fields:
            found |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(found)
    begins = Q()
    for field in leading:
        begins |= Q(**{f"{field}__istartswith": text.strip()})
    rank = Case(When(begins, then=Value(0)), default=Value(1), output_field=IntegerField())
    return rows.order_by(rank, then, "pk")
