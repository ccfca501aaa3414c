"""Rows of inventory: units, products, places and what lies there."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import factory

from core.models import User
from core.roles import Role
from inventory.models import Bin, Product, StockPosting, Unit, Warehouse
from inventory.services.receiving import ReceiptLine, receive_stock
from tests.factories.core import CompanyFactory, person

NOON = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("UTC"))


class UnitFactory(factory.django.DjangoModelFactory):
    """The piece."""

    company = factory.SubFactory(CompanyFactory)
    code = "pc"
    name = "Piece"

    class Meta:
        model = Unit
        django_get_or_create = ("company", "code")


class ProductFactory(factory.django.DjangoModelFactory):
    """A stocked product counted in pieces."""

    company = factory.SubFactory(CompanyFactory)
    sku = factory.Sequence("SKU-{:04}".format)
    name = factory.Sequence("Product {:04}".format)
    unit = factory.SubFactory(UnitFactory, company=factory.SelfAttribute("..company"))

    class Meta:
        model = Product


class WarehouseFactory(factory.django.DjangoModelFactory):
    """A site that ships."""

    company = factory.SubFactory(CompanyFactory)
    code = factory.Sequence("wh-{}".format)
    name = factory.Sequence("Warehouse {}".format)
    country = "GB"

    class Meta:
        model = Warehouse


class BinFactory(factory.django.DjangoModelFactory):
    """A shelf to pick from."""

    warehouse = factory.SubFactory(WarehouseFactory)
    code = factory.Sequence("A-{:02}".format)
    kind = Bin.Kind.PICK

    class Meta:
        model = Bin


def shelf(**fields: object) -> Bin:
    """Make a shelf in a warehouse that is ready to take stock: it has a tote to pick into."""
    place = BinFactory(**fields)
    BinFactory(warehouse=place.warehouse, code="TOTE", kind=Bin.Kind.TOTE)
    return place


def stock(product: Product, quantity: int, *, place: Bin | None = None, actor: User | None = None) -> Bin:
    """Put stock of a product on a shelf (a new one unless given), at a pound each, as a receipt does."""
    place = place or shelf(warehouse__company=product.company)
    line = ReceiptLine(place.pk, product.pk, Decimal(quantity), Decimal(quantity))
    receive_stock(
        company_id=product.company_id,
        lines=[line],
        kind=StockPosting.Kind.RECEIPT,
        reference="Test",
        actor=actor or person(Role.ADMINISTRATOR, company=product.company),
        at=NOON,
    )
    return place
