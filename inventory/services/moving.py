"""Stock that moves for an order: from the shelf into the tote, and out of the house at its cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from core import bulk
from core.models import User
from core.money import spread
from core.transactions import atomic
from inventory import sql
from inventory.models import StockLevel, StockMove, StockPosting
from inventory.services.choosing import BinPick
from inventory.services.layering import take_first_in
from inventory.services.posting import add_bin_stock, change_allocations, post, sums


@dataclass(frozen=True, slots=True)
class StockIssue:
    """Units of one allocation that leave the house out of one tote."""

    allocation_id: int
    demand_id: int
    level_id: int
    product_id: int
    tote_id: int
    quantity: Decimal
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """The posting of an issue, and the cost of each line in company currency, in the order of the issues."""

    posting_id: int
    costs: tuple[Decimal, ...]


@atomic
def pick_allocations(
    *,
    company_id: int,
    picks: Sequence[BinPick],
    reference: str,
    actor: User,
    at: datetime,
    kind: StockPosting.Kind = StockPosting.Kind.PICK,
) -> int:
    """Move released stock from its bins into totes and return the posting's id.

    Sellable and allocated fall, staged rises.

    :raises StockMoved: where an allocation is no longer released for as much, or a bin does not hold it.
    """
    change_allocations(sql.PICK_ALLOCATIONS, picks)
    bulk.add(
        StockLevel,
        {
            level_id: {"sellable": -quantity, "allocated": -quantity, "staged": quantity}
            for level_id, quantity in sums((pick.level_id, pick.quantity) for pick in picks).items()
        },
    )
    out = sums(((pick.bin_id, pick.product_id, pick.lot_id), -pick.quantity) for pick in picks)
    into = sums(((pick.tote_id, pick.product_id, pick.lot_id), pick.quantity) for pick in picks)
    add_bin_stock(quantities={**out, **into}, allocated=out)
    return post(
        StockPosting(company_id=company_id, kind=kind, reference=reference, actor_id=actor.pk, at=at),
        [
            StockMove(
                product_id=pick.product_id,
                lot_id=pick.lot_id,
                from_place=StockMove.Place.BIN,
                from_bin_id=pick.bin_id,
                to_place=StockMove.Place.BIN,
                to_bin_id=pick.tote_id,
                quantity=pick.quantity,
            )
            for pick in picks
        ],
    )


@atomic
def issue_allocations(
    *,
    company_id: int,
    issues: Sequence[StockIssue],
    places: int,
    reference: str,
    actor: User,
    at: datetime,
    kind: StockPosting.Kind = StockPosting.Kind.ISSUE,
    to: StockMove.Place = StockMove.Place.CUSTOMER,
) -> Issued:
    """Move picked stock out once, to the customer or elsewhere, at its cost with `places` decimals.

    :raises StockMoved: where an allocation has not as much picked and not yet issued; nothing was moved.
    """
    change_allocations(sql.CONSUME_ALLOCATIONS, issues)
    by_level = sums((issue.level_id, issue.quantity) for issue in issues)
    with connection.cursor() as cursor:
        cursor.execute(sql.ISSUE_LEVELS, [bulk.array(by_level), bulk.array(by_level.values()), places])
        found: list[tuple[int, Decimal | None]] = cursor.fetchall()
    cost_of_level = {level_id: cost for level_id, cost in found if cost is not None}
    first_in = {level_id: by_level[level_id] for level_id, cost in found if cost is None}
    if first_in:
        cost_of_level |= take_first_in(first_in, places)
    costs = _shares(issues, cost_of_level, places)
    out = sums(((issue.tote_id, issue.product_id, issue.lot_id), -issue.quantity) for issue in issues)
    add_bin_stock(quantities=out, allocated={})
    posting_id = post(
        StockPosting(company_id=company_id, kind=kind, reference=reference, actor_id=actor.pk, at=at),
        [
            StockMove(
                product_id=issue.product_id,
                lot_id=issue.lot_id,
                from_place=StockMove.Place.BIN,
                from_bin_id=issue.tote_id,
                to_place=to,
                quantity=issue.quantity,
                value=cost,
            )
            for issue, cost in zip(issues, costs, strict=True)
        ],
    )
    return Issued(posting_id, tuple(costs))


def _shares(issues: Sequence[StockIssue], cost_of_level: Mapping[int, Decimal], places: int) -> list[Decimal]:
    """Spread each level's cost over its issues by quantity, to the last unit of currency (rule 6)."""
    costs = [Decimal(0)] * len(issues)
    of_level: dict[int, list[int]] = defaultdict(list)
    for index, issue in enumerate(issues):
        of_level[issue.level_id].append(index)
    for level_id, indexes in of_level.items():
        shares = spread(cost_of_level[level_id], [issues[index].quantity for index in indexes], places)
        for index, share in zip(indexes, shares, strict=True):
            costs[index] = share
    return costs
