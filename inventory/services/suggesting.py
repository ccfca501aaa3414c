"""What should be bought: products that orders lack and products below their reorder point, with how it was reckoned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

from core import bulk
from inventory import sql
from inventory.decide import Terms, to_buy
from inventory.models import Product, ReorderRule, SupplierItem, Warehouse
from inventory.services.supplying import brings_on

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Units of a product to be bought for a warehouse, from whom where somebody sells it, and the figures behind it.

    `short` is what orders lack that nothing on its way or in a draft covers; `free`, `inbound` and `drafts` are what
    the warehouse has for nobody, what comes in time for nobody, and what stands in drafts.
    """

    product: Product
    warehouse: Warehouse
    item: SupplierItem | None
    quantity: Decimal
    short: Decimal
    free: Decimal
    inbound: Decimal
    drafts: Decimal
    rule: ReorderRule | None

    @property
    def key(self) -> str:
        """By what a form names it."""
        return f"{self.product.pk}-{self.warehouse.pk}"

    @property
    def cost(self) -> Decimal | None:
        """What it costs at the item's usual price."""
        return None if self.item is None else self.quantity * self.item.unit_cost


@dataclass(slots=True)
class _Place:
    free: Decimal = ZERO
    drafts: Decimal = ZERO


def suggestions(*, company_ids: Collection[int], today: date) -> list[Suggestion]:
    """Return what should be bought in companies, product by product; what stands in drafts counts as bought."""
    homes: dict[int, Warehouse] = {}
    warehouses: dict[int, Warehouse] = {}
    for warehouse in Warehouse.objects.filter(company__in=company_ids).order_by("priority", "code", "pk"):
        homes.setdefault(warehouse.company_id, warehouse)
        warehouses[warehouse.pk] = warehouse
    lacking = _lacking(company_ids)
    rules: dict[int, dict[int, ReorderRule]] = defaultdict(dict)
    for rule in ReorderRule.objects.filter(company__in=company_ids):
        rules[rule.product_id][rule.warehouse_id] = rule
    product_ids = lacking.keys() | rules.keys()
    places, coming = _places(product_ids), _coming(product_ids)
    items = _first_choices(product_ids)
    found = []
    for product in Product.objects.filter(pk__in=product_ids).select_related("unit").order_by("sku", "pk"):
        home, item, rules_of = homes.get(product.company_id), items.get(product.pk), rules[product.pk]
        stock, inbound_to = places[product.pk], coming[product.pk]
        waits_for_all = lacking.get(product.pk, ZERO)
        covered = sum((place.drafts for place in stock.values()), ZERO)
        covered += sum((units for days in inbound_to.values() for _day, units in days), ZERO)
        wanted_in = rules_of.keys() | ({home.pk} if home is not None and waits_for_all else set())
        horizon = today if item is None else brings_on(item.supplier, item, today)
        for warehouse_id in sorted(wanted_in, key=lambda pk: (warehouses[pk].priority, pk)):
            place, rule = stock[warehouse_id], rules_of.get(warehouse_id)
            inbound = sum((units for day, units in inbound_to[warehouse_id] if day <= horizon), ZERO)
            waits = waits_for_all if home is not None and warehouse_id == home.pk else ZERO
            short = max(waits - covered, ZERO)
            quantity = to_buy(
                short=short,
                projected=place.free + inbound + place.drafts - waits,
                reorder_point=rule.reorder_point if rule else None,
                order_up_to=rule.order_up_to if rule else None,
                terms=Terms(item.minimum, item.multiple) if item else Terms(ZERO, product.unit.step),
            )
            if quantity:
                found.append(
                    Suggestion(
                        product,
                        warehouses[warehouse_id],
                        item,
                        quantity,
                        short,
                        place.free,
                        inbound,
                        place.drafts,
                        rule,
                    )
                )
    return found


def _first_choices(product_ids: Collection[int]) -> dict[int, SupplierItem]:
    """Return by product the item of the supplier who is asked first."""
    items = SupplierItem.objects.filter(product__in=product_ids, supplier__is_active=True)
    found: dict[int, SupplierItem] = {}
    for item in items.select_related("supplier__calendar", "supplier__company").order_by("rank", "unit_cost", "pk"):
        found.setdefault(item.product_id, item)
    return found


def _lacking(company_ids: Collection[int]) -> dict[int, Decimal]:
    """Return by product what demands wait for that no supplier is to bring."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LACKING, [bulk.array(company_ids)])
        return dict(cursor.fetchall())


def _places(product_ids: Collection[int]) -> defaultdict[int, defaultdict[int, _Place]]:
    """Return by product and warehouse what is free there and what stands in drafts."""
    found: defaultdict[int, defaultdict[int, _Place]] = defaultdict(lambda: defaultdict(_Place))
    with connection.cursor() as cursor:
        cursor.execute(sql.FREE_AND_DRAFTED, [bulk.array(product_ids)])
        for product_id, warehouse_id, free, drafts in cursor.fetchall():
            found[product_id][warehouse_id] = _Place(free, drafts)
    return found


def _coming(product_ids: Collection[int]) -> defaultdict[int, defaultdict[int, list[tuple[date, Decimal]]]]:
    """Return by product and warehouse what comes that nobody was promised, by day."""
    found: defaultdict[int, defaultdict[int, list[tuple[date, Decimal]]]] = defaultdict(lambda: defaultdict(list))
    with connection.cursor() as cursor:
        cursor.execute(sql.FREE_INBOUND, [bulk.array(product_ids)])
        for product_id, warehouse_id, day, units in cursor.fetchall():
            found[product_id][warehouse_id].append((day, units))
    return found
