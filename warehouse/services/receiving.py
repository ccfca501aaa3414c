"""Checking in what suppliers bring: counted, put into bins, and promised at once to the orders that wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core import bulk
from core.models import User
from core.money import exponent
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Lot, SupplierOrder, SupplierOrderLine
from orders import services as orders_services
from warehouse.models import Receipt, ReceiptLine


@atomic
def receive_goods(
    *,
    order_id: int,
    arrivals: Sequence[inventory_services.Arrival],
    delivery_note: str,
    actor: User,
    at: datetime,
) -> Receipt:
    """Check goods of a supplier order in: those who wait for them get them in the same transaction, and are told.

    What is inspected at receipt goes into quarantine first; `inspect_goods` gives it to them.

    :raises NotAllowed: where the actor may not receive.
    :raises Blocked: where there is no such order, nothing of it is expected, or more came than may.
    """
    require(actor, "inventory.receive")
    order = SupplierOrder.objects.for_user(actor).filter(pk=order_id).select_related("company").first()
    if order is None:
        raise Blocked("There is no such supplier order.")
    receipt = Receipt(
        company_id=order.company_id,
        warehouse_id=order.warehouse_id,
        order=order,
        delivery_note=delivery_note,
        received_at=at,
        received_by=actor,
    )
    bulk.insert([receipt])
    taken = inventory_services.take_in(
        order_id=order.pk,
        arrivals=arrivals,
        places=exponent(order.company.currency),
        reference=str(receipt),
        actor=actor,
        at=at,
    )
    bulk.later(
        [
            ReceiptLine(
                receipt=receipt,
                line_id=arrival.line_id,
                bin_id=bin_id,
                lot_id=lot_id,
                quantity=arrival.quantity,
                value=value,
                is_last=arrival.is_last,
            )
            for arrival, bin_id, value, lot_id in zip(
                arrivals, taken.bin_ids, taken.values, _lots(order, arrivals), strict=True
            )
        ]
    )
    receipt.posting_id = taken.posting_id
    bulk.update_later([receipt], ["posting"])
    orders_services.note_received(got=taken.got, company_id=taken.company_id, number=order.number, actor=actor, at=at)
    return receipt


def _lots(order: SupplierOrder, arrivals: Sequence[inventory_services.Arrival]) -> list[int | None]:
    """Return the lot that each arrival came to be, nothing for what has none."""
    named = {arrival.lot.code for arrival in arrivals if arrival.lot}
    if not named:
        return [None] * len(arrivals)
    products = dict(SupplierOrderLine.objects.filter(order=order).values_list("pk", "product_id"))
    lots = {(lot.product_id, lot.code): lot.pk for lot in Lot.objects.filter(company=order.company_id, code__in=named)}
    return [lots.get((products[one.line_id], one.lot.code)) if one.lot else None for one in arrivals]
