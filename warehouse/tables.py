"""The columns of the warehouse's queues: their headings, what they sort by and what a file of them says."""

from __future__ import annotations

from decimal import Decimal

import django_tables2 as tables

from core.tables import LESS, LESS_NUMBER, NUMBER
from inventory.models import Inspection, SupplierOrder, Transfer
from warehouse.models import Count, PutBack, Wave


class OrderTable(tables.Table):
    """What the queues of orders have in common."""

    number = tables.Column("Order")
    customer = tables.Column("Customer", accessor="customer__name", order_by="customer__sort_key")
    country = tables.Column("To", accessor="ship_to__country", orderable=False, attrs=LESS)
    requested_on = tables.Column("Requested", attrs=NUMBER)

    class Meta:
        orderable = True


class ReleaseQueueTable(OrderTable):
    """Orders with allocated stock, as in templates/warehouse/_release_row.html."""

    lines = tables.Column("Lines", empty_values=(), orderable=False, attrs=NUMBER, exclude_from_export=True)
    warehouse = tables.Column("From", empty_values=(), orderable=False, attrs=LESS, exclude_from_export=True)
    status = tables.Column("State", orderable=False)


class PackQueueTable(OrderTable):
    """Orders with goods in totes, as in templates/warehouse/_pack_row.html."""

    lines = tables.Column("Lines", empty_values=(), orderable=False, attrs=NUMBER, exclude_from_export=True)
    state = tables.Column("State", empty_values=(), orderable=False, exclude_from_export=True)


class WaveQueueTable(tables.Table):
    """Waves, as in templates/warehouse/_wave_row.html."""

    number = tables.Column("Wave", order_by="pk")
    warehouse = tables.Column("Warehouse", accessor="warehouse__name", order_by="warehouse__name")
    orders = tables.Column("Orders", empty_values=(), orderable=False, attrs=NUMBER, exclude_from_export=True)
    requested_on = tables.Column(
        "Requested from",
        empty_values=(),
        orderable=False,
        attrs=LESS_NUMBER,
        exclude_from_export=True,
    )
    released_at = tables.Column("Released", attrs=NUMBER)
    progress = tables.Column("Picked", empty_values=(), orderable=False, exclude_from_export=True)
    status = tables.Column("State", orderable=False)

    class Meta:
        orderable = True

    def value_released_at(self, record: Wave) -> str:
        """Return the moment in the international form."""
        return record.released_at.isoformat(timespec="seconds")


class CountQueueTable(tables.Table):
    """Bins to check, as in templates/warehouse/_count_row.html."""

    bin = tables.Column("Bin", accessor="bin__code", order_by="bin__code")
    warehouse = tables.Column("Warehouse", accessor="warehouse__name", orderable=False, attrs=LESS)
    item = tables.Column("Item", accessor="product__sku", order_by="product__sku")
    reason = tables.Column("Because", accessor="because", orderable=False)
    order = tables.Column("Order", accessor="task__order", orderable=False, attrs=LESS)
    asked_at = tables.Column("Since", attrs=NUMBER)
    expected = tables.Column("Books", empty_values=(), orderable=False, attrs=NUMBER)
    counted = tables.Column("Counted", orderable=False, attrs=NUMBER)

    class Meta:
        orderable = True

    def value_asked_at(self, record: Count) -> str:
        """Return the moment in the international form."""
        return record.asked_at.isoformat(timespec="seconds")


class PutBackQueueTable(tables.Table):
    """Goods to be put back, as in templates/warehouse/_put_back_row.html."""

    product = tables.Column("Item", accessor="product__sku", order_by="product__sku")
    quantity = tables.Column("Quantity", orderable=False, attrs=NUMBER)
    tote = tables.Column("From", accessor="tote__code", orderable=False)
    bin = tables.Column("To", accessor="bin__code", order_by="bin__sequence")
    order = tables.Column("Lost its order", accessor="order__number", orderable=False, attrs=LESS)
    asked_at = tables.Column("Since", attrs=LESS_NUMBER)
    status = tables.Column("State", orderable=False)

    class Meta:
        orderable = True

    def value_asked_at(self, record: PutBack) -> str:
        """Return the moment in the international form."""
        return record.asked_at.isoformat(timespec="seconds")


class ArrivalTable(tables.Table):
    """Supplier orders that are to come, as in templates/warehouse/_arrival_row.html."""

    number = tables.Column("Order", order_by="pk", empty_values=())
    supplier = tables.Column("Supplier", accessor="supplier__name", orderable=False)
    warehouse = tables.Column("Into", accessor="warehouse__name", orderable=False, attrs=LESS)
    line_count = tables.Column("Lines", orderable=False, attrs=NUMBER)
    expected_on = tables.Column("Expected", attrs=NUMBER)
    status = tables.Column("State", orderable=False)

    class Meta:
        orderable = True

    def value_expected_on(self, record: SupplierOrder) -> str:
        """Return the day in the international form."""
        return record.expected_on.isoformat()


class InspectionTable(tables.Table):
    """Goods that are inspected at receipt, as in templates/warehouse/_inspection_row.html."""

    number = tables.Column("Inspection", order_by="pk", empty_values=())
    item = tables.Column("Item", accessor="product__sku", order_by="product__sku")
    supplier = tables.Column("Supplier", accessor="line__order__supplier__name", orderable=False)
    bin = tables.Column("Lies in", accessor="bin__code", orderable=False, attrs=LESS)
    quantity = tables.Column("Came", orderable=False, attrs=NUMBER)
    waiting = tables.Column("To inspect", orderable=False, attrs=NUMBER)
    lies = tables.Column("Rejected, here", orderable=False, attrs=NUMBER)
    arrived_at = tables.Column("Since", attrs=LESS_NUMBER)

    class Meta:
        orderable = True

    def value_arrived_at(self, record: Inspection) -> str:
        """Return the moment in the international form."""
        return record.arrived_at.isoformat(timespec="seconds")


class TransferTable(tables.Table):
    """Transfers, as in templates/warehouse/transfers/_row.html."""

    number = tables.Column("Transfer", order_by="pk", empty_values=())
    source = tables.Column("From", accessor="from_warehouse__name", orderable=False)
    target = tables.Column("To", accessor="to_warehouse__name", orderable=False)
    line_count = tables.Column("Lines", orderable=False, attrs=LESS_NUMBER)
    units = tables.Column("Units", orderable=False, attrs=LESS_NUMBER)
    expected_on = tables.Column("Expected", attrs=NUMBER)
    status = tables.Column("State", orderable=False)

    class Meta:
        orderable = True

    def value_units(self, value: Decimal) -> Decimal:
        """Return the units as they are counted."""
        return value.normalize()

    def value_expected_on(self, record: Transfer) -> str:
        """Return the day in the international form."""
        return record.expected_on.isoformat()
