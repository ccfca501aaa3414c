"""What can stand in for a product, and for which products it can itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from inventory.models import Product, Substitute


@dataclass(frozen=True, slots=True)
class StandIn:
    """A product that can stand in for another, whether it is its equal, and why."""

    product: Product
    is_equal: bool
    reason: str


def substitutes_of(product: Product) -> QuerySet[Substitute]:
    """Return all that was said of what stands in for a product, with the products."""
    return Substitute.objects.filter(product=product).select_related("stand_in__unit").order_by("rank", "pk")


def equal_to(product: Product) -> QuerySet[Substitute]:
    """Return for what a product was said to stand in as its equal: these stand in for it as well."""
    rows = Substitute.objects.filter(stand_in=product, is_equal=True)
    return rows.select_related("product__unit").order_by("rank", "pk")


def stand_ins(product: Product, on: date) -> list[StandIn]:
    """Return what can stand in for a product on a day and is sold, in stock and counted as it is; the best first."""
    valid = (Q(valid_from__isnull=True) | Q(valid_from__lte=on)) & (
        Q(valid_until__isnull=True) | Q(valid_until__gte=on)
    )
    found: dict[int, StandIn] = {}
    for row in substitutes_of(product).filter(valid):
        found[row.stand_in_id] = StandIn(row.stand_in, row.is_equal, row.reason)
    for row in equal_to(product).filter(valid):
        found.setdefault(row.product_id, StandIn(row.product, True, row.reason))
    return [
        one
        for one in found.values()
        if one.product.is_active and one.product.kind == Product.Kind.STOCK and one.product.unit_id == product.unit_id
    ]


def is_substituted(product: str) -> Exists:
    """Return whether something was said to stand in for a product, for a query whose rows lead to it by that name."""
    meant = Q(product=OuterRef(product)) | Q(stand_in=OuterRef(product), is_equal=True)
    return Exists(Substitute.objects.filter(meant))
