"""What channels' pools say of levels, as inventory/pools.py reckons with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, DecimalField, F, Func, When

from core import bulk
from inventory import available_sql
from inventory.available_sql import free_to as free_to
from inventory.pools import Pool, Pools

_FREE = F("sellable") - F("allocated")
_UNITS = DecimalField(max_digits=18, decimal_places=6)


class _OpenTo(Func):
    """How many units of what is free a channel can be promised, of a level's key, a channel's, and the free units."""

    template = available_sql.open_to("%(expressions)s")
    output_field = _UNITS


def free_of_level(channel: Any) -> Case:
    """Return how many units of a level an order of a channel can be promised, for a query of levels."""
    return Case(When(has_pools=True, then=_OpenTo(F("pk"), channel, _FREE)), default=_FREE, output_field=_UNITS)


def pools_of(level_ids: Iterable[int]) -> dict[int, Pools]:
    """Return the pools of locked levels that have any; nothing is asked where none has."""
    ids = list(level_ids)
    if not ids:
        return {}
    pools: dict[int, list[Pool]] = defaultdict(list)
    promised: dict[int, dict[int, Decimal]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(available_sql.POOLS, [bulk.array(ids)])
        for level_id, pool_id, channel_id, *rules, units in cursor.fetchall():
            pools[level_id].append(Pool(pool_id, channel_id, *rules))
            promised[level_id][channel_id] = units
    return {level_id: Pools(of_level, promised[level_id]) for level_id, of_level in pools.items()}


def pool_id(pools: Mapping[int, Pools], level_id: int | None, channel_id: int | None) -> int | None:
    """Return the pool in which what a channel is promised of a level counts."""
    of_level = pools.get(level_id) if level_id is not None else None
    return of_level.pool_id(channel_id) if of_level else None
