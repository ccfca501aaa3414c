"""The demo's company without its past, stocked for the small file of its first orders."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from config.demo import reference
from config.demo.documents import is_charge
from core.models import User
from inventory import services as inventory_services
from inventory.models import StockPosting


def accepted_rows() -> list[dict[str, str]]:
    """The rows of the sample that an order may be made of, read without the product's reader."""
    return [
        row
        for row in reference.rows("orders.csv")
        if row["CustomerID"]
        and Decimal(row["Quantity"]) > 0
        and Decimal(row["UnitPrice"]) > 0
        and not row["InvoiceNo"].upper().startswith("C")
    ]


def open_demo() -> User:
    """Make the company with 95 % of what the sample's orders ask for, and return its administrator."""
    company = reference.make_company()
    admin = reference.make_people(company)
    world = reference.make_world(company, admin, since=timezone.now() - timedelta(days=8))
    wanted: Counter[str] = Counter()
    for row in accepted_rows():
        if not is_charge(row["StockCode"].upper()):
            wanted[row["StockCode"]] += int(row["Quantity"])
    lines = []
    for sku, quantity in wanted.items():
        left = -(-quantity * 95 // 100)
        for shelf in (shelves := world.shelves[sku]):
            units = left if shelf is shelves[-1] else round(quantity * float(shelf.share) * 0.95)
            left -= units
            if units:
                value = units * shelf.unit_cost
                lines.append(inventory_services.ReceiptLine(shelf.bin_id, world.products[sku], Decimal(units), value))
    inventory_services.receive_stock(
        company_id=company.pk,
        lines=lines,
        kind=StockPosting.Kind.OPENING,
        reference="Opening stock",
        actor=admin,
        at=timezone.now() - timedelta(days=7),
    )
    return User.objects.get(pk=admin.pk)
