"""Suppliers and what is on its way from them, reached through the services."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from inventory import services
from inventory.models import Product, Supplier, SupplierItem, SupplierOrder, SupplierOrderLine
from tests.factories.house import AT, TODAY, House
from warehouse import services as warehouse_services
from warehouse.models import Receipt


def supplier(house: House, *products: Product, code: str = "acme", cost: str = "2.5", **fields: Any) -> Supplier:
    """Add a supplier who sells products at one cost each."""
    made = Supplier.objects.create(company=house.company, code=code, name=f"{code.title()} Ltd", **fields)
    for product in products:
        SupplierItem.objects.create(
            supplier=made, product=product, unit_cost=Decimal(cost), part_number=f"X{product.pk}"
        )
    return made


def day(number: int) -> date:
    """Return the day so many days from now."""
    return TODAY + timedelta(days=number)


def ordered(
    house: House, *wanted: tuple[Product, Any, int], seller: Supplier | None = None, warehouse: Any = None
) -> SupplierOrder:
    """Order from a supplier: of each product so many units, to come in so many days; approved, not sent."""
    seller = seller or Supplier.objects.filter(company=house.company).first() or supplier(house)
    pk = services.draft_supplier_order(
        supplier_id=seller.pk,
        warehouse_id=(warehouse or house.warehouses[0]).pk,
        wanted=[
            services.Wanted(product.pk, Decimal(units), unit_cost=Decimal("2.5"), expected_on=day(days))
            for product, units, days in wanted
        ],
        actor=house.boss,
        at=AT,
    )
    services.approve_supplier_orders(order_ids=[pk], actor=house.boss, at=AT)
    return SupplierOrder.objects.get(pk=pk)


def sent(house: House, *wanted: tuple[Product, Any, int], **fields: Any) -> SupplierOrder:
    """Order from a supplier, and send the order."""
    order = ordered(house, *wanted, **fields)
    services.send_supplier_orders(order_ids=[order.pk], actor=house.boss, at=AT)
    return SupplierOrder.objects.get(pk=order.pk)


def lines(order: SupplierOrder) -> list[SupplierOrderLine]:
    """Return an order's lines as they stand."""
    return list(SupplierOrderLine.objects.filter(order=order).order_by("position"))


def arrive(house: House, order: SupplierOrder, *units: Any, last: bool = False, actor: Any = None) -> Receipt:
    """Receive so many units of each line, into the warehouse's first bin."""
    shelf = house.shelves[order.warehouse_id][0]
    return warehouse_services.receive_goods(
        order_id=order.pk,
        arrivals=[
            services.Arrival(line.pk, shelf.pk if quantity else None, Decimal(quantity), is_last=last)
            for line, quantity in zip(lines(order), units, strict=True)
        ],
        delivery_note="DN-1",
        actor=actor or house.boss,
        at=AT,
    )
