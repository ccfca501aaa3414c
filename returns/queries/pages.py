"""Reads of returns' pages: the queue, one return with how far its units are, and what an order's page shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.urls import reverse

from core.models import User
from core.money import ZERO
from core.registry import DocumentLink
from inventory.models import Bin
from returns.models import (
    QuarantineExit,
    ReturnDisposition,
    ReturnInspection,
    ReturnLine,
    ReturnOrder,
    ReturnReceiptLine,
    ReturnSettlement,
)

Status = ReturnOrder.Status
RECEIVABLE = (Status.AUTHORIZED, Status.RECEIVED, Status.INSPECTED, Status.DECIDED)
# Those that are not of what the carrier lost
CAN_RECEIVE = Q(status__in=RECEIVABLE) & (Q(kind=ReturnOrder.Kind.CUSTOMER) | Q(is_blind=True))
_STATE_TONES = {
    Status.REQUESTED: "waiting",
    Status.AUTHORIZED: "going",
    Status.RECEIVED: "waiting",
    Status.INSPECTED: "waiting",
    Status.DECIDED: "waiting",
    Status.SETTLED: "done",
}


def returns(user: User) -> QuerySet[ReturnOrder]:
    """Return the returns of the person's companies, with what a row and a page show of them."""
    return ReturnOrder.objects.for_user(user).select_related(
        "company", "order__customer", "warehouse", "shipment", "requested_by", "authorized_by"
    )


@dataclass(frozen=True, slots=True)
class Units:
    """How many units of a return were authorized, came, were graded and went on."""

    authorized: Decimal = ZERO
    received: Decimal = ZERO
    inspected: Decimal = ZERO
    disposed: Decimal = ZERO
    lost: Decimal = ZERO


def units_of(return_ids: Collection[int]) -> dict[int, Units]:
    """Return how far the units of returns are. One statement."""
    rows = ReturnLine.objects.filter(return_order__in=return_ids).order_by().values("return_order")
    totals = rows.annotate(
        authorized_=Sum("authorized"),
        received_=Sum("received"),
        inspected_=Sum("inspected"),
        disposed_=Sum("disposed"),
        lost_=Sum("lost"),
    )
    return {
        row["return_order"]: Units(
            row["authorized_"], row["received_"], row["inspected_"], row["disposed_"], row["lost_"]
        )
        for row in totals
    }


@dataclass(slots=True)
class PartOfReturn:
    """One item of a return, over all deliveries that it left with."""

    part_id: int
    order_line_id: int
    position: int
    sku: str
    gtin: str
    description: str
    unit: str
    step: Decimal
    authorized: Decimal = ZERO
    short: Decimal = ZERO
    received: Decimal = ZERO
    inspected: Decimal = ZERO
    disposed: Decimal = ZERO
    sent_back: Decimal = ZERO
    lost: Decimal = ZERO
    awaited: Decimal = ZERO
    graded: dict[str, Decimal] = field(default_factory=dict)
    undecided: dict[str, Decimal] = field(default_factory=dict)
    quarantined: Decimal = ZERO

    @property
    def waiting(self) -> Decimal:
        """The units that came and have no grade yet."""
        return self.received - self.inspected

    @property
    def over(self) -> Decimal:
        """The units that came beyond what was authorized."""
        return max(self.received - self.authorized, ZERO)

    @property
    def grades(self) -> list[tuple[str, Decimal]]:
        """The grades that were given, in their order."""
        return sorted(self.graded.items())


