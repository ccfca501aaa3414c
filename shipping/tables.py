"""The columns of shipping's queues: their headings, what they sort by and what a file of them says."""

from __future__ import annotations

import django_tables2 as tables

from core.tables import LESS, LESS_NUMBER, NUMBER
from shipping.models import Shipment


class DispatchQueueTable(tables.Table):
    """Orders with parcels at the dock, as in templates/shipping/_dispatch_row.html."""

    number = tables.Column("Order")
    customer = tables.Column("Customer", accessor="customer__name", order_by="customer__sort_key")
    destination = tables.Column("To", accessor="ship_to__city", orderable=False, attrs=LESS)
    country = tables.Column("Country", accessor="ship_to__country", orderable=False, visible=False)
    requested_on = tables.Column("Requested", attrs=NUMBER)
    parcels = tables.Column("Parcels", empty_values=(), orderable=False, attrs=NUMBER, exclude_from_export=True)
    weight = tables.Column("Weight", empty_values=(), orderable=False, attrs=LESS_NUMBER, exclude_from_export=True)
    action = tables.Column("", empty_values=(), orderable=False, exclude_from_export=True)

    class Meta:
        orderable = True


class ShipmentQueueTable(tables.Table):
    """Shipments, as in templates/shipping/_shipment_row.html."""

    number = tables.Column("Shipment", order_by="pk")
    customer = tables.Column("Customer", accessor="order__customer__name", orderable=False)
    order = tables.Column("Order", orderable=False, attrs=LESS)
    carrier = tables.Column("Carrier")
    tracking_number = tables.Column("Tracking number", orderable=False)
    dispatched_at = tables.Column("Left", attrs=NUMBER)
    days = tables.Column("Arrival", empty_values=(), orderable=False, attrs=NUMBER, exclude_from_export=True)
    status = tables.Column("State", orderable=False)

    class Meta:
        orderable = True

    def value_dispatched_at(self, record: Shipment) -> str:
        """Return the moment in the international form."""
        return record.dispatched_at.isoformat(timespec="seconds") if record.dispatched_at else ""
