"""Answering what is asked when a peg breaks: what happens with what a supplier brings for nobody, or an order lacks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from core import bulk, transitions
from core.models import User
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory.models import BrokenPeg, SupplierOrderLine
from inventory.services.pegging import pegged_of_lines
from inventory.services.supplying import Done, finish, locked_orders

ZERO = Decimal(0)


@atomic
def answer_broken_pegs(
    *, peg_ids: Collection[int], answer: BrokenPeg.Answer, actor: User, at: datetime
) -> dict[int, Done | Refused]:
    """Say what happens with units whose peg is broken; those answered already are left as they are.

    CUT takes what nobody is promised of them off the supplier's order; all other answers only say what somebody does.

    :raises NotAllowed: where the actor may not answer for their side.
    """
    require(
        actor, "inventory.purchase" if answer in (BrokenPeg.Answer.KEEP, BrokenPeg.Answer.CUT) else "orders.confirm"
    )
    kind = (
        BrokenPeg.Kind.SUPPLY_SPARE
        if answer in (BrokenPeg.Answer.KEEP, BrokenPeg.Answer.CUT)
        else BrokenPeg.Kind.ORDER_WAITS
    )
    rows = list(
        BrokenPeg.objects.for_user(actor).filter(pk__in=peg_ids, kind=kind).select_related("supply__order").locked()
    )
    clear = [row for row in rows if row.status == BrokenPeg.Status.OPEN]
    if answer == BrokenPeg.Answer.CUT:
        _cut(clear, actor, at)
    for row in clear:
        row.answer, row.answered_by = answer, actor
    transitions.apply(clear, "settle", at=at, fields=["answer", "answered_by", "answered_at"])
    results: dict[int, Done | Refused] = {pk: Blocked("This is for another desk to answer.") for pk in peg_ids}
    return results | {row.pk: Done(row.supply.order_id, row.supply.order.number) for row in rows}


def _cut(rows: Sequence[BrokenPeg], actor: User, at: datetime) -> None:
    """Take units that nobody is promised off their supplier orders.

    The questions are locked before the orders: whoever has locked an order asks new questions, and answers none.
    """
    orders = {order.pk: order for order in locked_orders({row.supply.order_id for row in rows}, actor)}
    lines = list(SupplierOrderLine.objects.filter(pk__in={row.supply_id for row in rows}).locked())
    pegged = pegged_of_lines(lines)
    free = {line.pk: line.open - max(pegged[line], line.inspecting) for line in lines if line in pegged}
    cut: dict[int, Decimal] = defaultdict(Decimal)
    for row in rows:
        units = min(row.quantity, free.get(row.supply_id, ZERO))
        if units > 0:
            cut[row.supply_id] += units
            free[row.supply_id] -= units
    bulk.add(SupplierOrderLine, {pk: {"cancelled": units} for pk, units in cut.items()})
    for order in orders.values():
        finish(order, at)
