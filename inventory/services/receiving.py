"""Stock that comes in: receipts and opening stock, posted with their value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from core import bulk
from core.models import User
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory import sql
from inventory.models import Bin, Inspection, Product, StockLevel, StockMove, StockPosting, Warehouse
from inventory.services.lasting import LotName, block_arrivals, check_serials, ensure_lots
from inventory.services.layering import Layers
from inventory.services.posting import Place, add_bin_stock, ensure_bin_stock, post

# From where goods come, by the kind of posting; from the supplier where it is none of these
_FROM = {
    StockPosting.Kind.OPENING: StockMove.Place.ADJUSTMENT,
    StockPosting.Kind.TRANSFER: StockMove.Place.TRANSIT,
}


class WarehouseNotReady(Refused):
    """A warehouse cannot take stock yet."""

    code = "warehouse_not_ready"


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """Units of a product that go into a bin, with their whole cost in company currency, and of which lot they are.

    `supply_id` is the supplier's line that brings them, if one does. Those to be inspected go into quarantine.
    """

    bin_id: int
    product_id: int
    quantity: Decimal
    value: Decimal
    lot: LotName | None = None
    supply_id: int | None = None
    to_inspect: bool = False


@atomic
def receive_stock(
    *,
    company_id: int,
    lines: Sequence[ReceiptLine],
    kind: StockPosting.Kind,
    reference: str,
    actor: User,
    at: datetime,
) -> int:
    """Post stock into PICK bins, sellable at once, and return the posting's id.

    The level's value grows by what came in, which is a layer where the first in go first (PRODUCT.md rule 12). What is
    to be inspected goes into quarantine instead: nobody can be promised it, and it keeps the cost it came with.

    :raises NotAllowed: where the actor may not receive.
    :raises WarehouseNotReady: where a bin is none of the company for such goods, or its warehouse has no tote.
    :raises Blocked: where a product is not the company's, or its lot is not clear.
    """
    require(actor, "inventory.receive")
    bins_of_company = Bin.objects.filter(
        pk__in={line.bin_id for line in lines},
        warehouse__in=Warehouse.objects.for_user(actor).filter(company=company_id),
        kind__in=[Bin.Kind.PICK, Bin.Kind.QUARANTINE],
    )
    places = {place.pk: place for place in bins_of_company}
    if any(line.bin_id not in places or _lies_in(line) != places[line.bin_id].kind for line in lines):
        raise WarehouseNotReady("Goods can be received into pick bins of your own company only.")
    warehouses = {place.warehouse_id for place in places.values()}
    with_tote = set(
        Bin.objects.filter(warehouse__in=warehouses, kind=Bin.Kind.TOTE).values_list("warehouse_id", flat=True)
    )
    if warehouses - with_tote:
        raise WarehouseNotReady(
            "A warehouse needs a bin of the kind tote before it takes stock: picked goods go there."
        )
    products = [line.product_id for line in lines]
    tracking = dict(Product.objects.filter(company=company_id, pk__in=products).values_list("pk", "tracking"))
    if len(tracking) != len(set(products)):
        raise Blocked("Products of your own company can be received only.")
    lots = ensure_lots(company_id, [(line.product_id, line.lot) for line in lines], tracking)
    bins = [line.bin_id for line in lines]
    with connection.cursor() as cursor:
        cursor.execute(sql.ENSURE_LEVELS, [company_id, [places[pk].warehouse_id for pk in bins], products])
    ensure_bin_stock(zip(bins, products, lots, strict=True))
    levels = {
        (level.warehouse_id, level.product_id): level.pk
        for level in StockLevel.objects.filter(
            company_id=company_id, product_id__in=set(products), warehouse_id__in=warehouses
        )
    }
    level_changes: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    bin_changes: dict[Place, Decimal] = defaultdict(Decimal)
    layers = Layers(list(levels.values()))
    for line, lot_id in zip(lines, lots, strict=True):
        level_id = levels[places[line.bin_id].warehouse_id, line.product_id]
        change = level_changes[level_id]
        change["value"] += line.value
        if line.to_inspect:
            change["blocked"] += line.quantity
            change["blocked_value"] += line.value
        else:
            change["sellable"] += line.quantity
            layers.add(level_id, line.quantity, line.value, supply_id=line.supply_id)
        bin_changes[line.bin_id, line.product_id, lot_id] += line.quantity
    bulk.add(StockLevel, level_changes)
    add_bin_stock(quantities=bin_changes, allocated={})
    if any(lots):
        check_serials(lots)
        block_arrivals(bin_changes)
    source = _FROM.get(kind, StockMove.Place.SUPPLIER)
    posting_id = post(
        StockPosting(company_id=company_id, kind=kind, reference=reference, actor=actor, at=at),
        [
            StockMove(
                product_id=line.product_id,
                lot_id=lot_id,
                from_place=source,
                to_place=StockMove.Place.BIN,
                to_bin_id=line.bin_id,
                quantity=line.quantity,
                value=line.value,
            )
            for line, lot_id in zip(lines, lots, strict=True)
        ],
    )
    layers.save(posting_id)
    bulk.insert(
        [
            Inspection(
                company_id=company_id,
                warehouse_id=places[line.bin_id].warehouse_id,
                line_id=line.supply_id or 0,
                product_id=line.product_id,
                lot_id=lot_id,
                bin_id=line.bin_id,
                posting_id=posting_id,
                quantity=line.quantity,
                value=line.value,
                arrived_at=at,
            )
            for line, lot_id in zip(lines, lots, strict=True)
            if line.to_inspect
        ]
    )
    return posting_id


def _lies_in(line: ReceiptLine) -> Bin.Kind:
    return Bin.Kind.QUARANTINE if line.to_inspect else Bin.Kind.PICK
