"""What of products is available to promise, read by one statement for however many of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from django.db import connection

from core.bulk import array
from core.numbering import document_number
from inventory import sql
from inventory.atp import Availability, Inbound, Shelf, project


def available(product_ids: Collection[int], today: date) -> dict[int, Availability]:
    """Return by product what can be promised now and on which later day; nothing is asked for none."""
    if not product_ids:
        return {}
    shelves: list[Shelf] = []
    inbounds: list[Inbound] = []
    waiting: dict[int, Decimal] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql.AVAILABLE, [array(sorted(set(product_ids)))])
        for kind, product_id, warehouse_id, warehouse, document_id, expected_on, there, taken in cursor.fetchall():
            if kind == "shelf":
                shelves.append(Shelf(product_id, warehouse_id, warehouse, there, taken))
            elif kind == "inbound":
                number = document_number("PO", document_id)
                inbounds.append(
                    Inbound(product_id, warehouse_id, warehouse, document_id, number, expected_on, there, taken)
                )
            else:
                waiting[product_id] = there - taken
    return project(product_ids, shelves, inbounds, waiting, today)
