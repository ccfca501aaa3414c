"""Planning: what each product does in each warehouse, reckoned from the ledger in one statement."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from core import bulk
from core.models import User
from core.roles import require
from core.transactions import atomic
from inventory.sql.planning import RECKON_PLANNING

# Stock of which nothing left, and to which nothing came, for so long is dead; cover beyond that is too much
DEAD_DAYS, MOST_COVER_DAYS = 180, 180


@atomic
def reckon_planning(*, actor: User | None, at: datetime) -> int:
    """Reckon what planning says of stock anew, in the actor's company or without one in all; return how many rows.

    Who reckons at the same time waits for the other; the later one stands.

    :raises NotAllowed: where the actor may not see what is bought.
    """
    if actor is not None:
        require(actor, "inventory.view_supply")
    company_ids = [] if actor is None else [actor.company.pk]
    with connection.cursor() as cursor:
        cursor.execute(RECKON_PLANNING, [at, bulk.array(company_ids), DEAD_DAYS, MOST_COVER_DAYS])
        return int(cursor.rowcount)
