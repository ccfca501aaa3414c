"""Every proof of returns finds what it is for, and finds nothing where all is well."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connections

from billing import services as billing_services
from billing.models import InvoiceLine
from inventory.models import BinStock, StockLevel, StockMove, StockPosting
from returns import audit, services
from returns.models import (
    Grade,
    QuarantineExit,
    ReturnDisposition,
    ReturnInspection,
    ReturnLine,
    ReturnReceiptLine,
)
from shipping.models import ShipmentLine
from tests.factories.house import AT, House
from tests.factories.returns import decided, parts_of, received
from tests.factories.shipping import dispatched

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

# What is planted: (words of the check that must find it, table, what is set, which row).
PLANTED = [
    ("returned of a part", "orders_linepart", "returned = returned - 1", "part"),
    ("its receipts", "returns_returnline", "received = received + 1", "line"),
    ("its receipts", "returns_returnline", "received_value = received_value + 0.01", "line"),
    ("its receipts", "returns_returnline", "short = 1", "line"),
    ("its receipts", "returns_returnreceiptline", "fact = 'SHORT'", "receipt"),
    ("its grades", "returns_returninspection", "quantity = quantity + 1", "inspection"),
    ("its grades", "returns_returninspection", "disposed = 0", "inspection"),
    ("its grades", "returns_returndisposition", "value = value - 1", "disposition"),
    ("its grades", "returns_returndisposition", "kind = 'SEND_BACK'", "disposition"),
    ("its grades", "returns_returndisposition", "kind = 'QUARANTINE'", "disposition"),
    ("its grades", "returns_quarantineexit", "value = value + 1", "exit"),
    ("its grades", "returns_returnline", "quarantined = 1", "other_line"),
    ("than left", "returns_returnline", "authorized = 99", "line"),
    ("undelivered", "shipping_shipmentline", "failed = failed + 1", "shipment_line"),
    ("settled by a return", "shipping_shipmentline", "lost = 1", "shipment_line"),
    ("settled by a return", "returns_returnline", "lost = 9", "credited_line"),
    ("share of the cost", "shipping_shipmentline", "cost = cost + 5", "shipment_line"),
    ("point to the posting", "inventory_stockmove", "value = value + 1", "move"),
    ("point to the posting", "returns_quarantineexit", "quantity = quantity + 1", "exit"),
    ("quarantine bins", "inventory_binstock", "quantity = quantity + 1", "bin"),
    ("quarantine bins", "inventory_binstock", "quantity = quantity + 1", "quarantine"),
    ("stands where", "returns_returnorder", "status = 'DECIDED'", "return"),
    ("what settled a return", "returns_returnorder", "status = 'SETTLED'", "return"),
    ("what settled a return", "returns_returnsettlement", "kind = 'NONE'", "settlement"),
    ("what settled a return", "billing_invoiceline", "quantity = quantity + 1", "credited"),
    ("order's company", "returns_returnorder", "order_id = {other_order}", "return"),
    ("order's company", "returns_returnline", "part_id = {other_part}", "line"),
]


def broken() -> list[str]:
    return [check.name for check in audit.CHECKS if check.find()[1]]


class TestChecks:
    def test_find_each_corruption_and_nothing_where_there_is_none(self) -> None:
        house = House.open()
        product = house.product([20])
        order, other = dispatched(house, (product, 5)), dispatched(house, (product, 2))
        decided(house, order, {product: 1}, grade=Grade.X)
        (other_part,) = parts_of(other, {product: 1})
        quarantined = decided(house, other, {product: 2}, grade=Grade.B)
        cleared = [services.Cleared(other_part, "SCRAP", Decimal(1))]
        services.clear_quarantine(return_id=quarantined.pk, cleared=cleared, actor=house.boss, at=AT)
        billing_services.invoice_orders(order_ids=[other.pk], actor=house.boss, at=AT)
        settle = {"return_id": quarantined.pk, "kind": "CREDIT", "actor": house.boss, "at": AT}
        settlement = services.settle_return(**settle)
        made = received(house, order, {product: 3})
        (part_id,) = parts_of(order, {product: 1})
        graded = [services.Graded(part_id, Grade.B, Decimal(1))]
        services.inspect_return(return_id=made.pk, graded=graded, actor=house.boss, at=AT)
        line = ReturnLine.objects.get(return_order=made)
        disposition = ReturnDisposition.objects.get(kind="SCRAP")
        rows = {
            "part": part_id,
            "return": made.pk,
            "line": line.pk,
            "receipt": ReturnReceiptLine.objects.get(line=line).pk,
            "inspection": ReturnInspection.objects.get(dispositions=disposition).pk,
            "disposition": disposition.pk,
            "shipment_line": ShipmentLine.objects.get(part=part_id).pk,
            "move": StockMove.objects.filter(posting__kind=StockPosting.Kind.SCRAP).earliest("pk").pk,
            "exit": QuarantineExit.objects.get().pk,
            "other_line": ReturnLine.objects.get(return_order__order=order, received=1).pk,
            "credited_line": ReturnLine.objects.get(return_order=quarantined).pk,
            "settlement": settlement.pk,
            "credited": InvoiceLine.objects.get(invoice__kind="CREDIT_NOTE").pk,
            "quarantine": BinStock.objects.get(bin__kind="QUARANTINE").pk,
            "bin": BinStock.objects.get(bin__kind="RETURNS").pk,
        }
        names = {"other_order": other.pk, "other_part": other_part}
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
                all_of_it = ", ".join(columns)
                cursor.execute(
                    f"UPDATE {table} SET ({all_of_it}) = (SELECT {all_of_it} FROM kept) WHERE id = {rows[row]}"
                )
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
                cursor.execute("DROP TABLE kept")
            assert broken() == [], f"after {change} of {table} was put back"
        assert StockLevel.objects.get().blocked == 4
