"""A company to measure on: one person with all roles, a thousand products with deep stock, five hundred customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone

from core.models import Company, Membership, User
from core.roles import Role
from inventory import services as inventory_services
from inventory.models import Bin, Product, StockPosting, Unit, Warehouse
from orders.models import Customer, CustomerAddress, Price, PriceList, TaxRate


@dataclass(frozen=True, slots=True)
class BenchCompany:
    """The keys that a benchmark needs."""

    user_id: int
    company_id: int
    product_ids: tuple[int, ...]
    customer_ids: tuple[int, ...]


def make_company(*, products: int = 1000, customers: int = 500, stock: int = 1_000_000) -> BenchCompany:
    """Make the company in an empty database."""
    company = Company.objects.create(
        name="Bench Ltd", code="bench", country="GB", currency="GBP", time_zone="Europe/London", address="1 Test Way"
    )
    user = User.objects.create_user("bench@orderly.example", "a long password", name="Bench", time_zone="Europe/London")
    Membership.objects.create(user=user, company=company, roles=[Role.ADMINISTRATOR])
    piece = Unit.objects.create(company=company, code="piece", name="Piece")
    warehouse = Warehouse.objects.create(company=company, code="main", name="Main", country="GB")
    Bin.objects.create(warehouse=warehouse, code="TOTE", kind=Bin.Kind.TOTE)
    Bin.objects.create(warehouse=warehouse, code="BACK", kind=Bin.Kind.RETURNS)
    bins = Bin.objects.bulk_create(Bin(warehouse=warehouse, code=f"A-{n:04d}", sequence=n) for n in range(products))
    prices = PriceList.objects.create(company=company, code="list", name="List", currency="GBP")
    made = _products(company, piece, prices, [f"SKU{n}" for n in range(products)])
    TaxRate.objects.create(company=company, country="GB", category="S", rate=20, valid_from=date(2000, 1, 1))
    buyers = Customer.objects.bulk_create(
        Customer(company=company, number=f"C{n:04d}", name=f"Buyer {n}", sort_key=f"buyer {n}", price_list=prices)
        for n in range(customers)
    )
    CustomerAddress.objects.bulk_create(
        CustomerAddress(
            customer=buyer,
            name=buyer.name,
            street="1 High Street",
            city="Leeds",
            postcode="LS1 1AA",
            country="GB",
            is_bill_to=True,
            is_ship_to=True,
        )
        for buyer in buyers
    )
    _fill(bins, made, stock, user)
    return BenchCompany(user.pk, company.pk, tuple(p.pk for p in made), tuple(c.pk for c in buyers))


def add_products(company: BenchCompany, *, prefix: str, products: int, stock: int) -> tuple[int, ...]:
    """Put more products into the company's first bins, so much stock of each, and return their keys."""
    owner = Company.objects.get(pk=company.company_id)
    piece = Unit.objects.get(company=owner)
    prices = PriceList.objects.get(company=owner)
    made = _products(owner, piece, prices, [f"{prefix}{n}" for n in range(products)])
    bins = Bin.objects.filter(warehouse__company=owner, kind=Bin.Kind.PICK).order_by("pk")[:products]
    _fill(list(bins), made, stock, User.objects.get(pk=company.user_id))
    return tuple(product.pk for product in made)


def _products(company: Company, unit: Unit, prices: PriceList, skus: list[str]) -> list[Product]:
    made = Product.objects.bulk_create(
        Product(company=company, sku=sku, name=f"Product {sku}", sort_key=sku.lower(), unit=unit, weight_g=250)
        for sku in skus
    )
    Price.objects.bulk_create(
        Price(price_list=prices, product=product, price=Decimal(100 + n * 7919 % 20000) / 100)
        for n, product in enumerate(made)
    )
    return made


def _fill(bins: list[Bin], products: list[Product], stock: int, actor: User) -> None:
    inventory_services.receive_stock(
        company_id=products[0].company_id,
        lines=[
            inventory_services.ReceiptLine(place.pk, product.pk, Decimal(stock), Decimal(stock))
            for place, product in zip(bins, products, strict=True)
        ],
        kind=StockPosting.Kind.OPENING,
        reference="Opening stock",
        actor=actor,
        at=timezone.now(),
    )
