"""Every proof of billing finds what it is for, and finds nothing where all is well."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connections

from billing import audit, services
from billing.models import Invoice, Payment, Settlement
from orders.models import CreditEntry, LinePart, SalesOrderLine
from tests.factories.billing import AT, Trade

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

# What is planted: (words of the check that must find it, table, what is set, which row).
PLANTED = [
    ("invoice totals", "billing_invoice", "net = net + 1, gross = gross + 1", "invoice"),
    ("invoice totals", "billing_invoice", "tax = tax - 1, net = net + 1", "invoice"),
    ("order lines' invoiced", "orders_salesorderline", "invoiced = invoiced - 1", "line"),
    ("order lines' invoiced", "orders_salesorderline", "invoiced_net = invoiced_net + 0.01", "line"),
    ("share of the line's net", "orders_salesorderline", "net = net + 100", "line"),
    ("was shipped", "orders_linepart", "shipped = shipped - 1", "part"),
    ("company and customer", "billing_invoice", "customer_id = {other_customer}", "invoice"),
    ("company and customer", "billing_invoice", "order_id = {other_order}", "invoice"),
    ("no gap", "billing_invoice", "number = 'INV-2025-000009'", "invoice"),
    ("no gap", "billing_invoice", "issued_on = issued_on + 1", "invoice"),
    ("no gap", "core_numberseries", "next_value = next_value + 1", "series"),
    ("no gap", "core_numberseries", "last_on = last_on + 1", "series"),
    ("digests", "billing_invoice", "snapshot = jsonb_set(snapshot, '{{terms}}', '\"60 days\"')", "invoice"),
    ("hashes", "billing_invoice", "hash = repeat('0', 64)", "invoice"),
    ("hashes", "billing_invoice", "previous_hash = repeat('0', 64)", "invoice"),
    ("hashes", "core_numberseries", "last_hash = repeat('0', 64)", "series"),
    ("settled of invoices", "billing_invoice", "settled = settled - 1", "invoice"),
    ("payments settled", "billing_payment", "settled = settled - 1", "payment"),
    ("payments settled", "billing_payment", "currency = 'EUR'", "payment"),
    ("payment facet", "orders_salesorder", "payment = 'PART'", "order"),
    ("credited of invoices", "billing_invoice", "credited = credited - 1", "credited"),
    ("credited of invoices", "billing_invoiceline", "net = net - 100", "credit_line"),
    ("invoice totals", "billing_invoice", "net = net - 1, gross = gross - 1", "note"),
    ("order lines' invoiced", "orders_salesorderline", "credited = credited + 1", "credited_line"),
    ("no gap", "billing_invoice", "number = 'CRN-2025-000009'", "note"),
    ("hashes", "billing_invoice", "hash = repeat('1', 64)", "note"),
    ("settled of invoices", "billing_settlement", "amount = amount + 1", "applied"),
    ("went back of an invoice", "billing_invoice", "settled = settled - 1", "credited"),
    ("payments settled", "billing_settlement", "invoice_id = {other_invoice}", "undone"),
    ("which share their total", "billing_invoiceorder", "gross = gross + 1", "share"),
    ("credit entries", "orders_creditentry", "amount = amount + 1", "entry"),
    ("paper", "billing_invoicedocument", "content = '\\x00'", "document"),
]


def broken() -> list[str]:
    return [check.name for check in audit.CHECKS if check.find()[1]]


class TestChecks:
    def test_find_each_corruption_and_nothing_where_there_is_none(self) -> None:
        trade = Trade.start()
        first = trade.invoiced()
        trade.invoiced()
        part = trade.order((trade.product("10"), "4"))
        trade.ship(part, {1: "1"})
        trade.invoice(part)
        services.store_documents(documents={first.pk: b"%PDF-1.7"})
        services.pay_orders(order_ids=[first.order_id], actor=trade.accountant, at=AT)
        credited = trade.invoiced((trade.product("10"), "4"))
        note = services.post_credit_note(
            invoice_id=credited.pk,
            lines=[services.CreditedLine(credited.lines.get().pk, Decimal(1))],
            reason="Goodwill",
            bills_again=True,
            actor=trade.accountant,
            at=AT,
        )
        services.pay_invoices(invoice_ids=[credited.pk], actor=trade.accountant, at=AT)
        undone = services.undo_settlement(
            settlement_id=Settlement.objects.get(invoice=credited, payment__isnull=False).pk,
            actor=trade.accountant,
            at=AT,
        )
        elsewhere = Trade.start()
        rows = {
            "invoice": first.pk,
            "line": SalesOrderLine.objects.get(order=first.order_id).pk,
            "part": LinePart.objects.get(order=first.order_id).pk,
            "series": first.series_id,
            "payment": Payment.objects.get(settlements__invoice=first).pk,
            "order": first.order_id,
            "document": first.document.pk,
            "credited": credited.pk,
            "note": note.pk,
            "credit_line": note.lines.get().pk,
            "credited_line": SalesOrderLine.objects.get(order=credited.order_id).pk,
            "applied": Settlement.objects.get(credit_note=note).pk,
            "undone": undone.pk,
            "share": first.orders.get().pk,
            "entry": CreditEntry.objects.filter(order=first.order_id).first().pk,
        }
        names = {"other_customer": elsewhere.customer.pk, "other_order": part.pk, "other_invoice": first.pk}
        assert broken() == []
        for words, table, change, row in PLANTED:
            with connections["owner"].cursor() as cursor:
                cursor.execute(f"CREATE TEMPORARY TABLE kept AS SELECT * FROM {table} WHERE id = {rows[row]}")
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                cursor.execute(f"UPDATE {table} SET {change.format(**names)} WHERE id = {rows[row]}")
                found = broken()
                assert any(words in name for name in found), f"{change} of {table} was found by {found}"
                columns = [
                    column.name for column in connections["owner"].introspection.get_table_description(cursor, table)
                ]
                names_of = ", ".join(columns)
                cursor.execute(
                    f"UPDATE {table} SET ({names_of}) = (SELECT {names_of} FROM kept) WHERE id = {rows[row]}"
                )
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
                cursor.execute("DROP TABLE kept")
            assert broken() == [], f"after {change} of {table} was put back"
        assert Invoice.objects.count() == 5
