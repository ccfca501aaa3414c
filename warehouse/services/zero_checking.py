"""The zero check: a picker says of a bin that is empty by the books whether it is."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from core import bulk, transitions
from core.models import User
from core.quantities import in_steps
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory.models import BinStock
from warehouse.models import Count, PickTask


@atomic
def check_empty(*, task_id: int, left: Decimal, actor: User, at: datetime) -> Count:
    """Note how many units a picker saw left in the bin that their pick emptied by the books.

    None: it is checked, with that. Some: the bin is on the list of those to check, once. Said again of the same pick it
    changes nothing.

    :raises NotAllowed: where the actor may not pick.
    :raises Blocked: where there is no such pick, or that is no number of units.
    """
    require(actor, "warehouse.pick")
    rows = PickTask.objects.for_user(actor).filter(pk=task_id, status=PickTask.Status.PICKED)
    task = next(iter(rows.select_related("bin", "product__unit").locked()), None)
    if task is None:
        raise Blocked("There is no such pick.")
    if left < 0 or not in_steps(left, task.product.unit.step):
        raise Blocked(f"{left.normalize():f} is no number of units of this.")
    place = {"bin": task.bin_id, "product": task.product_id, "lot": task.lot_id}
    # Whoever asks for a count of this bin holds its stock's row
    (stock,) = BinStock.objects.filter(**place).locked()
    counts = Count.objects.filter(**place)
    known = counts.filter(task=task, seen__isnull=False).first() or counts.filter(status=Count.Status.OPEN).first()
    if known is not None:
        return known
    count = Count(
        company_id=task.company_id,
        warehouse_id=task.bin.warehouse_id,
        bin_id=task.bin_id,
        product_id=task.product_id,
        lot_id=task.lot_id,
        task=task,
        seen=left,
        asked_at=at,
        asked_by=actor,
    )
    bulk.insert([count])
    if not left and not stock.quantity:
        count.expected, count.counted, count.counted_by = Decimal(0), left, actor
        transitions.apply([count], "finish", at=at, fields=["expected", "counted", "counted_at", "counted_by"])
    return count
