"""How far kits are: a kit is whole with all of its components, and begun with the first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, DecimalField, F, Min, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Concat, Floor

from inventory.models import Product
from orders.models import LinePart, SalesOrder, SalesOrderLine
from orders.sql import UNITS_WHOLE

__all__ = ["UNITS_WHOLE", "KitPart", "begun_by", "kit_parts", "part_name", "units_whole"]

_UNITS: DecimalField[Any, Any] = DecimalField(max_digits=18, decimal_places=6)
ZERO = Decimal(0)


def units_whole(total: Combinable) -> Coalesce:
    """Return of how many units of a line its parts have a total, for a query over parts by line; as UNITS_WHOLE."""
    return Coalesce(Min(Floor(total / F("ratio"))), Sum(total), output_field=_UNITS)


def begun_by(units: Decimal, ratio: Decimal) -> Decimal:
    """Return how many kits are begun by units of a component, so many of which make one; as UNITS_BEGUN."""
    whole, rest = divmod(units, ratio)
    return whole + 1 if rest else whole


def part_name(path: str = "") -> Case:
    """Return what a part is called where `path` leads to it: as its line is, a component as its product.

    What is shipped instead of something else says so.
    """
    is_component = When(**{f"{path}ratio__isnull": False, "then": F(f"{path}product__name")})
    ordered = F(f"{path}substitution__instead_of__product__sku")
    said = Concat(F(f"{path}product__name"), Value(" instead of "), ordered)
    is_substitute = When(**{f"{path}substitution__isnull": False, "then": said})
    return Case(is_component, is_substitute, default=F(f"{path}line__description"), output_field=CharField())


@dataclass(frozen=True, slots=True)
class KitPart:
    """A component of a kit on an order, and how many units of it have come how far."""

    product: Product
    ratio: Decimal
    share: Decimal
    demand_id: int | None
    ordered: Decimal
    cancelled: Decimal
    allocated: Decimal
    picked: Decimal
    packed: Decimal
    shipped: Decimal
    returned: Decimal

    @property
    def backordered(self) -> Decimal:
        """What of it waits for stock."""
        return self.ordered - self.cancelled - self.allocated

    def kits(self, name: str) -> Decimal:
        """Return for how many whole kits a total of it is enough."""
        total: Decimal = getattr(self, name)
        return total // self.ratio


def kit_parts(order: SalesOrder, lines: Sequence[SalesOrderLine]) -> dict[int, list[KitPart]]:
    """Return by line the components of an order's kits; nothing is asked where it has none."""
    if not any(line.product.kind == Product.Kind.KIT for line in lines):
        return {}
    none = Value(ZERO, output_field=_UNITS)
    parts: Any = LinePart.objects.filter(order=order, ratio__isnull=False).select_related("product__unit")
    parts = parts.annotate(promised=Coalesce(F("demand__allocated") + F("demand__picked"), none)).order_by("pk")
    found: dict[int, list[KitPart]] = defaultdict(list)
    for part in parts:
        found[part.line_id].append(
            KitPart(
                part.product,
                part.ratio,
                part.price_share,
                part.demand_id,
                part.ordered,
                part.cancelled,
                part.promised,
                part.picked,
                part.packed,
                part.shipped,
                part.returned,
            )
        )
    return dict(found)
