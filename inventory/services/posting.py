"""What every change of stock writes: the allocations it changes, the bins, and a posting's header with its moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from django.db import IntegrityError, connection

from core import bulk
from core.refusals import ChangedMeanwhile
from inventory import sql
from inventory.models import StockMove, StockPosting


class StockMoved(ChangedMeanwhile):
    """The stock a verb was about to move is not where it was."""

    code = "stock_moved"


class _OfAllocation(Protocol):
    """Units of one allocation of a demand."""

    @property
    def allocation_id(self) -> int: ...
    @property
    def demand_id(self) -> int: ...
    @property
    def quantity(self) -> Decimal: ...


def change_allocations(statement: str, rows: Sequence[_OfAllocation]) -> None:
    """Run a statement over the allocations of rows under their demands' locks, and check that it took every one.

    :raises StockMoved: where one of them was not in the state, or had not the units, that the statement asks for.
    """
    by_allocation = sums((row.allocation_id, row.quantity) for row in rows)
    demand_of = {row.allocation_id: row.demand_id for row in rows}
    allocations = list(by_allocation)
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            [
                bulk.array(allocations),
                bulk.array([demand_of[pk] for pk in allocations]),
                bulk.array(by_allocation.values()),
            ],
        )
        if len(cursor.fetchall()) != len(allocations):
            raise StockMoved("Some of this was picked, shipped or freed meanwhile. Nothing was moved: look again.")


def sums(pairs: Iterable[tuple[Any, Decimal]]) -> dict[Any, Decimal]:
    """Add up amounts by key, in the order in which keys first came."""
    totals: dict[Any, Decimal] = defaultdict(Decimal)
    for key, amount in pairs:
        totals[key] += amount
    return dict(totals)


# A bin, a product, and the lot of it where it is tracked
Place = tuple[int, int, int | None]


def ensure_bin_stock(places: Iterable[Place]) -> None:
    """Give bins a row for what is about to lie in them, where they have none."""
    wanted = set(places)
    if not wanted:
        return
    bins, products, lots = zip(*wanted, strict=True)
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql.ENSURE_BIN_STOCK, [bulk.array(bins), bulk.array(products), bulk.array(lots)])
        except IntegrityError as error:
            raise StockMoved("A bin was retired in this very moment. Nothing was moved: choose another.") from error


def add_bin_stock(*, quantities: Mapping[Place, Decimal], allocated: Mapping[Place, Decimal]) -> None:
    """Add to what bins hold and have reserved, by place, locking them by primary key.

    :raises StockMoved: where a bin has no row for its product, or does not hold as much as its row and the plan say.
    """
    keys = list(quantities)
    asked = [
        bulk.array([bin_id for bin_id, _product, _lot in keys]),
        bulk.array([product_id for _bin, product_id, _lot in keys]),
        bulk.array([lot_id for _bin, _product, lot_id in keys]),
        bulk.array([quantities[key] for key in keys]),
        bulk.array([allocated.get(key, Decimal(0)) for key in keys]),
    ]
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql.ADD_BIN_STOCK, asked)
        except IntegrityError as error:  # somebody changed the bin's row without a move: the audit names it
            raise StockMoved(
                "A bin holds less than was planned from it. Nothing was moved: have it counted."
            ) from error
        if len(cursor.fetchall()) != len(keys):
            raise StockMoved("A bin does not hold this product any more. Nothing was moved: look again.")


def post(posting: StockPosting, moves: Sequence[StockMove]) -> int:
    """Write a posting with its moves by one statement and return its id."""
    post_all([(posting, moves)])
    return int(posting.pk)


def post_all(postings: Sequence[tuple[StockPosting, Sequence[StockMove]]]) -> None:
    """Write postings, each with its moves, by one statement for all."""
    for posting, moves in postings:
        for move in moves:
            move.company_id = posting.company_id
            move.posting = posting
    bulk.insert(
        [posting for posting, _moves in postings], ([move for _posting, moves in postings for move in moves], "posting")
    )
