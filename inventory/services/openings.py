"""Opening stock: what lay in the bins on the day on which the books begin, posted from a file (V3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from core import intake
from core.intake import Column, Group, ImportKind, Origin, RowResult, Totals, readers
from core.models import User
from core.money import ZERO
from core.quantities import MAX_QUANTITY, in_steps
from core.roles import require
from core.transactions import atomic
from inventory.models import Bin, Product, StockMove, StockPosting, Warehouse
from inventory.services.lasting import LotName, LotUnclear
from inventory.services.receiving import ReceiptLine, WarehouseNotReady, receive_stock

MAX_VALUE = Decimal(1_000_000_000)
COLUMNS = (
    Column("sku", "SKU", readers.code(40), "stockcode productcode itemcode item itemno article articleno product"),
    Column("warehouse", "warehouse", readers.code(20), "warehousecode site", help="The warehouse's code"),
    Column("bin", "bin", readers.code(20), "bincode location shelf", help="A pick bin of that warehouse"),
    Column(
        "quantity",
        "quantity",
        readers.number(most=MAX_QUANTITY),
        "qty onhand stock",
        writes="number",
        help="In stock units",
    ),
    Column(
        "value",
        "value",
        readers.number(may_be_zero=True, most=MAX_VALUE, places=4),
        "cost stockvalue totalvalue",
        writes="number",
        help="What the quantity cost in all, in your currency",
    ),
    Column(
        "lot",
        "lot",
        readers.optional(readers.text(40)),
        "lotnumber batch batchnumber serial serialnumber",
        is_required=False,
        help="The lot or serial number, of products that have one",
    ),
    Column(
        "good_until",
        "good until",
        readers.optional(readers.day(years_ahead=50)),
        "expires expireson expiry expirydate bestbefore",
        writes="day",
        is_required=False,
        help="The lot's last day",
    ),
)


@atomic
def open_stock(*, groups: Sequence[Group], origin: Origin, actor: User, at: datetime) -> Mapping[int, RowResult]:
    """Post rows of opening stock as one posting; each says where what lies and what it cost.

    :raises NotAllowed: where the actor may not open balances of stock.
    """
    require(actor, "inventory.open_balances")
    rows = [group.rows[0] for group in groups]
    warehouses = dict(Warehouse.objects.for_user(actor).filter(company=origin.company_id).values_list("code", "pk"))
    shelves = {
        (warehouse, code): (pk, kind)
        for warehouse, code, pk, kind in Bin.objects.filter(warehouse__in=warehouses.values()).values_list(
            "warehouse__code", "code", "pk", "kind"
        )
    }
    found = Product.objects.filter(company=origin.company_id, sku__in={row.values["sku"] for row in rows})
    products = {product.sku: product for product in found.select_related("unit")}
    results: dict[int, RowResult] = {}
    lines: list[ReceiptLine] = []
    for row in rows:
        said = row.values
        fault = _fault(said, warehouses, shelves, products)
        if fault is not None:
            results[row.number] = origin.refused(*fault)
            continue
        shelf = shelves[said["warehouse"], said["bin"]][0]
        product = products[said["sku"]]
        lot = LotName(said["lot"], said.get("good_until")) if said.get("lot") else None
        lines.append(ReceiptLine(shelf, product.pk, said["quantity"], said["value"], lot))
        results[row.number] = intake.loaded(product.pk)
    if lines:
        try:
            receive_stock(
                company_id=origin.company_id,
                lines=lines,
                kind=StockPosting.Kind.OPENING,
                reference=origin.reference,
                actor=actor,
                at=at,
            )
        except (WarehouseNotReady, LotUnclear) as refusal:
            raise intake.OpeningRefused(refusal.sentence) from refusal
    return results


def _fault(
    said: Mapping[str, Any],
    warehouses: Mapping[str, int],
    shelves: Mapping[tuple[str, str], tuple[int, str]],
    products: Mapping[str, Product],
) -> tuple[str, str] | None:
    product = products.get(said["sku"])
    if product is None:
        return "sku", f"There is no product {said['sku']}."
    if product.kind != Product.Kind.STOCK:
        return "sku", f"{product.sku} is a {product.get_kind_display().lower()} and has no stock."
    if said["warehouse"] not in warehouses:
        return (
            "warehouse",
            f"There is no warehouse {said['warehouse']}. There is {', '.join(warehouses) or 'none yet'}.",
        )
    shelf = shelves.get((said["warehouse"], said["bin"]))
    if shelf is None:
        return "bin", f"There is no bin {said['bin']} in {said['warehouse']}."
    if shelf[1] != Bin.Kind.PICK:
        return "bin", f"Bin {said['bin']} is no pick bin: opening stock goes where it is picked."
    if not in_steps(said["quantity"], product.unit.step):
        return (
            "quantity",
            f"{product.sku} is counted in steps of {product.unit.step.normalize():f} {product.unit.code}.",
        )
    if bool(said.get("lot")) != (product.tracking != Product.Tracking.NONE):
        return "lot", f"{product.sku} has no lots." if said.get("lot") else f"Say which lot of {product.sku} it is."
    if product.tracking == Product.Tracking.SERIAL and said["quantity"] != 1:
        return "quantity", "A serial number stands for one unit."
    return None


def _totals(groups: Sequence[Group]) -> Totals:
    rows = [group.rows[0].values for group in groups]
    return {
        "rows": Decimal(len(rows)),
        "units": sum((row["quantity"] for row in rows), ZERO),
        "value": sum((row["value"] for row in rows), ZERO),
    }


def _posted(import_id: int) -> Totals:
    """Return what the stock ledger says was posted for an import."""
    moves = StockMove.objects.filter(
        posting__kind=StockPosting.Kind.OPENING, posting__reference=intake.reference(import_id)
    )
    found = moves.aggregate(rows=Count("pk"), units=Sum("quantity"), value=Sum("value"))
    return {name: Decimal(total or 0) for name, total in found.items()}


OPENING_STOCK = ImportKind(
    name="opening_stock",
    label="Opening stock",
    noun="row of stock",
    noun_plural="rows of stock",
    verb="inventory.open_balances",
    columns=COLUMNS,
    key=intake.by("warehouse", "bin", "sku", "lot"),
    is_unique=True,
    load=open_stock,
    totals=_totals,
    posted=_posted,
    page="inventory:products",
    icon="stock",
    about="What lies in which bin, and what it cost. Posted whole and once, and tied out with the stock ledger.",
)
