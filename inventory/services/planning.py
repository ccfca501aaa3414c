"""Planning: what each product does in each warehouse, reckoned from the ledger in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from statistics import NormalDist
from typing import Any

from django.db import connection

from core import bulk
from core.models import User
from core.roles import require
from core.transactions import atomic
from inventory.models import ServiceLevel
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
        cursor.execute(
            RECKON_PLANNING,
            [at, bulk.array(company_ids), DEAD_DAYS, MOST_COVER_DAYS, *_of_levels(), *_scores(ServiceLevel())],
        )
        return int(cursor.rowcount)


@atomic
def keep_service_level(*, levels: Mapping[str, Decimal], actor: User, at: datetime) -> ServiceLevel:
    """Say how seldom each class (a, b, c) may run out while more is bought, and reckon planning anew by that.

    :raises NotAllowed: where the actor may not buy.
    """
    require(actor, "inventory.purchase")
    kept, _made = ServiceLevel.objects.update_or_create(company=actor.company, defaults=dict(levels))
    reckon_planning(actor=actor, at=at)
    return kept


def _scores(level: ServiceLevel) -> list[Decimal]:
    """Return by how many standard deviations what is there must go beyond what leaves on average."""
    shares = [int(percent * 1000) / 100_000 for percent in (level.a, level.b, level.c)]
    return [Decimal(repr(NormalDist().inv_cdf(share))) for share in shares]


def _of_levels() -> list[Any]:
    """Return the companies that have set their levels, and their scores for A, B and C."""
    levels = list(ServiceLevel.objects.order_by("pk"))
    scores = [_scores(level) for level in levels]
    return [
        bulk.array([level.company_id for level in levels]),
        *(bulk.array([score[place] for score in scores]) for place in range(3)),
    ]
