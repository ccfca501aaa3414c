"""Whom the demo company buys from: suppliers, and orders that are late, part received, on their way or drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Sum

from config.demo.reference import World
from inventory import services as inventory_services
from inventory.models import (
    Demand,
    Product,
    ReorderRule,
    StockLevel,
    Supplier,
    SupplierItem,
    SupplierOrder,
    SupplierOrderLine,
    SupplierPriceBreak,
    Warehouse,
)
from inventory.queries import supply as supply_queries
from warehouse import services as warehouse_services

# (code, name, town, lead time in days, may deliver over); what each one's order comes to stands in Buying.work
SUPPLIERS = [
    ("harbour", "Harbour Giftware Ltd", "Grimsby", 14, 5),
    ("loxley", "Loxley Paper & Print", "Sheffield", 7, 10),
    ("meridian", "Meridian Imports BV", "Rotterdam", 28, 0),
    ("tinsmith", "The Tinsmith's Yard", "Kidderminster", 10, 2),
    ("velvet", "Velvet & Vane Textiles", "Leicester", 12, 5),
]
# Of each order so many products, and so many more units than wait
MOST_LINES, BESIDE = 6, 24
RULES = 24


class Buying:
    """The purchaser's last days; `buyer` and `dock` return who acts, and when so many hours ago was."""

    def __init__(self, world: World, now: datetime, buyer: Any, dock: Any) -> None:
        self.world, self.now, self.buyer, self.dock = world, now, buyer, dock

    def work(self) -> None:
        """Buy what orders lack, and leave some of it to be bought."""
        self.warehouse = Warehouse.objects.filter(company=self.world.company).order_by("priority")[0]
        self.waiting = self._waiting()
        self.suppliers = self._suppliers()
        late, part, coming, draft, gone = self.suppliers
        today = self.now.date()
        self._send(late, days_ago=16, expected_on=today - timedelta(days=2))
        order = self._send(part, days_ago=8, expected_on=today + timedelta(days=1))
        self._receive_half(order)
        order = self._send(coming, days_ago=3, expected_on=today + timedelta(days=18))
        self._answer(order, today + timedelta(days=24))
        self._draft(draft, 0.5, today + timedelta(days=10))
        order = self._send(gone, days_ago=2, expected_on=today + timedelta(days=9))
        inventory_services.cancel_supplier_orders(order_ids=[order.pk], **self.buyer(1))
        self._rules()
        self._transfer()
        inventory_services.note_late(at=self.now)

    def _transfer(self) -> None:
        """Let the other warehouse send what it has most of: one transfer is on its way, another still to be sent."""
        elsewhere = StockLevel.objects.filter(company=self.world.company, product__tracking=Product.Tracking.NONE)
        free = elsewhere.exclude(warehouse=self.warehouse).annotate(free=F("sellable") - F("allocated"))
        levels = list(free.filter(free__gt=6).order_by("-free", "pk")[:5])
        for some, hours in ((levels[:3], 20), (levels[3:], 1)):
            if not some:
                continue
            pk = inventory_services.draft_transfer(
                from_id=some[0].warehouse_id,
                to_id=self.warehouse.pk,
                carried=[inventory_services.Carried(level.product_id, Decimal(6)) for level in some],
                expected_on=self.now.date() + timedelta(days=1),
                **self.dock(hours),
            )
            if hours > 1:
                warehouse_services.send_transfer(transfer_id=pk, units={}, **self.dock(hours - 1))

    def _waiting(self) -> dict[int, Decimal]:
        """Return by product how many units wait, the most first."""
        rows = Demand.objects.filter(company=self.world.company, backordered__gt=0, is_held=False).order_by()
        found = rows.values_list("product").annotate(units=Sum("backordered"))
        return dict(sorted(found, key=lambda pair: (-pair[1], pair[0])))

    def _suppliers(self) -> list[Supplier]:
        """Make the suppliers; each sells a share of the catalogue, and of what is waited for."""
        suppliers = [
            Supplier.objects.create(
                company=self.world.company,
                code=code,
                name=name,
                email=f"orders@{code}.example",
                address=f"1 Works Road\n{town}",
                lead_days=lead_days,
                over_percent=over,
            )
            for code, name, town, lead_days, over in SUPPLIERS
        ]
        skus = {pk: sku for sku, pk in self.world.products.items()}
        stocked = [pk for pk, sku in skus.items() if self.world.shelves.get(sku)]
        first = [pk for pk in self.waiting if pk in set(stocked)]
        ranked = first + sorted(set(stocked) - set(first))
        items = SupplierItem.objects.bulk_create(
            SupplierItem(
                supplier=suppliers[place % len(suppliers)],
                product_id=pk,
                part_number=f"{suppliers[place % len(suppliers)].code[:2].upper()}-{10_000 + place}",
                unit_cost=self.world.shelves[skus[pk]][0].unit_cost,
                minimum=12,
                multiple=6,
            )
            for place, pk in enumerate(ranked)
        )
        SupplierPriceBreak.objects.bulk_create(
            SupplierPriceBreak(
                item=item, quantity=144, unit_cost=(item.unit_cost * Decimal("0.9")).quantize(Decimal("0.0001"))
            )
            for item in items[:60]
        )
        self.sold_by: Mapping[int, Sequence[SupplierItem]] = {
            supplier.pk: items[place :: len(suppliers)] for place, supplier in enumerate(suppliers)
        }
        return suppliers

    def _draft(self, supplier: Supplier, hours: float, expected_on: date) -> SupplierOrder:
        wanted = [
            inventory_services.Wanted(
                item.product_id,
                -(-int(self.waiting.get(item.product_id, 0) + BESIDE) // 6) * Decimal(6),
                expected_on=expected_on,
            )
            for item in self.sold_by[supplier.pk][:MOST_LINES]
        ]
        pk = inventory_services.draft_supplier_order(
            supplier_id=supplier.pk, warehouse_id=self.warehouse.pk, wanted=wanted, **self.buyer(hours)
        )
        return SupplierOrder.objects.get(pk=pk)

    def _send(self, supplier: Supplier, *, days_ago: int, expected_on: date) -> SupplierOrder:
        hours = 24 * days_ago
        order = self._draft(supplier, hours, expected_on)
        inventory_services.approve_supplier_orders(order_ids=[order.pk], **self.buyer(hours - 1))
        inventory_services.send_supplier_orders(order_ids=[order.pk], **self.buyer(hours - 2))
        return order

    def _receive_half(self, order: SupplierOrder) -> None:
        """Check half of the first lines in."""
        lines = list(SupplierOrderLine.objects.filter(order=order).order_by("position"))[: MOST_LINES // 2]
        homes = supply_queries.home_bins(order, {line.product_id for line in lines})
        warehouse_services.receive_goods(
            order_id=order.pk,
            arrivals=[
                inventory_services.Arrival(line.pk, homes[line.product_id].pk, Decimal(int(line.quantity / 2)))
                for line in lines
            ],
            delivery_note="LP-20417",
            **self.dock(2),
        )

    def _answer(self, order: SupplierOrder, later: date) -> None:
        """Let the supplier promise one line later than was asked."""
        line = SupplierOrderLine.objects.filter(order=order).order_by("position")[0]
        inventory_services.acknowledge_supplier_order(
            order_id=order.pk, their_number="MI-88231", dates={line.pk: later}, **self.buyer(20)
        )

    def _rules(self) -> None:
        """Give the products with the least free stock a reorder point; a third of them are below it."""
        levels = StockLevel.objects.filter(company=self.world.company, warehouse=self.warehouse)
        free = levels.annotate(free=F("sellable") - F("allocated")).filter(free__gt=6).order_by("free", "pk")
        ReorderRule.objects.bulk_create(
            ReorderRule(
                company=self.world.company,
                warehouse=self.warehouse,
                product_id=level.product_id,
                reorder_point=point,
                order_up_to=point * 3,
                safety_stock=point // 3,
            )
            for place, level in enumerate(free[:RULES])
            for point in [level.free + 6 if place % 3 == 0 else level.free // 2]
        )
