"""Rows of the floors above for tests of the kernel, built bare: no service has a say in what is tested here."""

from datetime import UTC, date, datetime
from decimal import Decimal

from core.models import Company, User
from inventory.models import Demand, Product, StockLevel, StockPosting, Unit, Warehouse
from orders.models import Customer, CustomerPO, PriceList, SalesOrder
from tests.factories.core import CompanyFactory, UserFactory

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


class Stock:
    """A company with one product and one customer."""

    def __init__(self) -> None:
        self.company: Company = CompanyFactory()
        self.actor: User = UserFactory()
        self.unit = Unit.objects.create(company=self.company, code="pc", name="Piece")
        self.product = Product.objects.create(company=self.company, sku="A", name="Anchor", unit=self.unit)
        prices = PriceList.objects.create(company=self.company, code="list", name="List", currency="GBP")
        self.customer = Customer.objects.create(company=self.company, number="C1", name="Chandler", price_list=prices)

    def levels(self, *sellable: int, allocated: int = 0) -> list[StockLevel]:
        """Make a level in a warehouse of its own for each figure."""
        return [
            StockLevel.objects.create(
                company=self.company,
                warehouse=Warehouse.objects.create(
                    company=self.company, code=f"w{number}", name=f"Warehouse {number}", country="GB"
                ),
                product=self.product,
                sellable=figure,
                allocated=allocated,
            )
            for number, figure in enumerate(sellable)
        ]

    def demand(self, quantity: str = "5", **fields: object) -> Demand:
        """Return a demand that is not saved yet."""
        return Demand(
            company=self.company,
            product=self.product,
            quantity=Decimal(quantity),
            due_on=date(2026, 4, 1),
            destination_country="GB",
            **fields,
        )

    def posting(self, reference: str = "GR-1") -> StockPosting:
        """Return the header of stock moves that is not saved yet."""
        return StockPosting(
            company=self.company, kind=StockPosting.Kind.RECEIPT, reference=reference, actor=self.actor, at=NOON
        )

    def purchase_order(self, content: object) -> CustomerPO:
        """Return a customer's document that is not saved yet."""
        return CustomerPO(
            company=self.company,
            customer=self.customer,
            number="PO-1",
            channel=CustomerPO.Channel.FILE,
            content=content,
            content_digest="",
            received_at=NOON,
            received_by=self.actor,
        )

    def order(self, po_number: str = "PO-1") -> SalesOrder:
        """Make a draft without lines."""
        return SalesOrder.objects.create(
            company=self.company,
            customer=self.customer,
            po_number=po_number,
            po_key=po_number,
            currency="GBP",
            ordered_on=NOON.date(),
            requested_on=NOON.date(),
            ship_to={},
            bill_to={},
            terms_days=30,
            created_at=NOON,
        )
