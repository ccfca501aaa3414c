"""Putting back: a scan brings goods that lost their order from the tote to a shelf, where they are sellable again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from core import transitions
from core.models import User
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Bin
from orders import services as orders_services
from orders.models import OrderEvent
from warehouse.models import PutBack


@atomic
def put_back_goods(
    *, put_back_ids: Collection[int], actor: User, at: datetime, bin_code: str = ""
) -> dict[int, PutBack | Refused]:
    """Put goods back where they came from, or on the shelf whose code was scanned; what is back already stays so.

    :raises NotAllowed: where the actor may not pick.
    :raises StockMoved: where a tote does not hold the goods; nothing was moved.
    """
    require(actor, "warehouse.pick")
    rows = PutBack.objects.for_user(actor).filter(pk__in=put_back_ids).select_related("order", "task")
    put_backs = list(rows.locked())
    planned = [row for row in put_backs if row.status == PutBack.Status.PLANNED]
    results: dict[int, PutBack | Refused] = {row.pk: row for row in put_backs}
    if planned and bin_code:
        shelves = {
            shelf.warehouse_id: shelf.pk
            for shelf in Bin.objects.filter(
                warehouse__in={row.warehouse_id for row in planned}, code__iexact=bin_code, kind=Bin.Kind.PICK
            )
        }
        for row in planned:
            if row.warehouse_id in shelves:
                row.bin_id = shelves[row.warehouse_id]
            else:
                results[row.pk] = Blocked(f"No shelf here is called {bin_code}: scan the shelf's own label.")
        planned = [row for row in planned if row.warehouse_id in shelves]
    of_company: dict[int, list[PutBack]] = defaultdict(list)
    for row in planned:
        row.done_by = actor
        of_company[row.company_id].append(row)
    # Stock rows belong to one company, and companies come in the order of their ids: nobody waits in a circle
    for company_id in sorted(of_company):
        _move(company_id, of_company[company_id], actor, at)
    transitions.apply(planned, "finish", at=at, fields=["bin", "done_at", "done_by", "posting"])
    orders_services.record(
        facts=[
            orders_services.Fact(
                row.order_id,
                row.company_id,
                OrderEvent.Kind.PUT_BACK,
                "put_back",
                row.pk,
                {"units": f"{row.quantity.normalize():f}"},
            )
            for row in planned
        ],
        actor=actor,
        at=at,
    )
    return results


def _move(company_id: int, rows: list[PutBack], actor: User, at: datetime) -> None:
    first, *others = dict.fromkeys(str(row.order) for row in rows)
    posting_id = inventory_services.put_back(
        company_id=company_id,
        moves=[
            inventory_services.PutBackMove(
                row.level_id, row.product_id, row.tote_id, row.bin_id, row.quantity, row.task.lot_id
            )
            for row in rows
        ],
        reference=f"{first} and {len(others)} more" if others else first,
        actor=actor,
        at=at,
    )
    for row in rows:
        row.posting_id = posting_id
