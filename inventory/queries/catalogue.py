"""Reads of the catalogue: products with their stock, and what people changed in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.apps import apps
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from core.models import User
from inventory.models import Product, StockLevel, StockMove

HISTORY_LENGTH = 30


def products_with_stock(user: User) -> QuerySet[Product]:
    """Return the person's products with their unit and with `free`: sellable, promised to nobody, in any warehouse."""
    free = (
        StockLevel.objects.filter(product=OuterRef("pk"))
        .order_by()
        .values("product")
        .annotate(free=Sum(F("sellable") - F("allocated")))
        .values("free")
    )
    products: QuerySet[Product] = Product.objects.for_user(user).select_related("unit")
    return products.annotate(free=Coalesce(Subquery(free), Decimal(0)))


def stock_by_warehouse(product: Product) -> QuerySet[StockLevel]:
    """Return what each warehouse has of a product, with `free`, in the order of the warehouses."""
    levels: QuerySet[StockLevel] = StockLevel.objects.filter(product=product, company_id=product.company_id)
    return (
        levels.select_related("warehouse")
        .annotate(free=F("sellable") - F("allocated"), on_hand=F("sellable") + F("blocked") + F("staged"))
        .order_by("warehouse__priority", "warehouse__code")
    )


def has_stock_history(product: Product) -> bool:
    """Say whether a product was ever moved, so that its unit and kind are given."""
    return StockMove.objects.filter(product=product).exists()


def moved_products(product_ids: Collection[int]) -> set[int]:
    """Return which of products were ever moved."""
    return set(StockMove.objects.filter(product__in=product_ids).values_list("product", flat=True).distinct())


@dataclass(frozen=True, slots=True)
class Change:
    """Something a person typed: when, who, and what it said before and after."""

    at: datetime
    title: str
    actor: str = ""
    detail: str = ""
    tone: str = field(default="")


def product_changes(product: Product) -> list[Change]:
    """Return what people changed in a product, newest first, from its history."""
    event_model: Any = apps.get_model("inventory", "ProductEvent")
    found = event_model.objects.filter(id=product.pk).order_by("-pgh_id")
    events = list(found[: HISTORY_LENGTH + 1])
    people = _names(events)
    changes = [
        Change(
            at=event.pgh_created_at,
            title="; ".join(_differences(product, before, event)) or "Saved without a change",
            actor=people.get(_person(event), ""),
        )
        for event, before in pairwise(events)
    ]
    if events and len(events) <= HISTORY_LENGTH:
        first = events[-1]
        changes.append(Change(at=first.pgh_created_at, title="Product made", actor=people.get(_person(first), "")))
    return changes


def _differences(product: Product, before: Any, after: Any) -> list[str]:
    """Return a sentence for each column that differs."""
    sentences = []
    for column in type(product)._meta.concrete_fields:
        if column.name in ("id", "company", "sort_key", "created_at"):
            continue
        old, new = getattr(before, column.attname), getattr(after, column.attname)
        if old == new:
            continue
        if column.name == "is_active":
            sentences.append("Opened for orders" if new else "Closed to new orders")
        elif column.is_relation:
            sentences.append(f"{_label(column)} changed")
        else:
            sentences.append(f"{_label(column)}: {_shown(column, old)} → {_shown(column, new)}")
    return sentences


def _label(column: Any) -> str:
    name = str(column.verbose_name)
    return name[:1].upper() + name[1:]


def _shown(column: Any, value: Any) -> str:
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    return "nothing" if value in (None, "") else str(value)


def _person(event: Any) -> int | None:
    person: int | None = (event.pgh_context or {}).get("user")
    return person


def _names(events: Sequence[Any]) -> dict[int | None, str]:
    ids = {person for event in events if (person := _person(event)) is not None}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=ids)} if ids else {}
