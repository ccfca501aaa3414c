"""Late costs: what goods cost besides, split over what is still there and what has left (PRODUCT.md rule 14)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal

from core import bulk
from core.models import User
from core.money import ZERO, exponent, round_half_up, spread
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory.models import LateCost, LateCostShare, StockLevel, SupplierOrderLine
from inventory.services.layering import Layers
from inventory.services.supplying import one_locked


@atomic
def add_late_cost(*, order_id: int, amount: Decimal, reference: str, actor: User, at: datetime) -> LateCost:
    """Spread an amount over what came of a supplier order, by value, and raise what the stock that is left is worth.

    What has left the house keeps the cost it was issued at: its share stands beside it, on the day of this posting.
    Of each product at most as many units are left as the warehouse has at average cost; where the first in go first,
    the layers say how many they are.

    :raises NotAllowed: where the actor may not buy.
    :raises Blocked: where nothing came of the order, or the amount is none of the company's currency.
    """
    require(actor, "inventory.purchase")
    order = one_locked(order_id, actor, "company")
    places = exponent(order.company.currency)
    if amount <= 0 or amount != round_half_up(amount, places):
        raise Blocked(f"{amount.normalize():f} is no amount in {order.company.currency}.")
    received: dict[int, Decimal] = defaultdict(Decimal)
    worth: dict[int, Decimal] = defaultdict(Decimal)
    brought: dict[int, set[int]] = defaultdict(set)
    for line in SupplierOrderLine.objects.filter(order=order, received__gt=0).order_by("position"):
        received[line.product_id] += line.received
        worth[line.product_id] += line.received * line.unit_cost
        brought[line.product_id].add(line.pk)
    if not received:
        raise Blocked(f"Nothing of {order} has come yet: there is nothing to share the cost over.")
    levels = StockLevel.objects.filter(
        company=order.company_id, warehouse=order.warehouse_id, product__in=received
    ).locked()
    by_product = {level.product_id: level for level in levels}
    layers = Layers([level.pk for level in by_product.values()])
    cost = LateCost(company_id=order.company_id, order=order, amount=amount, reference=reference, actor=actor, at=at)
    shares = []
    for product_id, share in zip(received, spread(amount, list(worth.values()), places), strict=True):
        level, came = by_product[product_id], received[product_id]
        if level.pk in layers:
            remaining = layers.left_of(level.pk, brought[product_id])
        else:
            remaining = min(came, level.sellable + level.uncounted + level.staged)
        to_stock = round_half_up(share * remaining / came, places)
        if level.pk in layers and to_stock:
            layers.raise_value(level.pk, brought[product_id], to_stock, places)
        shares.append(
            LateCostShare(
                cost=cost,
                level=level,
                received=came,
                remaining=remaining,
                to_stock=to_stock,
                to_issued=share - to_stock,
            )
        )
    bulk.add(StockLevel, {share.level_id: {"value": share.to_stock} for share in shares if share.to_stock != ZERO})
    layers.save()
    bulk.insert([cost], (shares, "cost"))
    return cost
