"""The columns of inventory's queues: their headings, what they sort by and what a file of them says."""

from __future__ import annotations

from decimal import Decimal

import django_tables2 as tables

from core.tables import LESS, LESS_NUMBER, NUMBER
from inventory.models import Product


class ProductQueueTable(tables.Table):
    """Products, as in templates/inventory/products/_queue_row.html."""

    sku = tables.Column("SKU")
    name = tables.Column("Name", order_by="sort_key")
    kind = tables.Column("Kind", orderable=False, attrs=LESS)
    gtin = tables.Column("GTIN", orderable=False, attrs=LESS)
    free = tables.Column("Free stock", orderable=False, attrs=NUMBER)
    unit = tables.Column("Unit", visible=False, accessor="unit__code")
    is_active = tables.Column("State", orderable=False)
    created_at = tables.Column("Added", attrs=LESS_NUMBER)

    class Meta:
        orderable = True

    def value_free(self, record: Product, value: Decimal) -> Decimal | None:
        """Return the free stock for the file; what is not stocked has none."""
        return value.normalize() if record.kind == Product.Kind.STOCK else None

    def value_is_active(self, value: bool) -> str:
        """Return the state's word for the file."""
        return "Open" if value else "Closed"

    def value_created_at(self, record: Product) -> str:
        """Return the moment in the international form."""
        return record.created_at.isoformat(timespec="seconds")
