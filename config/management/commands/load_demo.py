"""load_demo: a small real business to try Orderly with, taken through the real services (config/demo/README.md)."""

from __future__ import annotations

import csv
import io
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from billing import services as billing_services
from core.models import Company, Membership, User
from core.refusals import Refused
from core.roles import Role
from core.text import sort_key
from inventory import services as inventory_services
from inventory.models import Bin, Product, StockPosting, Unit, Warehouse
from orders import services as orders_services
from orders.models import Customer, CustomerAddress, Price, PriceList, TaxRate
from shipping import services as shipping_services
from warehouse import services as warehouse_services

FOLDER = Path(settings.BASE_DIR) / "config" / "demo"
PASSWORD = "try-orderly"  # noqa: S105 - the demo's own, printed for everybody; production refuses this command
SLICE = 25

# How many of the 200 orders, in the order of the file, have come how far
CONFIRMED, RELEASED, PICKED, PACKED, DISPATCHED, INVOICED, PAID = 188, 160, 140, 125, 110, 95, 75

PEOPLE = [
    ("sales@demo.example", "Sally Sales", Role.SALES_ADMIN),
    ("manager@demo.example", "Mara Manager", Role.SALES_MANAGER),
    ("warehouse@demo.example", "Walt Warehouse", Role.WAREHOUSE_MANAGER),
    ("picker@demo.example", "Pia Picker", Role.PICKER),
    ("shipping@demo.example", "Shay Shipping", Role.SHIPPING_CLERK),
    ("returns@demo.example", "Rita Returns", Role.RETURNS_CLERK),
    ("accounts@demo.example", "Ada Accounts", Role.ACCOUNTANT),
    ("admin@demo.example", "Andy Admin", Role.ADMINISTRATOR),
]


