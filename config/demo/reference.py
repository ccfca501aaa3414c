"""Makes what a company needs before its first order: people, catalogue, places, customers, prices and taxes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from django.db import transaction

from config.demo.documents import COUNTER
from core.models import Company, Membership, User
from core.roles import Role
from core.text import sort_key
from inventory.models import Bin, Channel, Product, Unit, Warehouse
from orders.models import Customer, CustomerAddress, Price, PriceList, TaxRate

FOLDER = Path(__file__).resolve().parent
PASSWORD = "try-orderly"  # noqa: S105 - the demo's own, printed for everybody; production refuses the command
BEGINNING = date(2000, 1, 1)

PEOPLE = [
    ("sales@demo.example", "Sally Sales", Role.SALES_ADMIN),
    ("manager@demo.example", "Mara Manager", Role.SALES_MANAGER),
    ("warehouse@demo.example", "Walt Warehouse", Role.WAREHOUSE_MANAGER),
    ("picker@demo.example", "Pia Picker", Role.PICKER),
    ("shipping@demo.example", "Shay Shipping", Role.SHIPPING_CLERK),
    ("returns@demo.example", "Rita Returns", Role.RETURNS_CLERK),
    ("buyer@demo.example", "Bea Buyer", Role.PURCHASER),
    ("credit@demo.example", "Carl Credit", Role.CREDIT_CONTROLLER),
    ("accounts@demo.example", "Ada Accounts", Role.ACCOUNTANT),
    ("director@demo.example", "Dora Director", Role.MANAGER),
    ("admin@demo.example", "Andy Admin", Role.ADMINISTRATOR),
]


# Where orders are sold: code, name, rank
CHANNELS = [("wholesale", "Wholesale", 10), ("web", "Web shop", 20), ("counter", "Counter", 30)]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a product lies, which share of what comes in goes there, and what a unit costs."""

    bin_id: int
    share: Decimal
    unit_cost: Decimal


@dataclass(frozen=True, slots=True)
class World:
    """A company that can take orders: its administrator, and the keys of what the source names."""

    company: Company
    admin: User
    products: Mapping[str, int]
    customers: Mapping[str, int]
    shelves: Mapping[str, tuple[Shelf, ...]]
    # Addresses of customers whom the source finds in several countries
    addresses: Mapping[tuple[str, str], int] = field(default_factory=dict)


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the demo's files."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def make_people(company: Company) -> User:
    """Make the demo's people, one of each role, and return the administrator."""
    for email, name, role in PEOPLE:
        is_admin = role == Role.ADMINISTRATOR
        user = User.objects.create_user(
            email, PASSWORD, name=name, time_zone=company.time_zone, is_staff=is_admin, is_superuser=is_admin
        )
        Membership.objects.create(user=user, company=company, roles=[role])
    return User.objects.get(email=PEOPLE[-1][0])


def make_company(
    *,
    code: str = "demo",
    name: str = "Wharf Farm Gifts Ltd",
    live_on: date | None = None,
    is_training: bool = False,
) -> Company:
    """Make the gift wholesaler itself."""
    return Company.objects.create(
        name=name,
        code=code,
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
        live_on=live_on,
        is_training=is_training,
    )


@transaction.atomic
def make_world(company: Company, admin: User, *, since: datetime) -> World:
    """Fill a company with the demo's catalogue, places and customers, which it has known for so long."""
    prices = make_terms(company)
    products = make_products(company, prices, rows("products.csv"), since=since)
    places = make_places(company)
    customers = make_customers(company, prices, rows("customers.csv"), since=since)
    return World(company, admin, products, customers, make_shelves(rows("shelves.csv"), products, places))


def make_terms(company: Company) -> PriceList:
    """Make the price list and the taxes: the standard rate at home, none on what is exported."""
    TaxRate.objects.bulk_create(
        [
            TaxRate(company=company, country="GB", category="S", rate=20, valid_from=BEGINNING),
            TaxRate(
                company=company,
                country="",
                category="G",
                rate=0,
                valid_from=BEGINNING,
                note="Export of goods, zero-rated",
            ),
        ]
    )
    return PriceList.objects.create(company=company, code="trade", name="Trade", currency="GBP")


