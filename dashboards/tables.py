"""The columns of the lists behind figures: their headings, what they sort by and what a file of them says."""

from __future__ import annotations

from datetime import date
from typing import Any

import django_tables2 as tables

from core.tables import NUMBER
from dashboards.queries.behind import REASONS, cause_of
from dashboards.queries.percentiles import said_of


class LineFactTable(tables.Table):
    """Lines behind a figure, as in templates/dashboards/_line_row.html."""

    order = tables.Column("Order", accessor="order__number", orderable=False)
    customer = tables.Column("Customer", accessor="order__customer__name", orderable=False)
    product = tables.Column("Product", accessor="line__product__sku", orderable=False)
    warehouse = tables.Column("Warehouse", accessor="warehouse__name", orderable=False, visible=False)
    due_on = tables.Column("Day", attrs=NUMBER)
    done_on = tables.Column("Delivered", orderable=False, attrs=NUMBER)
    units = tables.Column("Units", orderable=False, attrs=NUMBER)
    value = tables.Column("Value", orderable=False, attrs=NUMBER)
    cause = tables.Column("Why", orderable=False)

    class Meta:
        orderable = True

    def value_cause(self, record: Any) -> str:
        """Return the cause in words."""
        return cause_of(record)


class OrderFactTable(tables.Table):
    """Orders behind a figure, as in templates/dashboards/_order_row.html."""

    order = tables.Column("Order", accessor="order__number", orderable=False)
    customer = tables.Column("Customer", accessor="order__customer__name", orderable=False)
    warehouse = tables.Column("Warehouse", accessor="warehouse__name", orderable=False, visible=False)
    stage = tables.Column("Waits for", accessor="get_stage_display", orderable=False)
    at = tables.Column("Since", attrs=NUMBER)
    took = tables.Column("Took", orderable=False, attrs=NUMBER)
    value = tables.Column("Value", orderable=False, attrs=NUMBER)

    class Meta:
        orderable = True

    def value_at(self, record: Any) -> str:
        """Return the day or the time in the international form."""
        at: date | None = record.at
        return at.isoformat() if at else ""

    def value_took(self, record: Any) -> str:
        """Return how long it took."""
        return said_of(record.took)


class OccurrenceTable(tables.Table):
    """Short picks, holds and documents, as in templates/dashboards/_occurrence_row.html."""

    order = tables.Column("Order", accessor="order__number", orderable=False)
    customer = tables.Column("Customer", accessor="order__customer__name", orderable=False)
    product = tables.Column("Product", accessor="line__product__sku", orderable=False)
    warehouse = tables.Column("Warehouse", accessor="warehouse__name", orderable=False, visible=False)
    on = tables.Column("Day", attrs=NUMBER)
    kind = tables.Column("What", accessor="get_kind_display", orderable=False)
    reason = tables.Column("Why", accessor="cause", orderable=False)
    amount = tables.Column("Amount", orderable=False, attrs=NUMBER)

    class Meta:
        orderable = True

    def value_reason(self, record: Any) -> str:
        """Return the reason in words."""
        return REASONS.get(record.cause, "")
