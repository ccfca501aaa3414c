"""A company that sells, and orders of it brought by the services to where billing begins: shipped, invoiced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import transaction

from billing import services
from billing.models import Invoice
from core.models import Company, User
from core.roles import Role
from inventory.models import Product, Unit
from orders import services as orders_services
from orders.models import Customer, CustomerAddress, LinePart, Price, PriceList, SalesOrder, TaxRate
from tests.factories.core import CompanyFactory, person

AT = datetime(2025, 6, 16, 10, 0, tzinfo=UTC)
ORDERED_ON = date(2025, 6, 13)

Line = tuple[Product, str] | tuple[Product, str, str] | tuple[Product, str, str, str]


@dataclass
class Trade:
    """A company with what an order needs, and the people who sell and bill."""

    company: Company
    unit: Unit
    customer: Customer
    seller: User
    accountant: User
    made: int = 0

    @classmethod
    def start(cls, *, currency: str = "GBP", country: str = "GB", time_zone: str = "Europe/London") -> Trade:
        """Found the company, with a customer in London and tax of 20 % there and 0 elsewhere."""
        company = CompanyFactory(
            name="Hartley & Moss Wholesale Ltd",
            address="Unit 4, Canalside Works\nBirmingham B16 8AA",
            currency=currency,
            country=country,
            time_zone=time_zone,
            vat_number="GB 823 1479 05",
            registration_number="07 412 668",
            email="accounts@hartleymoss.example",
            bank_name="Wharf Bank",
            iban="GB29NWBK60161331926819",
            bic="NWBKGB2L",
        )
        TaxRate.objects.create(company=company, country="GB", category="S", rate=20, valid_from=date(2020, 1, 1))
        TaxRate.objects.create(
            company=company, country="", category="G", rate=0, valid_from=date(2020, 1, 1), note="Export, VAT Act s. 30"
        )
        price_list = PriceList.objects.create(company=company, code="list", name="List", currency=currency)
        trade = cls(
            company=company,
            unit=Unit.objects.create(company=company, code="piece", name="Piece"),
            customer=Customer.objects.create(
                company=company, number="C-017850", name="Bright & Day Gifts", price_list=price_list, terms_days=30
            ),
            seller=person(Role.SALES_ADMIN, company=company),
            accountant=person(Role.ACCOUNTANT, company=company),
        )
        trade.address(country="GB")
        return trade

    def address(self, *, country: str = "GB", **fields: str) -> CustomerAddress:
        """Give the customer its address."""
        place = {"name": "Bright & Day Gifts", "street": "12 Market Street", "city": "Leeds", "postcode": "LS1 6DT"}
        return CustomerAddress.objects.create(
            customer=self.customer, country=country, is_bill_to=True, is_ship_to=True, **{**place, **fields}
        )

    def product(self, price: str = "10", kind: str = Product.Kind.STOCK, sku: str = "") -> Product:
        """Add something to sell, at a price."""
        self.made += 1
        product = Product.objects.create(
            company=self.company, sku=sku or f"SKU-{self.made:04}", name=f"Thing {self.made}", kind=kind, unit=self.unit
        )
        Price.objects.create(price_list=self.customer.price_list, product=product, price=Decimal(price))
        return product

    def order(self, *lines: Line, ordered_on: date = ORDERED_ON) -> SalesOrder:
        """Take an order in and confirm it; a line is (product, quantity, discount %, price), the last two if wanted."""
        return self.orders([lines], ordered_on=ordered_on)[0]

    def orders(self, orders: Sequence[Sequence[Line]], *, ordered_on: date = ORDERED_ON) -> list[SalesOrder]:
        """Take several orders in at once and confirm them."""
        drafts = []
        for lines in orders:
            self.made += 1
            drafts.append(
                orders_services.OrderDraft(
                    customer_id=self.customer.pk,
                    po_number=f"PO-{self.made:05}",
                    ordered_on=ordered_on,
                    requested_on=ordered_on,
                    lines=[
                        orders_services.LineDraft(
                            product_id=line[0].pk,
                            quantity=Decimal(line[1]),
                            discount_percent=Decimal(line[2]) if len(line) > 2 else Decimal(0),
                            price=Decimal(line[3]) if len(line) > 3 else None,
                        )
                        for line in lines
                    ],
                )
            )
        made = orders_services.create_orders(drafts=drafts, actor=self.seller, at=AT)
        ids = [created.order_id for created in made]
        orders_services.confirm_orders(order_ids=ids, actor=self.seller, at=AT)
        return list(SalesOrder.objects.filter(pk__in=ids).order_by("pk"))

    def ship(self, order: SalesOrder, quantities: Mapping[int, str] | None = None) -> None:
        """Note units of an order's parts, by line position, as picked, packed and shipped; all unless said otherwise.

        The warehouse's own rows are another app's business: what billing reads are the parts' totals.
        """
        parts = LinePart.objects.filter(order=order).select_related("line")
        units = {
            part.pk: Decimal(quantities.get(part.line.position, "0")) if quantities is not None else part.ordered
            for part in parts
        }
        units = {pk: quantity for pk, quantity in units.items() if quantity}
        with transaction.atomic():
            SalesOrder.objects.locked().get(pk=order.pk)
            orders_services.note_picked(picked=units)
            orders_services.note_packed(packed=units)
            orders_services.note_shipped(shipped=units)

    def shipped(self, *lines: Line) -> SalesOrder:
        """Make an order all of whose goods have left."""
        order = self.order(*lines or [(self.product(), "3")])
        self.ship(order)
        return order

    def invoice(self, order: SalesOrder, *, at: datetime = AT) -> Invoice:
        """Post the invoice of what was shipped."""
        result = services.invoice_orders(order_ids=[order.pk], actor=self.accountant, at=at)[order.pk]
        assert isinstance(result, Invoice), result
        return result

    def invoiced(self, *lines: Line) -> Invoice:
        """Make an order that was shipped and invoiced."""
        return self.invoice(self.shipped(*lines))
