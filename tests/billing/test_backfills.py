"""Migrations that fill in what an earlier version did not enter: run over such a past, they make it as if it had."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module

import pytest
from django.db import connections

from billing import audit
from core.roles import Role
from orders.models import CreditAccount, CreditEntry, Customer, SalesOrder
from orders.services.crediting import set_credit_terms
from tests.factories.billing import Trade
from tests.factories.core import person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
INVOICED = import_module("billing.migrations.0005_backfill_invoiced").DIFFERENCES
EXEMPTION = import_module("orders.migrations.0013_backfill_exemption").CERTIFICATES


def drift() -> list[str]:
    return [str(found.subject) for check in audit.CHECKS for found in check.find()[1]]


def billed_in_parts(trade: Trade) -> SalesOrder:
    """Return an order billed in two parts that come to a cent more than the order."""
    order = trade.order((trade.product("0.13"), "2"))
    for _ in range(2):
        trade.ship(order, {1: "1"})
        trade.invoice(order)
    return order


class TestBackfillInvoiced:
    @pytest.mark.parametrize("limit", [None, Decimal(500)])
    def test_enters_the_cent_that_invoices_came_to_beyond_what_was_ordered(self, limit: Decimal | None) -> None:
        trade = Trade.start()
        order, later = billed_in_parts(trade), billed_in_parts(trade)
        assert list(CreditEntry.objects.filter(kind="INVOICED").values_list("amount", flat=True)) == [
            Decimal("0.01"),
            Decimal("0.01"),
        ]
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE orders_creditentry DISABLE TRIGGER USER")
            cursor.execute("UPDATE orders_creditentry SET actor_id = NULL WHERE order_id = %s", [order.pk])
            cursor.execute("DELETE FROM orders_creditentry WHERE order_id = %s AND kind = 'INVOICED'", [order.pk])
            cursor.execute("ALTER TABLE orders_creditentry ENABLE TRIGGER USER")
        set_credit_terms(
            customer_id=trade.customer.pk,
            limit=limit,
            is_prepay=False,
            actor=person(Role.ADMINISTRATOR, company=trade.company),
        )
        assert drift() == [f"customer {trade.customer.pk} GBP"]
        for _ in range(2):
            with connections["owner"].cursor() as cursor:
                cursor.execute(INVOICED)
            assert drift() == []
        entry = CreditEntry.objects.get(order=order, kind="INVOICED")
        assert (entry.amount, entry.actor, entry.reference) == (Decimal("0.01"), None, order.number)
        assert CreditEntry.objects.filter(order=later).count() == 2
        assert CreditAccount.objects.get(pk=trade.customer.pk).balance == (Decimal("0.64") if limit else 0)


class TestBackfillExemption:
    def test_keeps_the_certificate_on_the_orders_that_are_not_taxed_by_it(self) -> None:
        trade = Trade.start()
        taxed = trade.order((trade.product(), "1"))
        Customer.objects.filter(pk=trade.customer.pk).update(tax_exemption="EX-7")
        exempt = trade.order((trade.product(), "1"))
        SalesOrder.objects.filter(pk=exempt.pk).update(tax_exemption="")
        with connections["owner"].cursor() as cursor:
            cursor.execute(EXEMPTION)
        kept = dict(SalesOrder.objects.values_list("pk", "tax_exemption"))
        assert kept == {taxed.pk: "", exempt.pk: "EX-7"}
