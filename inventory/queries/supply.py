"""Reads of what is bought: suppliers, their orders with what came and who waits, and the questions that are open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from core import registry
from core.models import User
from core.refusals import Blocker
from core.registry import DocumentLink
from inventory.models import (
    Allocation,
    Bin,
    BinStock,
    BrokenPeg,
    LateCost,
    ReorderRule,
    Supplier,
    SupplierItem,
    SupplierMail,
    SupplierOrder,
    SupplierOrderLine,
)
from inventory.models.places import works_in

ZERO = Decimal(0)
Status = SupplierOrder.Status
# Whether what comes of a supplier order's line is inspected before anybody gets it
IS_INSPECTED = ExpressionWrapper(
    Q(product__is_inspected=True)
    | Exists(
        SupplierItem.objects.filter(
            supplier=OuterRef("order__supplier"), product=OuterRef("product"), is_inspected=True
        )
    ),
    output_field=BooleanField(),
)
TO_BE_INSPECTED = Blocker("to_be_inspected", "Some of what came waits for inspection: accept or reject it first.")


@dataclass(frozen=True, slots=True)
class Waits:
    """Units of one line that somebody waits for: of which document where that is known, and since when it is wanted."""

    quantity: Decimal
    due_on: date
    promised_on: date | None
    owner: DocumentLink | None


def suppliers(user: User) -> QuerySet[Supplier]:
    """Return the person's suppliers with how many items they sell and how many orders are on their way."""
    rows: QuerySet[Supplier] = Supplier.objects.for_user(user).select_related("company", "calendar")
    items = SupplierItem.objects.filter(supplier=OuterRef("pk")).order_by().values("supplier")
    orders = SupplierOrder.objects.filter(supplier=OuterRef("pk"), status__in=SupplierOrder.OPEN).order_by()
    return rows.annotate(
        items_sold=Coalesce(Subquery(items.annotate(n=Count("pk")).values("n")), 0),
        orders_open=Coalesce(Subquery(orders.values("supplier").annotate(n=Count("pk")).values("n")), 0),
    )


def items_of(supplier: Supplier) -> QuerySet[SupplierItem]:
    """Return what a supplier sells."""
    rows: QuerySet[SupplierItem] = SupplierItem.objects.filter(supplier=supplier).select_related("product")
    return rows


def reorder_rules(user: User) -> QuerySet[ReorderRule]:
    """Return when the person's warehouses want more of what."""
    rows: QuerySet[ReorderRule] = ReorderRule.objects.for_user(user)
    return rows.select_related("product__unit", "warehouse")


def supplier_orders(user: User, today: date) -> QuerySet[SupplierOrder]:
    """Return the person's supplier orders with `is_late`, their figures and their cost."""
    rows: QuerySet[SupplierOrder] = SupplierOrder.objects.for_user(user)
    late = SupplierOrderLine.objects.filter(order=OuterRef("pk"), open__gt=0, expected_on__lt=today)
    mails = SupplierMail.objects.filter(order=OuterRef("pk")).order_by("-pk")
    lines = SupplierOrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    return rows.select_related("supplier", "warehouse", "company").annotate(
        is_late=Exists(late),
        mail=Subquery(mails.values("status")[:1]),
        line_count=Coalesce(Subquery(lines.annotate(n=Count("pk")).values("n")), 0),
        cost=Coalesce(Subquery(lines.annotate(n=Sum(F("quantity") * F("unit_cost"))).values("n")), Value(ZERO)),
    )


def lines_of_order(order: SupplierOrder) -> list[Any]:
    """Return an order's lines with their products, and `waits`: who waits for each, the most urgent first.

    What comes of those that have `is_inspected` goes into quarantine.

    `most` is what of a line may still come, within its tolerance, and `to_come` what should.
    """
    lines: list[Any] = list(
        SupplierOrderLine.objects.filter(order=order)
        .annotate(is_inspected=IS_INSPECTED)
        .select_related("product__unit")
        .order_by("position")
    )
    waiting = waits_for({line.pk for line in lines})
    for line in lines:
        line.waits = waiting.get(line.pk, [])
        line.pegged = sum((one.quantity for one in line.waits), ZERO)
        line.free = line.open - line.pegged
        line.cost = line.quantity * line.unit_cost
        came = line.received + line.inspecting
        line.most = max(line.quantity * (100 + line.over_percent) / 100 - line.cancelled - came, ZERO)
        line.to_come = max(line.open - line.inspecting, ZERO)
    return lines


def waits_for(line_ids: Collection[int]) -> dict[int, list[Waits]]:
    """Return by line who is pegged to it, the most urgent first."""
    pegs = Allocation.objects.filter(supply__in=line_ids, status=Allocation.Status.SOFT).select_related("demand")
    rows = list(pegs.order_by("demand__priority", "demand__due_on", "demand_id", "pk"))
    owners = owners_of({row.demand_id for row in rows})
    found: dict[int, list[Waits]] = defaultdict(list)
    for row in rows:
        assert row.supply_id is not None
        found[row.supply_id].append(
            Waits(row.quantity, row.demand.due_on, row.demand.promised_on, owners.get(row.demand_id))
        )
    return found


def owners_of(demand_ids: Collection[int]) -> dict[int, DocumentLink]:
    """Return the documents that placed demands, as the apps above name them."""
    owners: dict[int, DocumentLink] = {}
    for named in registry.demand_owners if demand_ids else ():
        owners.update(named(demand_ids))
    return owners


