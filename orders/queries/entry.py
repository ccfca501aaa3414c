"""Reads of the page on which an order is keyed: whom and what people mean by what they type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import OrderBy
from django.db.models.functions import Upper

from core.models import User
from inventory.models import Channel, Product
from inventory.queries import catalogue
from orders.models import Customer, CustomerPart, EntrySheet, SalesOrder, SalesOrderLine

SHOWN = 8
LATEST_ORDERS = 100
MOST_BOUGHT = 500
SHEETS_SHOWN = 3
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
    found = Customer.objects.for_user(user).select_related("price_list", "channel")
    named = list(
        found.filter(Q(number__iexact=text) | Q(number__iexact=first_word) | Q(name__iexact=text)).order_by("pk")[:5]
    )
    for customer in named:
        if text.casefold() in {customer.number.casefold(), str(customer).casefold()}:
            return customer
    called = [customer for customer in named if customer.name.casefold() == text.casefold()]
    return called[0] if len(called) == 1 else None


def products_like(user: User, text: str, customer: Customer | None = None) -> QuerySet[Product]:
    """Return the products on sale that a text may mean, with `free` and, for a customer, `theirs`: their own number.

    Those come first whose code begins with the text; within these and the rest, what the customer bought most often.
    """
    products = catalogue.products_with_stock(user).filter(is_active=True).exclude(kind=Product.Kind.BALANCE)
    if customer is None:
        return _ranked(products, text, ("sku", "name", "gtin"), ("sku", "gtin"), "sort_key")
    parts = CustomerPart.objects.filter(customer=customer)
    theirs = Subquery(parts.filter(product=OuterRef("pk")).order_by("pk").values("number")[:1])
    bought = Value(_bought_most(customer), output_field=ArrayField(BigIntegerField()))
    place = Func(bought, F("pk"), function="array_position", output_field=IntegerField())
    return _ranked(
        products.annotate(theirs=theirs),
        text,
        ("sku", "name", "gtin"),
        ("sku", "gtin"),
        place.asc(nulls_last=True),
        "sort_key",
        parts=parts,
    )


def _bought_most(customer: Customer) -> list[int]:
    """Return the products of the customer's latest orders, those on most of their lines first."""
    orders = SalesOrder.objects.filter(customer=customer, company_id=customer.company_id).order_by("-pk")
    lines = SalesOrderLine.objects.filter(order__in=orders.values("pk")[:LATEST_ORDERS]).order_by()
    counted = lines.values("product").annotate(times=Count("pk")).order_by("-times", "product")
    return list(counted.values_list("product", flat=True)[:MOST_BOUGHT])


def products_meant(user: User, texts: Collection[str], customer: Customer | None = None) -> dict[str, Product]:
    """Return by text the products that it names: by the customer's own number, by SKU, or by GTIN.

    The customer's own number goes before ours, for it is their order that is keyed.
    """
    wanted = {text.strip().upper() for text in texts if NUL not in text} - {""}
    if not wanted:
        return {}
    theirs: dict[str, int] = {}
    if customer is not None:
        parts = CustomerPart.objects.filter(customer=customer, key__in=wanted)
        theirs = dict(parts.values_list("key", "product"))
    found = list(
        Product.objects.for_user(user)
        .select_related("unit")
        .annotate(sku_upper=Upper("sku"))
        .filter(Q(sku_upper__in=wanted) | Q(gtin__in=wanted) | Q(pk__in=theirs.values()))
        .order_by("pk")
    )
    by_text: dict[str, Product] = {}
    for product in found:
        if product.gtin:
            by_text.setdefault(product.gtin, product)
    for product in found:
        by_text[product.sku.upper()] = product
    by_pk = {product.pk: product for product in found}
    by_text |= {key: by_pk[pk] for key, pk in theirs.items() if pk in by_pk}
    return {text: by_text[text.strip().upper()] for text in texts if text.strip().upper() in by_text}


def _ranked(
    rows: QuerySet[Any],
    text: str,
    fields: Sequence[str],
    leading: Sequence[str],
    *then: str | OrderBy,
    parts: QuerySet[CustomerPart] | None = None,
) -> QuerySet[Any]:
    """Return the rows in which each word is found, those first that begin with the text; products by `parts` too."""
    if NUL in text:
        return rows.none()

    def found(word: str, how: str, names: Sequence[str]) -> Q:
        by_name = reduce(or_, (Q(**{f"{name}__{how}": word}) for name in names))
        if parts is None:
            return by_name
        return by_name | Q(pk__in=parts.filter(**{f"key__{how}": word}).values("product"))

    for word in text.split():
        rows = rows.filter(found(word, "icontains", fields))
    begins = When(found(text.strip(), "istartswith", leading), then=Value(0))
    return rows.order_by(Case(begins, default=Value(1), output_field=IntegerField()), *then, "pk")


@dataclass(frozen=True, slots=True)
class Compared:
    """A product on an order that has the PO number already and on the one that is keyed, with both quantities."""

    sku: str
    name: str
    before: Decimal
    now: Decimal

    @property
    def is_same(self) -> bool:
        """Whether both orders have as much of it."""
        return self.before == self.now


def compared_with(order_id: int, keyed: Iterable[tuple[Product, Decimal]]) -> list[Compared]:
    """Return the lines of an order beside those that are keyed, by product, by one statement."""
    lines = SalesOrderLine.objects.filter(order=order_id).select_related("product").order_by("position")
    products: dict[int, Product] = {}
    before: dict[int, Decimal] = defaultdict(Decimal)
    now: dict[int, Decimal] = defaultdict(Decimal)
    for line in lines:
        products[line.product_id] = line.product
        before[line.product_id] += line.quantity
    for product, quantity in keyed:
        products.setdefault(product.pk, product)
        now[product.pk] += quantity
    return [Compared(product.sku, product.name, before[pk], now[pk]) for pk, product in products.items()]


def channels_for(user: User, also: int | None) -> list[Channel]:
    """Return the channels in which a person's orders may be sold, and the one in which an order is."""
    return list(Channel.objects.for_user(user).filter(Q(is_active=True) | Q(pk=also)).order_by("priority", "code"))


def sheets_of(user: User, order: SalesOrder | None = None) -> QuerySet[EntrySheet]:
    """Return what a person keyed and neither sent nor discarded: of new orders, or of the draft that is named."""
    sheets: QuerySet[EntrySheet] = EntrySheet.objects.for_user(user).filter(person=user, done_at=None, order=order)
    return sheets.order_by("-saved_at", "-pk")