def make_products(
    company: Company, prices: PriceList, source: Iterable[Mapping[str, str]], *, since: datetime
) -> dict[str, int]:
    """Make products with their list prices; return their keys by code."""
    source = list(source)
    piece = Unit.objects.create(company=company, code="pc", name="Piece")
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
            created_at=since,
        )
        for row in source
    )
    Price.objects.bulk_create(
        Price(price_list=prices, product=product, price=Decimal(row["list_price"]))
        for product, row in zip(products, source, strict=True)
        if row["list_price"]
    )
    return {product.sku: product.pk for product in products}


def make_places(company: Company) -> dict[tuple[str, str], int]:
    """Make the warehouses with their pick bins, and in each a bin of every other kind; return keys by code."""
    warehouses = {
        row["code"]: Warehouse.objects.create(
            company=company,
            code=row["code"].lower(),
            name=row["name"],
            address="\n".join([row["street"], row["city"], row["postcode"]]),
            country=row["country"],
            postcode=row["postcode"],
            priority=priority,
        )
        for priority, row in enumerate(rows("warehouses.csv"))
    }
    places = [
        Bin(warehouse=warehouses[row["warehouse"]], code=row["code"], sequence=int(row["sequence"]))
        for row in rows("bins.csv")
    ]
    places += [
        Bin(warehouse=warehouse, code=kind.label.upper(), kind=kind, sequence=100_000)
        for warehouse in warehouses.values()
        for kind in (Bin.Kind.TOTE, Bin.Kind.PACKED, Bin.Kind.DOCK, Bin.Kind.RETURNS, Bin.Kind.QUARANTINE)
    ]
    codes = {warehouse.pk: code for code, warehouse in warehouses.items()}
    return {(codes[place.warehouse_id], place.code): place.pk for place in Bin.objects.bulk_create(places)}


def make_shelves(
    source: Iterable[Mapping[str, str]], products: Mapping[str, int], places: Mapping[tuple[str, str], int]
) -> dict[str, tuple[Shelf, ...]]:
    """Return the shelves of each product by its code."""
    shelves: dict[str, tuple[Shelf, ...]] = dict.fromkeys(products, ())
    for row in source:
        shelf = Shelf(places[row["warehouse"], row["bin"]], Decimal(row["share"]), Decimal(row["unit_cost"]))
        shelves[row["sku"]] += (shelf,)
    return shelves


def _channel_of(number: str) -> str:
    """Return the code of the channel in which a customer orders."""
    if number == COUNTER:
        return "counter"
    return "web" if sum(map(ord, number)) % 3 == 0 else "wholesale"


def make_customers(
    company: Company, prices: PriceList, source: Iterable[Mapping[str, str]], *, since: datetime
) -> dict[str, int]:
    """Make customers with one address each, for bills and goods, and the account of the counter; return keys by number.

    The counter has no credit terms, so its orders are checked against no limit. Every third of the others orders on the
    web, the rest are wholesale.
    """
    channels = {
        code: Channel.objects.create(company=company, code=code, name=name, priority=priority)
        for code, name, priority in CHANNELS
    }
    counter = {"number": COUNTER, "name": "Counter sales", "email": "", "vat_number": "", "terms_days": "0"}
    home = {"street": "Unit 4, Wharf Farm Way", "city": "Daventry", "postcode": "NN11 9PU", "country": "GB"}
    source = [*source, counter | home]
    customers = Customer.objects.bulk_create(
        Customer(
            company=company,
            number=row["number"],
            name=row["name"],
            sort_key=sort_key(row["name"]),
            email=row["email"],
            vat_number=row["vat_number"],
            price_list=prices,
            channel=channels[_channel_of(row["number"])],
            terms_days=int(row["terms_days"]),
            created_at=since,
        )
        for row in source
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
        for customer, row in zip(customers, source, strict=True)
    )
    return {customer.number: customer.pk for customer in customers}