def broken_pegs(user: User) -> QuerySet[BrokenPeg]:
    """Return the questions of the person's companies with what they are about."""
    rows: QuerySet[BrokenPeg] = BrokenPeg.objects.for_user(user)
    mine = rows.filter(works_in(user, "supply__order__warehouse"))
    return mine.select_related("supply__order__supplier", "supply__product__unit", "demand", "answered_by")


def blockers(order: SupplierOrder, verb: str, user: User) -> list[Blocker]:
    """Return why a verb cannot be done to a supplier order; the service looks again under its lock."""
    allowed: dict[str, list[str]] = {
        "approve": [Status.DRAFT],
        "edit": [Status.DRAFT],
        "send": [Status.APPROVED],
        "mail": [Status.APPROVED, *SupplierOrder.OPEN],
        "answer": [*SupplierOrder.OPEN],
        "receive": [*SupplierOrder.OPEN],
        "cancel": [Status.DRAFT, Status.APPROVED, Status.SENT, Status.ACKNOWLEDGED],
        "close": [Status.PART_RECEIVED, Status.RECEIVED],
    }
    if verb == "close" and SupplierOrderLine.objects.filter(order=order, inspecting__gt=0).exists():
        return [TO_BE_INSPECTED]
    if order.status in allowed[verb]:
        return []
    return [Blocker("supplier_order_state", f"{order} is {order.get_status_display().lower()}.")]


def tabs(today: date) -> dict[str, Q]:
    """Return the states by which supplier orders are worked through."""
    on_its_way = Q(status__in=[Status.SENT, Status.ACKNOWLEDGED])
    return {
        "draft": Q(status__in=[Status.DRAFT, Status.APPROVED]),
        "sent": on_its_way & Q(is_late=False),
        "late": Q(status__in=SupplierOrder.OPEN, is_late=True),
        "part": Q(status=Status.PART_RECEIVED, is_late=False),
        "done": Q(status__in=[Status.RECEIVED, Status.CLOSED, Status.CANCELLED]),
    }


def paper(order: SupplierOrder) -> dict[str, Any]:
    """Return what a supplier order prints as it stands."""
    company, supplier, warehouse = order.company, order.supplier, order.warehouse
    return {
        "number": order.number,
        "company_id": company.pk,
        "ordered_on": order.created_at.astimezone(company.zone).date().isoformat(),
        "is_draft": order.status in (Status.DRAFT, Status.APPROVED),
        "buyer": {"name": company.name, "address": company.address.splitlines(), "email": company.email},
        "logo": company.logo_id,
        "supplier": {
            "name": supplier.name,
            "address": supplier.address.splitlines(),
            "language": supplier.language,
        },
        "deliver_to": {"name": warehouse.name, "address": warehouse.address.splitlines()},
        "currency": company.currency,
        "lines": [
            {
                "position": line.position,
                "part_number": line.part_number,
                "sku": line.product.sku,
                "description": line.product.name,
                "quantity": str(line.quantity - line.cancelled),
                "unit": line.product.unit.name,
                "unit_cost": str(line.unit_cost),
                "cost": str((line.quantity - line.cancelled) * line.unit_cost),
                "expected_on": line.expected_on.isoformat(),
            }
            for line in SupplierOrderLine.objects.filter(order=order).select_related("product__unit")
            if line.quantity > line.cancelled
        ],
    }


def mails_of(order: SupplierOrder) -> QuerySet[SupplierMail]:
    """Return the e-mails by which an order went to its supplier, or was to go, the last first."""
    return order.mails.select_related("asked_by")


def late_costs_of(order: SupplierOrder) -> QuerySet[LateCost]:
    """Return what an order's goods cost besides, with `to_stock` and `to_issued`, the last first."""
    costs = order.late_costs.select_related("actor").order_by("-pk")
    return costs.annotate(to_stock=Sum("shares__to_stock"), to_issued=Sum("shares__to_issued"))


def paper_to_send(mail_id: int) -> dict[str, Any] | None:
    """Return what an order prints that is on its way to its supplier by e-mail; nothing where none is any more."""
    mails = SupplierMail.objects.filter(pk=mail_id, status=SupplierMail.Status.QUEUED)
    mail = mails.select_related("order__company", "order__supplier", "order__warehouse").first()
    return None if mail is None else {**paper(mail.order), "is_draft": False}


def home_bins(order: SupplierOrder, product_ids: Collection[int]) -> dict[int, Bin]:
    """Return by product the shelf of an order's warehouse on which it lies, the first shelf where it lies on none."""
    return home_bins_of(order.warehouse_id, product_ids)


def home_bins_of(warehouse_id: int, product_ids: Collection[int]) -> dict[int, Bin]:
    """Return by product the shelf of a warehouse on which it lies, the first shelf where it lies on none."""
    shelves = Bin.objects.filter(warehouse=warehouse_id, kind=Bin.Kind.PICK).order_by("sequence", "code", "pk")
    stocks = BinStock.objects.filter(
        product__in=product_ids, bin__warehouse=warehouse_id, bin__kind=Bin.Kind.PICK, quantity__gt=0
    ).select_related("bin")
    first = shelves.first()
    homes = dict.fromkeys(product_ids, first) if first else {}
    for stock in stocks.order_by("-bin__sequence", "-bin__code", "-pk"):
        homes[stock.product_id] = stock.bin
    return homes


def shelf_of(order: SupplierOrder, code: str) -> Bin | None:
    """Return the shelf of an order's warehouse that has a code."""
    return Bin.objects.filter(warehouse=order.warehouse_id, code__iexact=code.strip(), kind=Bin.Kind.PICK).first()
