"""The first 200 real orders, from the file to the payment: totals to the penny, and an audit after every stage."""

from __future__ import annotations

import io
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F, Sum
from django.utils import timezone

from billing import services as billing_services
from billing.models import Invoice, InvoiceLine
from config.demo.reference import FOLDER
from core.refusals import Refused
from inventory.models import Demand, StockLevel
from orders import services as orders_services
from orders.models import LinePart, OrderEvent, SalesOrder, SalesOrderLine
from shipping import services as shipping_services
from shipping.models import Shipment
from tests.factories.demo import accepted_rows, open_demo
from tests.factories.house import AT, House
from warehouse import services as warehouse_services

pytestmark = pytest.mark.django_db


def audit() -> str:
    out = io.StringIO()
    call_command("audit_ledger", stdout=out)
    return out.getvalue()


def done(results: dict[int, object]) -> dict[int, object]:
    return {key: result for key, result in results.items() if not isinstance(result, Refused)}


class TestTheFirstTwoHundredOrders:
    def test_go_from_the_file_to_paid_invoices_without_a_penny_or_a_unit_lost(self):
        admin = open_demo()
        now = timezone.now()
        source = accepted_rows()

        report = orders_services.import_order_file(
            data=(FOLDER / "orders.csv").read_bytes(), source="orders.csv", actor=admin, at=now
        )
        all_rows = len((FOLDER / "orders.csv").read_text(encoding="utf-8").splitlines()) - 1
        assert len(report.order_ids) == 200
        assert report.accepted_rows == len(source)
        assert report.accepted_rows + len(report.refused) == all_rows
        assert report.accepted_rows >= Decimal("0.95") * all_rows
        assert all(row.reason for row in report.refused)
        by_po: dict[str, Decimal] = defaultdict(Decimal)
        for row in source:
            exact = Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
            by_po[row["InvoiceNo"]] += exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        assert dict(SalesOrder.objects.values_list("po_number", "net")) == by_po
        assert sum(by_po.values()) == Decimal("66677.98")
        audit()

        again = orders_services.import_order_file(
            data=(FOLDER / "orders.csv").read_bytes(), source="orders.csv", actor=admin, at=now
        )
        assert again.order_ids == ()
        assert SalesOrder.objects.count() == 200

        ids = report.order_ids
        stock_before = StockLevel.objects.aggregate(units=Sum("sellable"), value=Sum("value"))
        confirmed = orders_services.confirm_orders(order_ids=ids, actor=admin, at=now)
        assert len(done(confirmed)) == 200
        audit()
        wanted = LinePart.objects.aggregate(units=Sum("ordered"))["units"]
        assert wanted == sum(
            Decimal(row["Quantity"]) for row in source if row["StockCode"] not in {"POST", "DOT", "C2", "M", "D"}
        )
        promise = Demand.objects.aggregate(allocated=Sum("allocated"), backordered=Sum("backordered"))
        assert promise["allocated"] + promise["backordered"] == wanted
        assert promise["backordered"] > 0

        assert len(done(warehouse_services.release_orders(order_ids=ids, actor=admin, at=now))) >= 190
        audit()
        warehouse_services.pick_orders(order_ids=ids, actor=admin, at=now)
        audit()
        warehouse_services.pack_orders(order_ids=ids, actor=admin, at=now)
        audit()
        shipping_services.dispatch_orders(order_ids=ids, carrier="Own van", tracking_number="", actor=admin, at=now)
        audit()
        shipped = LinePart.objects.aggregate(units=Sum("shipped"))["units"]
        assert shipped == promise["allocated"]
        left = StockLevel.objects.aggregate(units=Sum("sellable"), staged=Sum("staged"), value=Sum("value"))
        assert left["units"] == stock_before["units"] - shipped
        assert left["staged"] == 0
        assert 0 <= left["value"] < stock_before["value"]

        completed = orders_services.complete_orders(at=now)
        assert completed == SalesOrder.objects.filter(fulfilment="FULL").count() > 0
        assert orders_services.complete_orders(at=now) == 0
        audit()

        billing_services.invoice_orders(order_ids=ids, actor=admin, at=now)
        audit()
        fully = SalesOrder.objects.filter(billing="FULL")
        assert fully.count() > 0
        for order in fully:
            lines = InvoiceLine.objects.filter(order_line__order=order)
            assert lines.aggregate(net=Sum("net"))["net"] == order.net == by_po[order.po_number]
        billed = SalesOrderLine.objects.aggregate(net=Sum("invoiced_net"))["net"]
        assert billed == Invoice.objects.aggregate(net=Sum("net"))["net"]
        numbers = sorted(int(number.rsplit("-", 1)[1]) for number in Invoice.objects.values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))

        paid = billing_services.pay_orders(order_ids=ids, actor=admin, at=now)
        assert done(paid)
        assert not Invoice.objects.exclude(settled=F("gross")).exists()
        assert "no drift" in audit()
        kinds = set(OrderEvent.objects.filter(order__in=fully).values_list("kind", flat=True))
        assert kinds >= {"CREATED", "CONFIRMED", "RELEASED", "PICKED", "PACKED", "DISPATCHED", "INVOICED", "PAID"}


