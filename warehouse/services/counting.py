"""Counting: what is really in a bin that came up short, entered once by somebody who looked."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from core import transitions
from core.models import User
from core.money import exponent
from core.quantities import in_steps
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from orders import services as orders_services
from orders.models import LinePart
from warehouse.models import Count


@atomic
def count_bin(*, count_id: int, counted: Decimal, actor: User, at: datetime) -> Count:
    """Enter what is there: the books follow, and what was blocked can be sold again; one that is done stays as it is.

    Where promises to orders cannot be kept, those that are due last are made anew elsewhere, or wait for stock.

    :raises NotAllowed: where the actor may not count.
    :raises Blocked: where there is no such count, or fewer units were counted than pickers are still to take.
    """
    require(actor, "warehouse.count")
    rows = Count.objects.for_user(actor).filter(pk=count_id).select_related("company", "product__unit")
    count = next(iter(rows.locked()), None)
    if count is None:
        raise Blocked("There is no such count.")
    if count.status == Count.Status.DONE:
        return count
    if counted < 0 or not in_steps(counted, count.product.unit.step):
        raise Blocked(f"{counted.normalize():f} is no number of units of this.")
    done = inventory_services.count_bin(
        company_id=count.company_id,
        bin_id=count.bin_id,
        product_id=count.product_id,
        lot_id=count.lot_id,
        counted=counted,
        places=exponent(count.company.currency),
        reference=count.number,
        actor=actor,
        at=at,
    )
    if done.demand_ids:
        orders = LinePart.objects.filter(demand__in=done.demand_ids).values_list("order_id", flat=True)
        orders_services.defer_allocation(order_ids=set(orders))
    count.expected, count.counted, count.counted_by, count.posting_id = done.expected, counted, actor, done.posting_id
    transitions.apply([count], "finish", at=at, fields=["expected", "counted", "counted_at", "counted_by", "posting"])
    return count
