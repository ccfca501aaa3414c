"""What every posting of stock writes: its header with its moves, and the bins that they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db import connection

from core import bulk
from core.refusals import ChangedMeanwhile
from inventory import sql
from inventory.models import StockMove, StockPosting


class StockMoved(ChangedMeanwhile):
    """The stock a verb was about to move is not where it was."""

    code = "stock_moved"


def add_bin_stock(
    *, quantities: Mapping[tuple[int, int], Decimal], allocated: Mapping[tuple[int, int], Decimal]
) -> None:
    """Add to what bins hold and have reserved, by (bin id, product id), locking them by primary key.

    :raises StockMoved: where a bin has no row for its product.
    """
    keys = list(quantities)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.ADD_BIN_STOCK,
            [
                [bin_id for bin_id, _product in keys],
                [product_id for _bin, product_id in keys],
                [quantities[key] for key in keys],
                [allocated.get(key, Decimal(0)) for key in keys],
            ],
        )
        if len(cursor.fetchall()) != len(keys):
            raise StockMoved("A bin does not hold this product any more. Nothing was moved: look again.")


def post(posting: StockPosting, moves: Sequence[StockMove]) -> int:
    """Write a posting with its moves by one statement and return its id."""
    for move in moves:
        move.company_id = posting.company_id
        move.posting = posting
    bulk.insert([posting], (moves, "posting"))
    return int(posting.pk)
