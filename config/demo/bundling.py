"""What the wholesaler sells beside single gifts: food in lots that expire, and hampers that are kits of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.text import sort_key
from inventory import services as inventory_services
from inventory.models import Bin, BinStock, Product, StockLevel, StockPosting, Unit, Warehouse
from orders import services as orders_services
from orders.models import Customer, CustomerPO, Price, PriceList
from warehouse import services as warehouse_services

PIECES_A_LOT = Decimal(36)
# (SKU, name, price, cost, grams, lots: code, days that it is good for from today)
FOOD = [
    ("FOOD-01", "CLOTTED CREAM FUDGE 150G", "3.20", "1.35", 165, (("F2604", 24), ("F2607", 116))),
    ("FOOD-02", "ALL BUTTER SHORTBREAD TIN 300G", "5.95", "2.60", 420, (("S118", 9), ("S124", 150), ("S125", 170))),
    ("FOOD-03", "SPICED PLUM CHUTNEY 200G", "2.85", "1.10", 340, (("PC-31", 240),)),
]
# (SKU, name, price, units of each food, how many of the gift that lies there most)
HAMPERS = [
    ("HAMPER-TEA", "AFTERNOON TEA HAMPER", "16.50", {"FOOD-01": 1, "FOOD-02": 1}, 2),
    ("HAMPER-DELI", "LARDER GIFT BOX", "24.00", {"FOOD-01": 2, "FOOD-02": 1, "FOOD-03": 2}, 1),
]
# The lot in which a jar was found open
HELD = "S124"
# What the pickers of the first warehouse can send in a day: more than a day of the plan has
LINES_A_DAY = 900

By = Callable[[float], dict[str, Any]]


def sell_hampers(company_id: int, now: datetime, sales: By, dock: By) -> None:
    """Take in food, compose hampers of it, and have both ordered; the first warehouse can send so many lines a day."""
    site = Warehouse.objects.filter(company=company_id).order_by("priority")[0]
    site.lines_a_day = LINES_A_DAY
    site.save(update_fields=["lines_a_day"])
    gift = _gift(company_id, site)
    food = {sku: _made(company_id, sku, name, price, grams, "LOT") for sku, name, price, _cost, grams, _lots in FOOD}
    shelves = _empty_shelves(site, sum(len(lots) for *_food, lots in FOOD))
    _take_in(company_id, food, shelves, now, dock)
    kits = []
    for sku, name, price, foods, gifts in HAMPERS:
        kit = _made(company_id, sku, name, price, None, "NONE", kind=Product.Kind.KIT)
        units = {food[one].pk: Decimal(quantity) for one, quantity in foods.items()}
        inventory_services.keep_components(kit_id=kit.pk, units=units | {gift.pk: Decimal(gifts)}, **sales(3))
        kits.append(kit)
    _order(company_id, [*kits, *food.values()], now, sales)
    lot = BinStock.objects.filter(product=food["FOOD-02"], lot__code=HELD).values_list("lot", flat=True)[0]
    warehouse_services.hold_lot(lot_id=lot, reason="A tin of the carton came open: the supplier was asked.", **dock(1))


def _gift(company_id: int, site: Warehouse) -> Product:
    """Return the gift of which most is free on the shelf."""
    levels = StockLevel.objects.filter(company=company_id, warehouse=site, has_pools=False)
    plain = levels.filter(product__tracking=Product.Tracking.NONE, product__is_active=True)
    return plain.select_related("product").order_by("-sellable", "pk")[0].product


def _made(
    company_id: int, sku: str, name: str, price: str, grams: int | None, tracking: str, kind: str = Product.Kind.STOCK
) -> Product:
    """Make a product and its price on the list; a kit opens for orders once it consists of something."""
    product = Product.objects.create(
        company_id=company_id,
        sku=sku,
        name=name,
        sort_key=sort_key(name),
        kind=kind,
        unit=Unit.objects.filter(company=company_id).earliest("pk"),
        tracking=tracking,
        weight_g=grams,
        is_active=kind != Product.Kind.KIT,
    )
    Price.objects.create(price_list=PriceList.objects.get(company=company_id), product=product, price=Decimal(price))
    return product


def _empty_shelves(site: Warehouse, number: int) -> Sequence[Bin]:
    """Return bins of a warehouse in which nothing has ever lain, the last of the walk first."""
    used = BinStock.objects.filter(bin__warehouse=site).values("bin")
    return list(
        Bin.objects.filter(warehouse=site, kind=Bin.Kind.PICK).exclude(pk__in=used).order_by("-sequence")[:number]
    )


def _take_in(company_id: int, food: dict[str, Product], shelves: Sequence[Bin], now: datetime, dock: By) -> None:
    """Receive each lot onto a shelf of its own."""
    free = iter(shelves)
    lines = [
        inventory_services.ReceiptLine(
            next(free).pk,
            food[sku].pk,
            PIECES_A_LOT,
            PIECES_A_LOT * Decimal(cost),
            inventory_services.LotName(code, now.date() + timedelta(days=days)),
        )
        for sku, _name, _price, cost, _grams, lots in FOOD
        for code, days in lots
    ]
    inventory_services.receive_stock(
        company_id=company_id, lines=lines, kind=StockPosting.Kind.RECEIPT, reference="Larder goods", **dock(4)
    )


def _order(company_id: int, sold: Sequence[Product], now: datetime, sales: By) -> None:
    """Have the first customers order hampers and food: two orders are confirmed, of which one lacks a little."""
    customers = Customer.objects.filter(company=company_id, is_active=True, number__gt="").order_by("pk")
    wanted = [[(sold[0], 6), (sold[3], 12)], [(sold[1], 20)]]
    drafts = [
        orders_services.OrderDraft(
            customer_id=customer.pk,
            po_number=f"HAMPER-{place}",
            ordered_on=now.date(),
            requested_on=now.date() + timedelta(days=3),
            lines=[orders_services.LineDraft(product.pk, Decimal(units)) for product, units in lines],
            channel=CustomerPO.Channel.KEYED,
            source="E-mail",
        )
        for place, (customer, lines) in enumerate(zip(customers[4:6], wanted, strict=True), start=1)
    ]
    orders_services.create_and_confirm_orders(drafts=drafts, **sales(2))
