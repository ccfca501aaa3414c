"""A whole house to trade with: people, a catalogue, warehouses with stock, a customer.

States are reached through the services.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from core.models import Company, User
from core.refusals import Refused
from core.roles import Role
from inventory import services as inventory_services
from inventory.models import (
    Bin,
    Channel,
    ChannelPool,
    Product,
    StockPosting,
    Supplier,
    SupplierOrder,
    SupplierOrderLine,
    Unit,
    Warehouse,
)
from orders import services as orders_services
from orders.models import Customer, CustomerAddress, EntrySheet, LinePart, Price, PriceList, SalesOrder, TaxRate
from tests.factories.core import CompanyFactory, person

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TODAY = AT.date()


@dataclass
class House:
    """A company that trades. `boss` may do everything."""

    company: Company
    boss: User
    unit: Unit
    prices: PriceList
    customer: Customer
    warehouses: list[Warehouse] = field(default_factory=list)
    shelves: dict[int, list[Bin]] = field(default_factory=dict)
    made: int = 0

    @classmethod
    def open(cls, *, warehouses: int = 1, currency: str = "GBP") -> House:
        """Found a company with warehouses of three pick bins each."""
        company = CompanyFactory(currency=currency)
        prices = PriceList.objects.create(company=company, code="list", name="List", currency=currency)
        TaxRate.objects.create(company=company, country="GB", category="S", rate=20, valid_from=date(2000, 1, 1))
        house = cls(
            company=company,
            boss=person(Role.ADMINISTRATOR, company=company),
            unit=Unit.objects.create(company=company, code="piece", name="Piece"),
            prices=prices,
            customer=Customer.objects.create(
                company=company, number="C-1", name="Bright & Day Gifts", price_list=prices
            ),
        )
        CustomerAddress.objects.create(
            customer=house.customer,
            name="Bright & Day Gifts",
            street="12 Market Street",
            city="Leeds",
            postcode="LS1 6DT",
            country="GB",
            is_bill_to=True,
            is_ship_to=True,
        )
        for number in range(warehouses):
            house.warehouse(f"Site {number + 1}", priority=number)
        return house

    def warehouse(self, name: str, *, priority: int = 100) -> Warehouse:
        """Add a warehouse with three pick bins in walking order and a tote."""
        warehouse = Warehouse.objects.create(
            company=self.company, code=name.lower().replace(" ", "-"), name=name, country="GB", priority=priority
        )
        Bin.objects.create(warehouse=warehouse, code="TOTE", kind=Bin.Kind.TOTE, sequence=999)
        for kind in (Bin.Kind.RETURNS, Bin.Kind.QUARANTINE):
            Bin.objects.create(warehouse=warehouse, code=kind.value, kind=kind, sequence=999)
        self.shelves[warehouse.pk] = [
            Bin.objects.create(warehouse=warehouse, code=f"A-{n:02}", sequence=n) for n in range(1, 4)
        ]
        self.warehouses.append(warehouse)
        return warehouse

    def product(
        self, stock: Sequence[Any] = (), *, price: str = "10", kind: str = Product.Kind.STOCK, **fields: Any
    ) -> Product:
        """Add a product with stock per warehouse: a quantity each, or a list of quantities for its bins.

        At a cost of 5 a unit.
        """
        self.made += 1
        product = Product.objects.create(
            company=self.company,
            sku=f"SKU-{self.made:04}",
            name=f"Thing {self.made}",
            kind=kind,
            unit=self.unit,
            weight_g=100,
            **fields,
        )
        Price.objects.create(price_list=self.prices, product=product, price=Decimal(price))
        for warehouse, amounts in zip(self.warehouses, stock, strict=False):
            for shelf, amount in zip(
                self.shelves[warehouse.pk], amounts if isinstance(amounts, (list, tuple)) else [amounts], strict=False
            ):
                if Decimal(amount):
                    self.receive(product, amount, shelf=shelf)
        return product

    def receive(
        self,
        product: Product,
        quantity: Any,
        *,
        value: Any = None,
        shelf: Bin | None = None,
        lot: str = "",
        good_until: date | None = None,
    ) -> int:
        """Receive units into a bin (the first of the first warehouse), at 5 a unit unless said otherwise."""
        return inventory_services.receive_stock(
            company_id=self.company.pk,
            lines=[
                inventory_services.ReceiptLine(
                    bin_id=(shelf or self.shelves[self.warehouses[0].pk][0]).pk,
                    product_id=product.pk,
                    quantity=Decimal(quantity),
                    value=Decimal(quantity) * 5 if value is None else Decimal(value),
                    lot=inventory_services.LotName(lot, good_until) if lot else None,
                )
            ],
            kind=StockPosting.Kind.RECEIPT,
            reference="R-1",
            actor=self.boss,
            at=AT,
        )

    def comes(self, product: Product, quantity: Any, on: date, **fields: Any) -> SupplierOrderLine:
        """Have a supplier bring units of a product to the first warehouse on a day, on an order of its own."""
        supplier, _made = Supplier.objects.get_or_create(
            company=self.company, code="mill", defaults={"name": "The Mill"}
        )
        order = SupplierOrder.objects.create(
            company=self.company,
            supplier=supplier,
            warehouse=self.warehouses[0],
            status=fields.pop("status", SupplierOrder.Status.SENT),
            expected_on=on,
            created_by=self.boss,
            created_at=AT,
        )
        return SupplierOrderLine.objects.create(
            order=order, position=1, product=product, quantity=quantity, unit_cost=5, expected_on=on, **fields
        )

    def channel(self, name: str, *, priority: int = 100) -> Channel:
        """Open a channel."""
        return Channel.objects.create(company=self.company, code=name.lower(), name=name, priority=priority)

    def pool(
        self, channel: Channel, product: Product, allotment: Any = 0, *, site: Warehouse | None = None, **terms: Any
    ) -> ChannelPool:
        """Give a channel a pool of a product in a warehouse, the first."""
        site_pk = (site or self.warehouses[0]).pk
        pool = inventory_services.PoolTerms(channel.pk, product.pk, site_pk, Decimal(allotment), **terms)
        (pk,) = inventory_services.keep_pools(terms=[pool], actor=self.boss)
        return ChannelPool.objects.get(pk=pk)

    def draft(self, *lines: tuple[Product, Any], po_number: str = "", **fields: Any) -> SalesOrder:
        """Take an order in."""
        self.made += 1
        (created,) = orders_services.create_orders(
            drafts=[
                orders_services.OrderDraft(
                    **{
                        "customer_id": self.customer.pk,
                        "po_number": po_number or f"PO-{self.made:05}",
                        "ordered_on": TODAY,
                        "requested_on": TODAY,
                        "lines": [orders_services.LineDraft(product.pk, Decimal(q)) for product, q in lines],
                        **fields,
                    }
                )
            ],
            actor=self.boss,
            at=AT,
        )
        if isinstance(created, Refused):
            raise created
        return SalesOrder.objects.get(pk=created.order_id)

    def sheet(self, **content: str) -> int:
        """Keep an order form as `boss` types it."""
        typed = orders_services.Typed(
            token=uuid4(),
            content={"customer": ["C-1"], **{name: [value] for name, value in content.items()}},
            customer=str(self.customer),
            lines=1,
        )
        orders_services.keep_sheet(typed=typed, actor=self.boss, at=AT)
        return EntrySheet.objects.get(token=typed.token).pk

    def confirm(self, *orders: SalesOrder) -> dict[int, Any]:
        """Confirm orders, each of which must go through."""
        results = orders_services.confirm_orders(order_ids=[o.pk for o in orders], actor=self.boss, at=AT)
        for result in results.values():
            if isinstance(result, Refused):
                raise result
        return results

    def order(self, *lines: tuple[Product, Any], **fields: Any) -> SalesOrder:
        """Take an order in and confirm it."""
        order = self.draft(*lines, **fields)
        self.confirm(order)
        return SalesOrder.objects.get(pk=order.pk)

    def demands(self, order: SalesOrder) -> list[int]:
        """Return the demands of an order in the order of its lines."""
        return list(LinePart.objects.filter(order=order).order_by("line__position").values_list("demand_id", flat=True))

    def pick(self, order: SalesOrder) -> list[inventory_services.BinPick]:
        """Release and pick all that is allocated of an order, in inventory and on its parts."""
        picks = inventory_services.release_allocations(demand_ids=self.demands(order), at=AT)
        inventory_services.pick_allocations(
            company_id=self.company.pk, picks=picks, reference="W-1", actor=self.boss, at=AT
        )
        return picks

    def issue(self, picks: Sequence[inventory_services.BinPick]) -> inventory_services.Issued:
        """Issue what was picked to the customer."""
        return inventory_services.issue_allocations(
            company_id=self.company.pk,
            issues=[
                inventory_services.StockIssue(
                    p.allocation_id, p.demand_id, p.level_id, p.product_id, p.tote_id, p.quantity, p.lot_id
                )
                for p in picks
            ],
            places=2,
            reference="SH-1",
            actor=self.boss,
            at=AT,
        )