def parts_of_return(row: ReturnOrder) -> list[PartOfReturn]:
    """Return the items of a return in the order of its order's lines. Two statements."""
    lines = ReturnLine.objects.filter(return_order=row).select_related("part__line", "product__unit")
    found: dict[int, PartOfReturn] = {}
    part_of: dict[int, PartOfReturn] = {}
    for line in sorted(lines, key=lambda line: (line.part.line.position, line.part_id, line.pk)):
        part = found.setdefault(
            line.part_id,
            PartOfReturn(
                part_id=line.part_id,
                order_line_id=line.part.line_id,
                position=line.part.line.position,
                sku=line.product.sku,
                gtin=line.product.gtin,
                description=line.part.line.description
                if line.part.product_id == line.part.line.product_id
                else line.product.name,
                unit=line.product.unit.code,
                step=line.product.unit.step,
            ),
        )
        part_of[line.pk] = part
        for name in ("authorized", "short", "received", "inspected", "disposed", "sent_back", "lost", "quarantined"):
            setattr(part, name, getattr(part, name) + getattr(line, name))
        part.awaited += max(line.authorized - line.short - line.received, ZERO)
    given = ReturnInspection.objects.filter(line__in=part_of).order_by("pk")
    for line_id, grade, quantity, disposed in given.values_list("line_id", "grade", "quantity", "disposed"):
        part = part_of[line_id]
        part.graded[grade] = part.graded.get(grade, ZERO) + quantity
        if quantity > disposed:
            part.undecided[grade] = part.undecided.get(grade, ZERO) + quantity - disposed
    return list(found.values())


def facts_of_return(row: ReturnOrder) -> list[ReturnReceiptLine]:
    """Return what arrived otherwise than authorized: over, short and wrong items, the latest first."""
    facts = ReturnReceiptLine.objects.filter(receipt__return_order=row).exclude(fact="AS_AUTHORIZED")
    return list(facts.select_related("receipt__received_by", "line__product__unit").order_by("-pk"))


def dispositions_of_return(row: ReturnOrder) -> list[ReturnDisposition]:
    """Return where units went, the latest first."""
    gone = ReturnDisposition.objects.filter(inspection__line__return_order=row)
    return list(gone.select_related("inspection__line__product__unit", "bin", "decided_by").order_by("-pk"))


def exits_of_return(row: ReturnOrder) -> list[QuarantineExit]:
    """Return what left quarantine, the latest first."""
    gone = QuarantineExit.objects.filter(line__return_order=row)
    return list(gone.select_related("line__product__unit", "bin", "decided_by").order_by("-pk"))


def shelf_of(row: ReturnOrder, code: str) -> Bin | None:
    """Return the shelf of a return's warehouse that has a code."""
    return Bin.objects.filter(warehouse=row.warehouse_id, code__iexact=code.strip(), kind=Bin.Kind.PICK).first()


def settlement_of(row: ReturnOrder) -> ReturnSettlement | None:
    """Return how a return was settled, with its credit notes and refunds."""
    found = ReturnSettlement.objects.filter(return_order=row).select_related("exchange", "settled_by")
    return found.prefetch_related("credits__credit_note", "credits__refund").first()


def returns_of_order(order_id: int, user: User) -> list[ReturnOrder]:
    """Return an order's returns to the person's warehouses, with how many units were authorized, came and were lost."""
    found = (
        ReturnOrder.objects.for_user(user)
        .filter(order=order_id)
        .annotate(authorized=Sum("lines__authorized"), received=Sum("lines__received"), lost=Sum("lines__lost"))
        .order_by("pk")
    )
    return list(found)


def order_panel(order_id: int, user: User, _at: datetime) -> dict[str, Any]:
    """Return what returns shows on an order's page."""
    found = returns_of_order(order_id, user)
    documents = [
        DocumentLink(
            "Returns",
            row.number,
            reverse("returns:return", args=[row.pk]),
            row.get_status_display().lower(),
            _STATE_TONES.get(Status(row.status), "neutral"),
        )
        for row in found
    ]
    return {"returns": found, "documents": documents}


IS_OPEN = Q(status__in=ReturnOrder.OPEN)
IS_QUARANTINED = Q(Exists(ReturnLine.objects.filter(return_order=OuterRef("pk"), quarantined__gt=0)))


def sent_back(shipment_ids: Collection[int]) -> set[int]:
    """Return of which shipments customers sent goods back."""
    came = ReturnLine.objects.filter(
        shipment_line__shipment__in=shipment_ids, return_order__kind=ReturnOrder.Kind.CUSTOMER, received__gt=0
    )
    return set(came.values_list("shipment_line__shipment_id", flat=True))


def open_returns() -> QuerySet[ReturnOrder]:
    """Return the returns with which somebody still has work."""
    return ReturnOrder.objects.filter(IS_OPEN)
