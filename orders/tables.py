"""The columns of orders' queues: their headings, what they sort by and what a file of them says."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import django_tables2 as tables

from core.money import exponent
from core.tables import LESS, LESS_NUMBER, NUMBER, WIDE, WIDE_NUMBER
from orders.models import Customer, Reservation, SalesOrder
from orders.queries.queue import stages_of


class PricedOrderQueueTable(tables.Table):
    """Orders, as in templates/orders/_queue_row.html, with their value."""

    number = tables.Column("Order", order_by="pk", empty_values=())
    customer = tables.Column("Customer", accessor="customer__name", order_by="customer__sort_key")
    po_number = tables.Column("PO number", attrs=LESS)
    requested_on = tables.Column("Requested", attrs=NUMBER)
    age = tables.Column("Age", order_by="created_at", attrs=LESS_NUMBER, accessor="created_at")
    net = tables.Column("Net value", attrs=NUMBER)
    currency = tables.Column("Currency", visible=False, orderable=False)
    status = tables.Column("State", orderable=False)
    stages = tables.Column("Stage", accessor="status", orderable=False, attrs=WIDE)
    wrong = tables.Column("What is wrong", accessor="status", orderable=False, attrs={"th": {"class": "cell-wrong"}})

    class Meta:
        orderable = True

    def value_number(self, record: SalesOrder) -> str:
        """Return the number for the file; a draft has its own words."""
        return str(record)

    def value_net(self, record: SalesOrder, value: Decimal) -> Decimal:
        """Return the value at its currency's decimals."""
        return value.quantize(Decimal(1).scaleb(-exponent(record.currency)))

    def value_age(self, record: SalesOrder) -> str:
        """Return the moment since which the order is there, in the international form."""
        at: datetime = record.created_at
        return at.isoformat(timespec="seconds")

    def value_wrong(self, record: Any) -> str:
        """Return what is wrong in words."""
        return ", ".join(word for word, holds in (("Late", record.late), ("Backordered", record.waits)) if holds)

    def value_stages(self, record: Any) -> str:
        """Return the stages in words."""
        return ", ".join(stage.label for stage in stages_of(record, waits=record.waits, held=record.held))


class OrderQueueTable(PricedOrderQueueTable):
    """Orders for those who may not see prices."""

    net = None
    currency = None

    class Meta:
        orderable = True


class BackorderTable(tables.Table):
    """Lines that wait for stock, as in templates/orders/backorders/_row.html."""

    order = tables.Column("Order", accessor="order__number", orderable=False)
    customer = tables.Column("Customer", accessor="order__customer__name", order_by="order__customer__sort_key")
    product = tables.Column("Product", accessor="product__sku", order_by="product__sku")
    waits = tables.Column("Waits for", orderable=False, attrs=NUMBER)
    free = tables.Column("Free now", orderable=False, attrs=NUMBER)
    requested_on = tables.Column("Requested", attrs=NUMBER)
    age = tables.Column("Waiting", accessor="order__confirmed_at", order_by="order__confirmed_at", attrs=WIDE_NUMBER)
    promised_on = tables.Column("Expected", accessor="demand__promised_on", orderable=False, attrs=NUMBER)
    wrong = tables.Column("What is wrong", accessor="requested_on", orderable=False, exclude_from_export=True)
    move = tables.Column("", accessor="pk", orderable=False, exclude_from_export=True)

    class Meta:
        orderable = True

    def value_age(self, record: Any) -> str:
        """Return since when the line waits, in the international form."""
        at: datetime | None = record.order.confirmed_at
        return at.isoformat(timespec="seconds") if at else ""


class ReservationTable(tables.Table):
    """Reservations, as in templates/orders/reservations/_row.html."""

    number = tables.Column("Reservation", order_by="pk", empty_values=())
    party = tables.Column("Kept for", accessor="customer__name", orderable=False, empty_values=())
    product = tables.Column("Product", accessor="product__sku", order_by="product__sku")
    left = tables.Column("Units", accessor="open_units", orderable=False, attrs=NUMBER)
    stock = tables.Column("In stock", accessor="demand__allocated", orderable=False, attrs=NUMBER)
    comes = tables.Column("Comes", orderable=False, attrs=LESS_NUMBER)
    wanted_on = tables.Column("Wanted", attrs=NUMBER)
    expires_on = tables.Column("Kept through", attrs=NUMBER)
    status = tables.Column("State", orderable=False)

    class Meta:
        orderable = True

    def value_party(self, record: Reservation) -> str:
        """Return the customer, or the project."""
        return record.customer.name if record.customer else record.project

    def value_left(self, value: Decimal) -> Decimal:
        """Return the units as they are counted."""
        return value.normalize()

    value_stock = value_comes = value_left


class CustomerQueueTable(tables.Table):
    """Customers, as in templates/orders/customers/_queue_row.html."""

    number = tables.Column("Number")
    name = tables.Column("Name", order_by="sort_key")
    email = tables.Column("E-mail", orderable=False, attrs=LESS)
    city = tables.Column("City", orderable=False, attrs=LESS)
    open_orders = tables.Column("Open orders", orderable=False, attrs=NUMBER)
    is_active = tables.Column("State", orderable=False)
    created_at = tables.Column("Added", attrs=LESS_NUMBER)

    class Meta:
        orderable = True

    def value_is_active(self, value: bool) -> str:
        """Return the state's word for the file."""
        return "May order" if value else "Closed"

    def value_created_at(self, record: Customer) -> str:
        """Return the moment in the international form."""
        at: datetime = record.created_at
        return at.isoformat(timespec="seconds")


class CustomerPartQueueTable(tables.Table):
    """A customer's own numbers, as in templates/orders/customers/_part_row.html."""

    number = tables.Column("Their number", order_by="key")
    sku = tables.Column("SKU", accessor="product__sku", order_by="product__sku")
    name = tables.Column("Product", accessor="product__name", orderable=False)

    class Meta:
        orderable = True


class PriceListQueueTable(tables.Table):
    """Price lists, as in templates/orders/prices/_list_row.html."""

    name = tables.Column("Price list")
    code = tables.Column("Code", attrs=LESS)
    currency = tables.Column("Currency", orderable=False)
    priced = tables.Column("Prices", orderable=False, attrs=NUMBER)
    given = tables.Column("Customers", orderable=False, attrs=NUMBER)

    class Meta:
        orderable = True


class TaxRateQueueTable(tables.Table):
    """Tax rates, as in templates/orders/taxes/_row.html."""

    country = tables.Column("Ships to", empty_values=())
    rate = tables.Column("Rate", orderable=False, attrs=NUMBER)
    category = tables.Column("Category", orderable=False)
    valid_from = tables.Column("From", attrs=NUMBER)
    ends_on = tables.Column("Replaced from", orderable=False, attrs=LESS_NUMBER)
    note = tables.Column("Reason on the invoice", orderable=False, attrs=LESS)

    class Meta:
        orderable = True


class PriceQueueTable(tables.Table):
    """Prices of a list, as in templates/orders/prices/_price_row.html."""

    sku = tables.Column("SKU", accessor="product__sku", order_by="product__sku")
    name = tables.Column("Product", accessor="product__name", orderable=False)
    from_quantity = tables.Column("From quantity", orderable=False, attrs=NUMBER)
    price = tables.Column("Price", attrs=NUMBER)
    valid_from = tables.Column("First day", orderable=False, attrs=NUMBER)
    valid_until = tables.Column("Last day", orderable=False, attrs=NUMBER)
    standing = tables.Column("State", orderable=False, exclude_from_export=True, empty_values=())

    class Meta:
        orderable = True
