"""The columns of the queue of returns: their headings, what they sort by and what a file of them says."""

from __future__ import annotations

import django_tables2 as tables

from core.tables import LESS, NUMBER
from returns.models import ReturnOrder


class ReturnQueueTable(tables.Table):
    """Returns, as in templates/returns/_return_row.html."""

    number = tables.Column("Return", order_by="pk")
    customer = tables.Column("Customer", accessor="order__customer__name", orderable=False)
    order = tables.Column("Order", orderable=False, attrs=LESS)
    reason = tables.Column("Reason", orderable=False, attrs=LESS)
    units = tables.Column("Units", empty_values=(), orderable=False, attrs=NUMBER, exclude_from_export=True)
    requested_at = tables.Column("Since", attrs=NUMBER)
    status = tables.Column("State", orderable=False)

    class Meta:
        orderable = True

    def value_requested_at(self, record: ReturnOrder) -> str:
        """Return the moment in the international form."""
        return record.requested_at.isoformat(timespec="seconds")
