"""Reads of transfers: the queue, and one with its lines and who waits for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from core.models import User
from core.refusals import Blocker
from inventory.models import Allocation, Bin, Product, StockMove, Transfer, TransferLine
from inventory.queries.supply import Waits, home_bins_of, owners_of

ZERO = Decimal(0)
Status = Transfer.Status


def transfers(user: User, today: date) -> QuerySet[Transfer]:
    """Return the transfers from and to the warehouses in which a person works, with `is_late` and their figures."""
    rows: QuerySet[Transfer] = Transfer.objects.for_user(user)
    lines = TransferLine.objects.filter(transfer=OuterRef("pk")).order_by().values("transfer")
    late = ExpressionWrapper(Q(status__in=Transfer.OPEN, expected_on__lt=today), output_field=BooleanField())
    return rows.select_related("from_warehouse", "to_warehouse", "company", "created_by").annotate(
        is_late=late,
        line_count=Coalesce(Subquery(lines.annotate(n=Count("pk")).values("n")), 0),
        units=Subquery(lines.annotate(n=Sum(Coalesce("sent", "quantity"))).values("n")),
    )


def tabs(today: date) -> dict[str, Q]:
    """Return the states by which transfers are worked through."""
    return {
        "draft": Q(status=Status.DRAFT),
        "sent": Q(status__in=Transfer.TRAVELS, is_late=False),
        "late": Q(is_late=True),
        "done": Q(status__in=[Status.RECEIVED, Status.CANCELLED]),
    }


def blockers(transfer: Transfer, verb: str) -> list[Blocker]:
    """Return why a verb cannot be done to a transfer; the service looks again under its lock."""
    allowed: dict[str, Sequence[str]] = {
        "send": [Status.DRAFT],
        "cancel": [Status.DRAFT],
        "date": Transfer.OPEN,
        "receive": Transfer.TRAVELS,
    }
    if transfer.status in allowed[verb]:
        return []
    return [Blocker("transfer_state", f"{transfer} is {transfer.get_status_display().lower()}.")]


def lines_of(transfer: Transfer) -> list[Any]:
    """Return a transfer's lines with their products, and `waits`: who waits for each, the most urgent first.

    `kept` is what a draft's line still has to send, `free` what is for nobody yet.
    """
    rows = TransferLine.objects.filter(transfer=transfer).select_related("product__unit", "lot", "kept_by")
    lines: list[Any] = list(rows.order_by("position"))
    waiting = _waits_for({line.pk for line in lines})
    for line in lines:
        line.waits = waiting.get(line.pk, [])
        line.free = line.open - sum((one.quantity for one in line.waits), ZERO)
        line.kept = line.kept_by.allocated if line.sent is None else ZERO
        line.most = line.to_come = line.open
    return lines


def _waits_for(line_ids: Collection[int]) -> dict[int, list[Waits]]:
    pegs = Allocation.objects.filter(transfer_line__in=line_ids, status=Allocation.Status.SOFT)
    rows = list(pegs.select_related("demand").order_by("demand__priority", "demand__due_on", "demand_id", "pk"))
    owners = owners_of({row.demand_id for row in rows})
    found: dict[int, list[Waits]] = defaultdict(list)
    for row in rows:
        wait = Waits(row.quantity, row.demand.due_on, row.demand.promised_on, owners.get(row.demand_id))
        found[row.transfer_line_id or 0].append(wait)
    return found


def moves_of(transfer: Transfer) -> QuerySet[StockMove]:
    """Return the moves that took a transfer's goods on their way and off it, the first first."""
    moves = StockMove.objects.filter(posting__in=transfer.postings.values("posting")).filter(
        Q(to_place=StockMove.Place.TRANSIT) | Q(from_place=StockMove.Place.TRANSIT)
    )
    related = moves.select_related("posting__actor", "product__unit", "lot", "to_bin", "from_bin")
    return related.order_by("pk")


def homes(transfer: Transfer, product_ids: Collection[int]) -> dict[int, Bin]:
    """Return by product the shelf on which it lies where the transfer arrives."""
    return home_bins_of(transfer.to_warehouse_id, product_ids)


def shelf_of(transfer: Transfer, code: str) -> Bin | None:
    """Return the shelf of a code where the transfer arrives."""
    shelves = Bin.objects.filter(warehouse=transfer.to_warehouse_id, kind=Bin.Kind.PICK)
    return shelves.filter(code__iexact=code.strip()).first()


def by_code(user: User, codes: Collection[str]) -> dict[str, Product]:
    """Return stock of the person's company by its SKU or GTIN, as these were typed or scanned."""
    wanted = {code.upper() for code in codes}
    rows = Product.objects.filter(company=user.company, kind=Product.Kind.STOCK).filter(
        Q(sku__in=wanted | set(codes)) | Q(gtin__in=wanted)
    )
    found: dict[str, Product] = {}
    for product in rows.select_related("unit"):
        found[product.sku.upper()] = product
        if product.gtin:
            found[product.gtin] = product
    return found
