"""What of products is available to promise, read by one statement for however many of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from django.db import connection

from core.bulk import array
from core.numbering import document_number
from inventory import available_sql
from inventory.atp import Availability, Inbound, Shelf, of_kit, project
from inventory.queries.kits import composition_of

# How the documents are numbered that bring goods
_PREFIX = {"inbound": "PO", "transfer": "TR"}


def available(
    product_ids: Collection[int],
    today: date,
    *,
    kits: Collection[int] = (),
    channel_id: int | None = None,
    with_kept: bool = False,
) -> dict[int, Availability]:
    """Return by product what can be promised now and on which later day; nothing is asked for none.

    It is what an order of a channel, or of none, can have: what others' pools keep is left out, unless it is asked for
    `with_kept`. Of `kits` it is what their components allow, each as if it were the only one.
    """
    composition = composition_of(kits)
    product_ids = {*product_ids, *(one.product_id for components in composition.values() for one in components)}
    if not product_ids:
        return {}
    shelves: list[Shelf] = []
    inbounds: list[Inbound] = []
    waiting: dict[int, Decimal] = {}
    with connection.cursor() as cursor:
        cursor.execute(available_sql.AVAILABLE, [array(sorted(product_ids)), not with_kept, channel_id])
        for kind, product_id, warehouse_id, warehouse, document_id, expected_on, *units in cursor.fetchall():
            there, taken, kept = units
            if kind == "shelf":
                shelves.append(Shelf(product_id, warehouse_id, warehouse, there, taken, kept))
            elif kind in _PREFIX:
                number = document_number(_PREFIX[kind], document_id)
                inbounds.append(
                    Inbound(
                        *(product_id, warehouse_id, warehouse, document_id, number, expected_on, there, taken),
                        is_transfer=kind == "transfer",
                    )
                )
            else:
                waiting[product_id] = there - taken
    found = project(product_ids, shelves, inbounds, waiting, today)
    return found | {
        kit_id: of_kit(kit_id, {one.product_id: one.quantity for one in components}, found)
        for kit_id, components in composition.items()
    }
