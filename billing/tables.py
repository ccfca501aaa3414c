"""The columns of billing's queues: their headings, what they sort by and what a file of them says."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import django_tables2 as tables

from billing.models import Invoice
from billing.queries import State
from core.money import exponent
from core.tables import LESS, LESS_NUMBER, NUMBER
from orders.models import SalesOrder


def figure(amount: Decimal, currency: str) -> str:
    """Return an amount for a file: at the currency's decimals, without marks between thousands."""
    return f"{amount:.{exponent(currency)}f}"


class BillingQueueTable(tables.Table):
    """Orders to invoice, as in templates/billing/_order_row.html."""

    number = tables.Column("Order")
    customer = tables.Column("Customer", accessor="customer__name", order_by="customer__sort_key")
    po_number = tables.Column("PO number", attrs=LESS)
    shipped_at = tables.Column("Left the house", empty_values=(), attrs=NUMBER)
    to_invoice = tables.Column(
        "To invoice, net", accessor="net", orderable=False, exclude_from_export=True, attrs=NUMBER
    )
    net = tables.Column("Order, net", attrs=LESS_NUMBER)
    currency = tables.Column("Currency", visible=False)
    billing = tables.Column("State", orderable=False)

    def value_shipped_at(self, value: datetime | None) -> str:
        """Return the moment in the international form."""
        return value.isoformat(timespec="seconds") if value else ""

    def value_net(self, record: SalesOrder, value: Decimal) -> str:
        """Return what the whole order comes to before tax."""
        return figure(value, record.currency)


class InvoiceQueueTable(tables.Table):
    """Invoices, as in templates/billing/_invoice_row.html."""

    number = tables.Column("Invoice", order_by="pk")
    customer = tables.Column("Customer", accessor="customer__name", order_by="customer__sort_key")
    order = tables.Column("Order", accessor="order__number", orderable=False, attrs=LESS)
    issued_on = tables.Column("Issued", attrs=LESS_NUMBER)
    due_on = tables.Column("Due", attrs=NUMBER)
    gross = tables.Column("Total", attrs=LESS_NUMBER)
    open = tables.Column("Open", attrs=NUMBER)
    currency = tables.Column("Currency", visible=False)
    state = tables.Column("State", accessor="pk", orderable=False)

    def value_gross(self, record: Invoice, value: Decimal) -> str:
        """Return the total."""
        return figure(value, record.currency)

    value_open = value_gross

    def value_state(self, record: Any) -> str:
        """Return the state's word."""
        return State.of(record)[1]


class UnappliedQueueTable(tables.Table):
    """Payments with something left, as in templates/billing/_unapplied_row.html."""

    number = tables.Column("Payment", accessor="pk", order_by="pk")
    customer = tables.Column("Customer", accessor="customer__name", order_by="customer__sort_key")
    received_on = tables.Column("Received", attrs=NUMBER)
    reference = tables.Column("Reference", orderable=False, attrs=LESS)
    amount = tables.Column("Amount", attrs=LESS_NUMBER)
    left = tables.Column("Left", attrs=NUMBER)
    currency = tables.Column("Currency", visible=False)

    def value_number(self, record: Any) -> str:
        """Return the printed number."""
        return str(record.number)

    def value_amount(self, record: Any, value: Decimal) -> str:
        """Return the amount."""
        return figure(value, record.currency)

    value_left = value_amount
