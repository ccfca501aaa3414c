"""Reads of lots: where they lie, and their trace, from whom they came and to whom they went."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

from django.db.models import F, Q, QuerySet, Sum

from core import registry
from core.models import User
from core.registry import LotStep
from inventory.models import BinStock, Lot, LotChange, Product, StockMove, StockPosting

ZERO = Decimal(0)
BINS_SHOWN = 50
# What came in otherwise than by a document that some app shows
_BY_HAND = (StockPosting.Kind.OPENING, StockPosting.Kind.ADJUSTMENT)
# What went otherwise than to a customer
_LOST = (StockPosting.Kind.SCRAP, StockPosting.Kind.RETURN_OUT)


def lots(user: User) -> QuerySet[Lot]:
    """Return the lots of the person's companies with their products."""
    rows: QuerySet[Lot] = Lot.objects.for_user(user)
    return rows.select_related("product__unit", "company")


def bins_of(product: Product, lot: Lot | None = None) -> tuple[list[BinStock], bool]:
    """Return where a product lies, or a lot of it, the first to expire first, and whether in more bins than these."""
    stocks = BinStock.objects.filter(product=product, quantity__gt=0).select_related("bin__warehouse", "lot")
    if lot is not None:
        stocks = stocks.filter(lot=lot)
    order = ("bin__warehouse__priority", "bin__warehouse__code", "bin__sequence", "bin__code", "lot__code")
    rows = list(stocks.order_by(F("lot__expires_on").asc(nulls_last=True), *order)[: BINS_SHOWN + 1])
    return rows[:BINS_SHOWN], len(rows) > BINS_SHOWN


def steps_of(lot: Lot, user: User) -> list[LotStep]:
    """Return from where units of a lot came and where they went, as each app knows it, the latest first."""
    steps = [step for steps in registry.lot_steps for step in steps(lot.pk, user)]
    moves = StockMove.objects.filter(lot=lot).filter(Q(posting__kind__in=_BY_HAND) | Q(posting__kind__in=_LOST))
    for move in moves.select_related("posting__actor"):
        steps.append(
            LotStep(
                is_out=move.to_bin_id is None,
                label=f"{move.posting.get_kind_display()} {move.posting.reference}",
                url="",
                party=str(move.posting.actor),
                quantity=move.quantity,
                at=move.posting.at,
            )
        )
    return sorted(steps, key=lambda step: (step.at is not None, step.at), reverse=True)


def changes_of(lot: Lot) -> QuerySet[LotChange]:
    """Return what was done to a lot by hand, the last first."""
    return lot.changes.select_related("actor").order_by("-pk")


def in_house(lot: Lot) -> Decimal:
    """Return how many units of a lot are in the house."""
    there: Decimal | None = BinStock.objects.filter(lot=lot).aggregate(units=Sum("quantity"))["units"]
    return there or ZERO


def days_left(lot: Lot, today: date) -> int | None:
    """Return for how many days more a lot is good, none for one that keeps."""
    return (lot.expires_on - today).days if lot.expires_on else None


def parties(steps: list[LotStep]) -> int:
    """Return how many customers have units of a lot."""
    return len(Counter(step.party for step in steps if step.is_out and step.url))
