"""Reads for substituting: how many units of a line can be, what could stand in for them, and what does already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import F, QuerySet, Sum

from core.models import User
from inventory.atp import Arrival, Availability
from inventory.models import Allocation, Demand, Product
from inventory.queries.atp import available
from inventory.queries.substitutes import stand_ins
from orders.models import LinePart, SalesOrderLine, Substitutes, Substitution

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Left:
    """How many units of a part could be substituted, how many of them wait for stock, and whether it is on hold."""

    units: Decimal
    waits: Decimal
    is_held: bool


def left_of(part: LinePart) -> Left:
    """Return what of a part nobody picked and no pick was planned for."""
    demand = Demand.objects.get(pk=part.demand_id or 0)
    released = Allocation.objects.filter(demand=demand, status=Allocation.Status.RELEASED)
    planned = released.aggregate(units=Sum(F("quantity") - F("picked")))["units"] or ZERO
    return Left(part.ordered - part.cancelled - part.picked - planned, demand.backordered, demand.is_held)


def lines_of(user: User) -> QuerySet[SalesOrderLine]:
    """Return the lines of orders of the person's companies."""
    lines = SalesOrderLine.objects.filter(order__company__in=user.company_ids)
    return lines.select_related("order__customer", "product__unit")


def left_of_line(line: SalesOrderLine) -> Left | None:
    """Return what of a confirmed order's line could be substituted, nothing of a draft's."""
    part = LinePart.objects.filter(line=line, product=line.product_id, demand__isnull=False).first()
    return left_of(part) if part else None


def needs_no_answer(rule: str, is_equal: bool) -> bool:
    """Say whether a customer with a rule takes a substitute unasked."""
    return rule == Substitutes.GROUP and is_equal


@dataclass(frozen=True, slots=True)
class Offer:
    """A product that can stand in for a line's: whether the customer is to be asked, and what is free of it when."""

    product: Product
    is_equal: bool
    reason: str
    asks: bool
    available: Availability

    def until(self, quantity: Decimal) -> tuple[Arrival, ...]:
        """Return what becomes free of it until there is enough."""
        return self.available.until(quantity)


def offers(line: SalesOrderLine, today: date) -> list[Offer]:
    """Return what can stand in for a line's product, the best first."""
    return offers_for(line.product, line.order.customer.substitutes, line.order.channel_id, today)


def offers_for(product: Product, rule: str, channel_id: int | None, today: date) -> list[Offer]:
    """Return what can stand in for a product for a customer with a rule, in a channel or none; the best first."""
    found = stand_ins(product, today)
    free = available([one.product.pk for one in found], today, channel_id=channel_id)
    return [
        Offer(one.product, one.is_equal, one.reason, not needs_no_answer(rule, one.is_equal), free[one.product.pk])
        for one in found
    ]


@dataclass(frozen=True, slots=True)
class ShippedInstead:
    """Units of another product that a line's customer gets instead, and who of them was asked and when."""

    product: Product
    demand_id: int | None
    units: Decimal
    answered_by: str
    answered_on: date | None


def instead_of(line_ids: Collection[int]) -> dict[int, list[ShippedInstead]]:
    """Return by line what is shipped instead of its own product; what was cancelled of that is left out."""
    rows = Substitution.objects.filter(part__line__in=line_ids, part__ordered__gt=F("part__cancelled"))
    found: dict[int, list[ShippedInstead]] = defaultdict(list)
    for row in rows.select_related("part__product__unit").order_by("pk"):
        part = row.part
        found[part.line_id].append(
            ShippedInstead(
                part.product, part.demand_id, part.ordered - part.cancelled, row.answered_by, row.answered_on
            )
        )
    return found
