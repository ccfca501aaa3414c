"""Kits on orders: a line that is confirmed gets a part for each component, its ratio and price share frozen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from core.money import ZERO, spread
from inventory.queries.kits import composition_of
from orders.models import Customer, LinePart, Price, SalesOrder, SalesOrderLine
from orders.services.pricing import PriceStep, price_for

SHARE_PLACES = 8


def kit_parts(lines: Sequence[SalesOrderLine], orders: Mapping[int, SalesOrder]) -> dict[int, list[LinePart]]:
    """Return by line the parts of kits, as these consist now, without their demands.

    A component's share of the price goes by what it costs on the customer's list when it is bought alone; where one of
    them has no price there, by its units. What a part's units are worth is then known whatever lists and kits become.
    """
    composition = composition_of({line.product_id for line in lines})
    prices = _prices(
        {orders[line.order_id].customer_id for line in lines},
        {one.product_id for components in composition.values() for one in components},
    )
    parts: dict[int, list[LinePart]] = {}
    for line in lines:
        order, components = orders[line.order_id], composition[line.product_id]
        units = [line.quantity * one.quantity for one in components]
        steps = [
            price_for(prices[order.customer_id, one.product_id], quantity=ordered, day=order.ordered_on)
            for one, ordered in zip(components, units, strict=True)
        ]
        known = [step.price for step in steps if step is not None]
        alone = known if len(known) == len(components) and any(known) else [Decimal(1)] * len(components)
        weights = [price * one.quantity for price, one in zip(alone, components, strict=True)]
        shares = spread(Decimal(1), weights, SHARE_PLACES)
        parts[line.pk] = [
            LinePart(
                order_id=line.order_id,
                line=line,
                product_id=one.product_id,
                requested_on=order.requested_on,
                ratio=one.quantity,
                price_share=share,
                ordered=ordered,
            )
            for one, ordered, share in zip(components, units, shares, strict=True)
        ]
    return parts


def _prices(customer_ids: set[int], product_ids: set[int]) -> dict[tuple[int, int], list[PriceStep]]:
    """Return by customer and product the prices on the customer's list."""
    lists = dict(Customer.objects.filter(pk__in=customer_ids).values_list("pk", "price_list_id"))
    on_list: dict[tuple[int, int], list[PriceStep]] = defaultdict(list)
    for row in Price.objects.filter(price_list__in=set(lists.values()), product__in=product_ids):
        step = PriceStep(row.price, row.from_quantity or ZERO, row.valid_from, row.valid_until)
        on_list[row.price_list_id, row.product_id].append(step)
    return {
        (customer_id, product_id): on_list[price_list_id, product_id]
        for customer_id, price_list_id in lists.items()
        for product_id in product_ids
    }