class Command(BaseCommand):
    """Load the demo company once, with work waiting in every queue."""

    help = "Load the demo company through the real services, unless there is a company already."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --if-empty and --print-logins."""
        parser.add_argument("--if-empty", action="store_true", help="say nothing where there is a company already")
        parser.add_argument("--print-logins", action="store_true", help="only print the demo's logins")

    def handle(self, *_: Any, if_empty: bool, print_logins: bool, **__: Any) -> None:
        """Load the demo, or print its logins.

        :raises CommandError: in production, or where there is a company already and --if-empty was not given.
        """
        if settings.PRODUCTION:
            raise CommandError("The demo has well-known passwords: it is not for production.")
        if print_logins:
            self.print_logins()
            return
        if Company.objects.exists():
            if if_empty:
                return
            raise CommandError("There is a company already: the demo is loaded into an empty database only.")
        begun = time.monotonic()
        admin = self.load_reference_data()
        self.take_orders(admin)
        self.stdout.write(f"    demo company ready in {time.monotonic() - begun:.0f} s")

    def print_logins(self) -> None:
        """Print the demo's people, where they are still there with the demo's password."""
        emails = [email for email, _name, _role in PEOPLE]
        known = {user.email: user for user in User.objects.filter(email__in=emails)}
        if not known:
            return
        self.stdout.write(f"  Sign in with the password {PASSWORD}")
        for email, _name, role in PEOPLE:
            if email in known:
                self.stdout.write(f"    {email:24} {role.label}")

    @transaction.atomic
    def load_reference_data(self) -> User:
        """Make the company, its people, catalogue, places, customers and opening stock; return its administrator."""
        company = Company.objects.create(
            name="Wharf Farm Gifts Ltd",
            code="demo",
            address="Unit 4, Wharf Farm Way\nDaventry\nNN11 9PU",
            country="GB",
            currency="GBP",
            time_zone="Europe/London",
            vat_number="GB 999 9999 73",
            registration_number="00000001",
            email="accounts@wharf-farm-gifts.example",
            phone="+44 1632 960001",
            bank_name="Example Bank",
            iban="GB33BUKB20201555555555",
            bic="BUKBGB22",
        )
        for email, name, role in PEOPLE:
            is_admin = role == Role.ADMINISTRATOR
            user = User.objects.create_user(
                email, PASSWORD, name=name, time_zone="Europe/London", is_staff=is_admin, is_superuser=is_admin
            )
            Membership.objects.create(user=user, company=company, roles=[role])
        piece = Unit.objects.create(company=company, code="piece", name="Piece")
        prices = PriceList.objects.create(company=company, code="trade", name="Trade", currency="GBP")
        products = Product.objects.bulk_create(
            Product(
                company=company,
                sku=row["sku"],
                name=row["name"],
                sort_key=sort_key(row["name"]),
                kind=row["kind"].upper(),
                unit=piece,
                gtin=row["gtin"],
                weight_g=Decimal(row["weight_g"]) if row["weight_g"] else None,
            )
            for row in rows("products.csv")
        )
        by_sku = {product.sku: product for product in products}
        Price.objects.bulk_create(
            Price(price_list=prices, product=by_sku[row["sku"]], price=Decimal(row["list_price"]))
            for row in rows("products.csv")
        )
        self.stdout.write(f"    {len(products):,} products")
        bins = self.load_places(company)
        TaxRate.objects.bulk_create(
            [
                TaxRate(company=company, country="GB", category="S", rate=20, valid_from=datetime(2000, 1, 1).date()),  # noqa: DTZ001
                TaxRate(
                    company=company,
                    country="",
                    category="G",
                    rate=0,
                    valid_from=datetime(2000, 1, 1).date(),  # noqa: DTZ001
                    note="Export of goods, zero-rated",
                ),
            ]
        )
        self.load_customers(company, prices)
        admin = User.objects.get(email="admin@demo.example")
        lines = [
            inventory_services.ReceiptLine(
                bin_id=bins[row["warehouse"], row["bin"]].pk,
                product_id=by_sku[row["sku"]].pk,
                quantity=Decimal(row["quantity"]),
                value=Decimal(row["quantity"]) * Decimal(row["unit_cost"]),
            )
            for row in rows("opening_stock.csv")
        ]
        inventory_services.receive_stock(
            company_id=company.pk,
            lines=lines,
            kind=StockPosting.Kind.OPENING,
            reference="Opening stock",
            actor=admin,
            at=timezone.now() - timedelta(days=7),
        )
        self.stdout.write(f"    opening stock of {len(lines):,} products and bins")
        return admin

    def load_places(self, company: Company) -> dict[tuple[str, str], Bin]:
        """Make the warehouses with their pick bins, and in each a bin of every other kind.

        Return the bins by code.
        """
        warehouses = {}
        for priority, row in enumerate(rows("warehouses.csv")):
            warehouses[row["code"]] = Warehouse.objects.create(
                company=company,
                code=row["code"].lower(),
                name=row["name"],
                address="\n".join([row["street"], row["city"], row["postcode"]]),
                country=row["country"],
                postcode=row["postcode"],
                priority=priority,
            )
        places = [
            Bin(warehouse=warehouses[row["warehouse"]], code=row["code"], sequence=int(row["sequence"]))
            for row in rows("bins.csv")
        ]
        places += [
            Bin(warehouse=warehouse, code=kind.label.upper(), kind=kind, sequence=100_000)
            for warehouse in warehouses.values()
            for kind in (Bin.Kind.TOTE, Bin.Kind.PACKED, Bin.Kind.DOCK, Bin.Kind.RETURNS, Bin.Kind.QUARANTINE)
        ]
        made = Bin.objects.bulk_create(places)
        self.stdout.write(f"    {len(warehouses)} warehouses with {len(made):,} bins")
        codes = {warehouse.pk: code for code, warehouse in warehouses.items()}
        return {(codes[place.warehouse_id], place.code): place for place in made}

    def load_customers(self, company: Company, prices: PriceList) -> None:
        """Make the customers with one address each, for bills and goods."""
        customers = Customer.objects.bulk_create(
            Customer(
                company=company,
                number=row["number"],
                name=row["name"],
                sort_key=sort_key(row["name"]),
                email=row["email"],
                vat_number=row["vat_number"],
                price_list=prices,
                terms_days=int(row["terms_days"]),
            )
            for row in rows("customers.csv")
        )
        CustomerAddress.objects.bulk_create(
            CustomerAddress(
                customer=customer,
                name=row["name"],
                street=row["street"],
                city=row["city"],
                postcode=row["postcode"],
                country=row["country"],
                is_bill_to=True,
                is_ship_to=True,
            )
            for customer, row in zip(customers, rows("customers.csv"), strict=True)
        )
        self.stdout.write(f"    {len(customers)} customers")

    def take_orders(self, admin: User) -> None:
        """Import the orders, dated so that the last came today, and take each as far as its place in the file says."""
        now = timezone.now()
        data, shift = shifted_orders(now)
        report = orders_services.import_order_file(data=data, source="orders.csv", actor=admin, at=now)
        self.stdout.write(
            f"    {len(report.order_ids)} orders of {report.accepted_rows:,} rows, moved by {shift.days:,} days;"
            f" {len(report.refused)} rows refused with their reason"
        )
        ids = report.order_ids
        steps: list[tuple[str, int, Callable[[Collection[int]], Any]]] = [
            ("confirmed", CONFIRMED, lambda s: orders_services.confirm_orders(order_ids=s, actor=admin, at=now)),
            ("released", RELEASED, lambda s: warehouse_services.release_orders(order_ids=s, actor=admin, at=now)),
            ("picked", PICKED, lambda s: warehouse_services.pick_orders(order_ids=s, actor=admin, at=now)),
            ("packed", PACKED, lambda s: warehouse_services.pack_orders(order_ids=s, actor=admin, at=now)),
            (
                "dispatched",
                DISPATCHED,
                lambda s: shipping_services.dispatch_orders(
                    order_ids=s, carrier="Royal Mail", tracking_number="", actor=admin, at=now
                ),
            ),
            ("invoiced", INVOICED, lambda s: billing_services.invoice_orders(order_ids=s, actor=admin, at=now)),
            (
                "paid",
                PAID,
                lambda s: billing_services.pay_orders(order_ids=s, actor=admin, at=now),
            ),
        ]
        for word, upto, step in steps:
            self.go(word, ids[:upto], step)

    def go(self, word: str, ids: Sequence[int], step: Callable[[Collection[int]], Any]) -> None:
        """Take orders through one verb in slices, with progress.

        What is refused (nothing in stock) is counted, not hidden.
        """
        begun, done, refused = time.monotonic(), 0, 0
        for batch in slices(ids, SLICE):
            results = step(batch)
            refused += sum(isinstance(result, Refused) for result in results.values())
            done += len(batch)
            if sys.stdout.isatty():
                self.stdout.write(f"\r    {word} {done}/{len(ids)}", ending="")
                self.stdout.flush()
        rate = done / max(time.monotonic() - begun, 0.001)
        start = "\r" if sys.stdout.isatty() else ""
        self.stdout.write(
            f"{start}    {done - refused} orders {word}, {refused} had nothing for it ({rate:.0f} orders/s)"
        )


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the demo's files."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shifted_orders(now: datetime) -> tuple[bytes, timedelta]:
    """Return the order file with every date moved by the same whole days, so that the last order came today."""
    orders = rows("orders.csv")
    last = max(datetime.fromisoformat(row["InvoiceDate"]) for row in orders)
    shift = timedelta(days=(now.date() - last.date()).days)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(orders[0]))
    writer.writeheader()
    for row in orders:
        writer.writerow(row | {"InvoiceDate": str(datetime.fromisoformat(row["InvoiceDate"]) + shift)})
    return text.getvalue().encode(), shift


def slices(ids: Sequence[int], size: int) -> Iterator[list[int]]:
    """Cut ids into lists of at most `size`."""
    rest = iter(ids)
    while batch := list(islice(rest, size)):
        yield batch
