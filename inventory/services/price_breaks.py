"""Price breaks: what a unit of a supplier's item costs from a quantity on; orders that are sent keep what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from core import bulk
from core.models import User
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory.models import Supplier, SupplierItem, SupplierPriceBreak


@atomic
def keep_price_breaks(*, item_id: int, costs: Mapping[Decimal, Decimal], actor: User) -> None:
    """Have units of an item cost so much from each quantity on, and nothing else.

    :raises NotAllowed: where the actor may not buy.
    :raises Blocked: where there is no such item, a break is below its least quantity, or a cost below zero.
    """
    require(actor, "inventory.purchase")
    items = SupplierItem.objects.filter(supplier__in=Supplier.objects.for_user(actor), pk=item_id)
    found = list(items.locked())
    if not found:
        raise Blocked("There is no such item.")
    (item,) = found
    for quantity, cost in costs.items():
        if quantity <= 0 or quantity < item.minimum:
            raise Blocked(f"A price from {quantity.normalize():f} on is below the least quantity.")
        if cost < 0:
            raise Blocked("A cost is zero or more.")
    had = {row.quantity: row for row in SupplierPriceBreak.objects.filter(item=item)}
    gone = [row.pk for quantity, row in had.items() if quantity not in costs]
    if gone:
        SupplierPriceBreak.objects.filter(pk__in=gone).delete()
    changed = [row for quantity, row in had.items() if quantity in costs and row.unit_cost != costs[quantity]]
    for row in changed:
        row.unit_cost = costs[row.quantity]
    bulk.update(changed, ["unit_cost"])
    new = sorted(costs.keys() - had.keys())
    bulk.insert([SupplierPriceBreak(item=item, quantity=quantity, unit_cost=costs[quantity]) for quantity in new])