class TestAuditLedger:
    """TRUST 20: every planted corruption is found, and nothing is reported without one."""

    # What is planted: table, change, and which rows to choose the first of
    CORRUPTIONS: ClassVar = {
        "a level that gained a unit": ("inventory_stocklevel", "sellable = sellable + 1", "true"),
        "a bin that gained a unit": ("inventory_binstock", "quantity = quantity + 1", "true"),
        "a value that moved": ("inventory_stocklevel", "value = value + 0.01", "true"),
        "a level that promises too little": ("inventory_stocklevel", "allocated = allocated - 1", "allocated > 0"),
        "a demand that forgot a unit": ("inventory_demand", "allocated = allocated - 1", "allocated > 0"),
        "a part that shipped less": (
            "orders_linepart",
            "picked = picked - 1, packed = packed - 1, shipped = shipped - 1, delivered = delivered - 1",
            "shipped > 0",
        ),
        "a facet that lies": ("orders_salesorder", "fulfilment = 'NONE'", "fulfilment = 'FULL'"),
        "an order that costs more": ("orders_salesorder", "net = net + 1, gross = gross + 1", "true"),
        "an order taxed by the line": ("orders_salesorder", "tax = tax + 0.01, gross = gross + 0.01", "true"),
        "a line that costs less": ("orders_salesorderline", "discount_percent = discount_percent + 1", "true"),
        "a line that was billed more": ("orders_salesorderline", "invoiced_net = invoiced_net + 1", "invoiced > 0"),
        "an invoice that was paid less": ("billing_invoice", "settled = settled - 1", "settled > 1"),
        "a part that was delivered less": ("orders_linepart", "delivered = delivered - 1", "delivered > 0"),
        "a task that found less": ("warehouse_picktask", "picked = picked - 1", "picked > 1"),
        "a parcel that holds more": ("warehouse_parcelcontent", "quantity = quantity + 1", "true"),
        "a shipment that cost less": ("shipping_shipmentline", "cost = cost - 0.01", "cost > 0"),
        "a credit balance that moved": ("orders_creditaccount", "balance = balance - 1", "credit_limit IS NOT NULL"),
        "a series that skipped a number": ("core_numberseries", "next_value = next_value + 1", "true"),
    }

    @pytest.fixture
    def traded(self):
        house = House.open()
        first, second = house.product([9]), house.product([9])
        customer = house.customer.pk
        orders_services.set_credit_terms(customer_id=customer, limit=Decimal(9_999), is_prepay=False, actor=house.boss)
        orders = [house.order((first, 3), (second, 2)) for _ in range(2)]
        ids = [order.pk for order in orders[:1]]
        by = {"actor": house.boss, "at": AT}
        warehouse_services.release_orders(order_ids=ids, **by)
        warehouse_services.pick_orders(order_ids=ids, **by)
        warehouse_services.pack_orders(order_ids=ids, **by)
        shipping_services.dispatch_orders(order_ids=ids, carrier="Own van", tracking_number="", **by)
        shipments = Shipment.objects.values_list("pk", flat=True)
        shipping_services.deliver_shipments(shipment_ids=list(shipments), received_by="Ms Day", received_at=AT, **by)
        billing_services.invoice_orders(order_ids=ids, **by)
        billing_services.pay_orders(order_ids=ids, **by)
        return house

    def test_is_clean_without_one(self, traded):
        assert "no drift" in audit()

    @pytest.mark.parametrize("name", CORRUPTIONS)
    def test_finds(self, traded, name):
        with connection.cursor() as cursor:
            table, change, where = self.CORRUPTIONS[name]
            first = f"(SELECT ctid FROM {table} WHERE {where} LIMIT 1)"
            cursor.execute(f"UPDATE {table} SET {change} WHERE ctid = {first} /* own rows */")
            assert cursor.rowcount == 1
        with pytest.raises(CommandError) as error:
            audit()
        assert error.value.returncode == 1
