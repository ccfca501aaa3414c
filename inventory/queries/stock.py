"""Reads of one product's stock: the moves behind its figures, what it was day by day, who waits for it, its cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet

from core.registry import DocumentLink
from inventory import sql
from inventory.models import Bin, CostLayer, Demand, Product, StockMove
from inventory.queries.supply import owners_of

ZERO = Decimal(0)
MOVES_SHOWN = 25
WAITS_SHOWN = 20
LAYERS_SHOWN = 20
# What was longer ago, or before so many moves, is not drawn
DAYS_DRAWN = 90
MOVES_DRAWN = 5_000


@dataclass(frozen=True, slots=True)
class Moved:
    """A move as one warehouse sees it, or all of them: `change` is what it did to what lies there."""

    pk: int
    at: datetime
    kind: str
    reference: str
    actor: str
    origin: str
    destination: str
    quantity: Decimal
    change: Decimal


@dataclass(frozen=True, slots=True)
class Waits:
    """Units that an order waits for, and the day on which they are promised, where there is one."""

    quantity: Decimal
    due_on: date
    promised_on: date | None
    is_held: bool
    owner: DocumentLink | None


def moves_of(
    product: Product, *, warehouse_id: int | None = None, before: int | None = None
) -> tuple[list[Moved], int | None]:
    """Return the latest moves of a product, of one warehouse where that is named, and the key where older ones begin.

    :param before: only moves with smaller keys.
    """
    moves: QuerySet[StockMove] = StockMove.objects.filter(product=product, company_id=product.company_id)
    if before is not None:
        moves = moves.filter(pk__lt=before)
    if warehouse_id is not None:
        moves = moves.filter(Q(from_bin__warehouse=warehouse_id) | Q(to_bin__warehouse=warehouse_id))
    related = moves.select_related("posting__actor", "from_bin__warehouse", "to_bin__warehouse")
    rows = list(related.order_by("-pk")[: MOVES_SHOWN + 1])
    shown = rows[:MOVES_SHOWN]
    return [_moved(move, warehouse_id) for move in shown], shown[-1].pk if len(rows) > MOVES_SHOWN else None


def _moved(move: StockMove, warehouse_id: int | None) -> Moved:
    came, left = (
        place is not None and warehouse_id in (None, place.warehouse_id) for place in (move.to_bin, move.from_bin)
    )
    return Moved(
        pk=move.pk,
        at=move.posting.at,
        kind=move.posting.get_kind_display(),
        reference=move.posting.reference,
        actor=str(move.posting.actor),
        origin=_place(move.from_bin, move.get_from_place_display()),
        destination=_place(move.to_bin, move.get_to_place_display()),
        quantity=move.quantity,
        change=move.quantity * (int(came) - int(left)),
    )


def _place(place: Bin | None, outside: str) -> str:
    return f"{place.warehouse.name} {place.code}" if place else outside


def stock_by_day(product: Product, on_hand: Decimal, today: date, zone: ZoneInfo) -> list[tuple[date, Decimal]]:
    """Return what was on hand of a product at the end of days, the first of them and those on which it changed."""
    since = today - timedelta(days=DAYS_DRAWN)
    with connection.cursor() as cursor:
        cursor.execute(sql.STOCK_CHANGES, [str(zone), product.pk, MOVES_DRAWN])
        rows = cursor.fetchall()
    if sum(moves for _day, _change, moves in rows) == MOVES_DRAWN:
        since = max(since, rows[0][0])
    return levels_by_day({day: change for day, change, _moves in rows}, on_hand, since, today)


def levels_by_day(
    changes: Mapping[date, Decimal], on_hand: Decimal, since: date, today: date
) -> list[tuple[date, Decimal]]:
    """Return what there was at the end of days from what there is now and what changed on each."""
    levels: list[tuple[date, Decimal]] = []
    level = on_hand
    for day in sorted(changes, reverse=True):
        if since < day <= today:
            levels.append((day, level))
        level -= changes[day] if day > since else ZERO
    return [(since, level), *reversed(levels)]


def waits_for_product(product: Product) -> tuple[list[Waits], bool]:
    """Return who waits for a product, the most urgent first, and whether there are more than these."""
    demands: QuerySet[Demand] = Demand.objects.filter(
        product=product, company_id=product.company_id, backordered__gt=0
    ).order_by("priority", "due_on", "pk")
    rows = list(demands[: WAITS_SHOWN + 1])
    shown = rows[:WAITS_SHOWN]
    owners = owners_of({row.pk for row in shown})
    waits = [Waits(row.backordered, row.due_on, row.promised_on, row.is_held, owners.get(row.pk)) for row in shown]
    return waits, len(rows) > WAITS_SHOWN


def layers_of(product: Product) -> tuple[list[CostLayer], bool]:
    """Return what is left of its cost layers, by warehouse and in turn, and whether there are more than these."""
    rows = CostLayer.objects.filter(level__product=product, level__company=product.company_id, remaining__gt=0)
    layers = list(rows.select_related("posting", "level__warehouse").order_by("level", "pk")[: LAYERS_SHOWN + 1])
    return layers[:LAYERS_SHOWN], len(layers) > LAYERS_SHOWN
