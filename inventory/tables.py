"""The columns of inventory's queues: their headings, what they sort by and what a file of them says."""

from __future__ import annotations

from decimal import Decimal

import django_tables2 as tables

from inventory.models import Product

NUMBER = {"th": {"class": "num"}}


class ProductQueueTable(tables.Table):
    """Products, as in templates/inventory/_product_row.html."""

    sku = tables.Column("SKU")
    name = tables.Column("Name", order_by="sort_key")
    kind = tables.Column("Kind", orderable=False, attrs={"th": {"class": "cell-less"}})
    gtin = tables.Column("GTIN", orderable=False, attrs={"th": {"class": "cell-less"}})
    free = tables.Column("Free stock", orderable=False, attrs=NUMBER)
    unit = tables.Column("Unit", visible=False, accessor="unit__code")
    is_active = tables.Column("State", orderable=False)
    created_at = tables.DateTimeColumn(verbose_name="Added", attrs={"th": {"class": "cell-less num"}})

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
