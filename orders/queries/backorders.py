"""Reads of the backorder workbench: who waits for what, since when, until when, and who has it instead."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from core.models import User
from inventory.models import Allocation, StockLevel
from inventory.queries.pools import free_of_level
from inventory.queries.substitutes import is_substituted
from orders.models import AllocationRun, LinePart, SalesOrder

_UNITS = DecimalField(max_digits=18, decimal_places=6)
_GOING = (SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED)
NOBODY: Value = Value(Decimal(0), output_field=_UNITS)


def waiting_parts(user: User) -> QuerySet[LinePart]:
    """Return the parts of orders under way that wait for stock, with what is free of their product anywhere now.

    `waits`: units without stock; `free`: units that nobody was promised and that are not kept for other channels, in
    all warehouses; `kept`: units that are.
    """
    levels = StockLevel.objects.filter(
        company=OuterRef("order__company"), product=OuterRef("product"), sellable__gt=F("allocated")
    )
    by_product = levels.order_by().values("product")
    of_level = free_of_level(OuterRef("demand__channel"))
    free = by_product.annotate(units=Sum(of_level)).values("units")
    kept = (
        by_product.filter(has_pools=True).annotate(units=Sum(F("sellable") - F("allocated") - of_level)).values("units")
    )
    parts = LinePart.objects.for_user(user).filter(order__status__in=_GOING, demand__backordered__gt=0)
    parts = parts.annotate(
        waits=F("demand__backordered"),
        has_substitutes=is_substituted("product"),
        free=Coalesce(Subquery(free), NOBODY, output_field=_UNITS),
        kept=Coalesce(Subquery(kept), NOBODY, output_field=_UNITS),
    )
    return parts.select_related("order__customer", "product__unit", "demand", "line").only(
        *("requested_on", "ordered", "line__position", "line__product", "line__description"),
        *("order__number", "order__status", "order__confirmed_at", "order__customer__name", "order__po_number"),
        *("product__sku", "product__name", "product__unit__code", "product__unit__name", "product__unit__step"),
        *("demand__backordered", "demand__allocated", "demand__due_on", "demand__promised_on"),
        *("demand__first_promised_on", "demand__is_held", "demand__priority"),
    )


CAN_BE_FILLED = Q(free__gt=0, demand__is_held=False)
IS_EXPECTED = Q(free__lte=0, demand__promised_on__isnull=False, demand__is_held=False)
HAS_NO_SUPPLY = Q(free__lte=0, demand__promised_on__isnull=True, demand__is_held=False)


def givers_for(part: LinePart) -> QuerySet[LinePart]:
    """Return other orders' parts with stock of the same product that no pick was planned for, the last due first.

    `gives`: how many units could be moved.
    """
    firm = Allocation.objects.filter(demand=OuterRef("demand"), status=Allocation.Status.FIRM).order_by()
    units = firm.values("demand").annotate(units=Sum(F("quantity") - F("picked"))).values("units")
    others = LinePart.objects.filter(
        order__company=part.order.company_id,
        order__status__in=_GOING,
        product=part.product_id,
        demand__allocated__gt=0,
    )
    others = others.exclude(order=part.order_id).annotate(gives=Subquery(units)).filter(gives__gt=0)
    return others.select_related("order__customer", "demand").order_by("-demand__due_on", "-pk")


def parts_of_product(user: User, product_id: int) -> QuerySet[LinePart]:
    """Return the parts of orders under way that wait for a product, or have of it what no pick was planned for.

    `has` and `waits`: their units with stock that can still be given anew, and without. Those on hold are left out.
    """
    firm = Allocation.objects.filter(demand=OuterRef("demand"), status=Allocation.Status.FIRM).order_by()
    units = firm.values("demand").annotate(units=Sum(F("quantity") - F("picked"))).values("units")
    parts = LinePart.objects.for_user(user).filter(
        order__status__in=_GOING, product=product_id, demand__isnull=False, demand__is_held=False
    )
    parts = parts.annotate(
        waits=F("demand__backordered"), has=Coalesce(Subquery(units), NOBODY, output_field=_UNITS)
    ).filter(Q(waits__gt=0) | Q(has__gt=0))
    parts = parts.select_related("order__customer", "demand")
    return parts.order_by("demand__priority", "requested_on", "order_id", "pk")


def latest_run(user: User) -> AllocationRun | None:
    """Return the latest run over all that waits of the person's company, and who began it."""
    runs = AllocationRun.objects.for_user(user).defer("demand_ids").select_related("actor")
    return runs.order_by("-pk").first()
