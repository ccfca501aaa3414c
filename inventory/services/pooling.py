"""Keeping what each channel has of stock: pools are made, changed and removed under the locks of what they divide."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from core import bulk
from core.models import User
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory import available_sql, sql
from inventory.models import Allocation, Channel, ChannelPool, Product, StockLevel, Warehouse
from inventory.services.posting import StockMoved
from inventory.services.promising import lock_demands

ZERO = Decimal(0)
_TERMS = ("allotment", "cap", "safety", "overflow")


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """What a channel shall have of what a warehouse has of a product."""

    channel_id: int
    product_id: int
    warehouse_id: int
    allotment: Decimal = ZERO
    cap: Decimal | None = None
    safety: Decimal = ZERO
    overflow: str = ChannelPool.Overflow.SHARED


@atomic
def keep_pools(*, terms: Sequence[PoolTerms], actor: User) -> list[int]:
    """Give channels their pools, or change those that stand, and return these in the order given.

    What is promised to a channel already counts in its pool at once.

    :raises NotAllowed: where the actor may not keep channels.
    :raises Blocked: where a channel, product or warehouse is not theirs, or more is kept than may be promised.
    :raises StockMoved: where some of the stock was promised meanwhile; nothing was changed.
    """
    require(actor, "inventory.keep_channels")
    if not terms:
        return []
    company_id = _check(terms, actor)
    places = [(one.product_id, one.warehouse_id) for one in terms]
    with connection.cursor() as cursor:
        products, warehouses = bulk.array([pk for pk, _site in places]), bulk.array([pk for _product, pk in places])
        cursor.execute(sql.ENSURE_LEVELS, [company_id, warehouses, products])
    found = StockLevel.objects.filter(
        company=company_id,
        product__in={pk for pk, _site in places},
        warehouse__in={pk for _product, pk in places},
    )
    levels = {(row.product_id, row.warehouse_id): row.pk for row in found}
    level_of = {place: levels[place] for place in places}
    demand_ids = _lock(set(level_of.values()))
    standing = {
        (pool.channel_id, pool.level_id): pool for pool in ChannelPool.objects.filter(level__in=level_of.values())
    }
    made: list[ChannelPool] = []
    changed: list[ChannelPool] = []
    pools = []
    for one, place in zip(terms, places, strict=True):
        level_id = level_of[place]
        pool = standing.get((one.channel_id, level_id))
        if pool is None:
            pool = standing[one.channel_id, level_id] = ChannelPool(
                company_id=company_id, channel_id=one.channel_id, level_id=level_id
            )
            made.append(pool)
        elif pool.pk is not None and any(getattr(pool, name) != getattr(one, name) for name in _TERMS):
            changed.append(pool)
        for name in _TERMS:
            setattr(pool, name, getattr(one, name))
        pools.append(pool)
    bulk.update(changed, _TERMS)
    bulk.insert(made)
    _count(level_of.values(), demand_ids)
    return [pool.pk for pool in pools]


@atomic
def remove_pools(*, pool_ids: Collection[int], actor: User) -> int:
    """Take pools away, so that what they kept is for all, and return how many there were.

    :raises NotAllowed: where the actor may not keep channels.
    :raises StockMoved: where some of the stock was promised meanwhile; nothing was changed.
    """
    require(actor, "inventory.keep_channels")
    pools = ChannelPool.objects.for_user(actor).filter(pk__in=pool_ids)
    level_ids = set(pools.values_list("level", flat=True))
    if not level_ids:
        return 0
    demand_ids = _lock(level_ids)
    going = list(pools.order_by("pk").values_list("pk", flat=True))
    _count(level_ids, demand_ids, going)
    ChannelPool.objects.filter(pk__in=going).delete()
    return len(going)


def _check(terms: Sequence[PoolTerms], actor: User) -> int:
    """Return the one company that all of it is of.

    :raises Blocked: where some of it is not the actor's, or cannot have a pool.
    """
    channels = Channel.objects.for_user(actor).filter(pk__in={one.channel_id for one in terms})
    goods = Product.objects.for_user(actor).filter(pk__in={one.product_id for one in terms}, kind=Product.Kind.STOCK)
    sites = Warehouse.objects.for_user(actor).filter(pk__in={one.warehouse_id for one in terms})
    companies = {
        "channel_id": dict(channels.values_list("pk", "company")),
        "product_id": dict(goods.values_list("pk", "company")),
        "warehouse_id": dict(sites.values_list("pk", "company")),
    }
    of_terms = {found.get(getattr(one, name)) for one in terms for name, found in companies.items()}
    company_id = of_terms.pop()
    if of_terms or company_id is None:
        raise Blocked("A pool is of a channel of yours, of a product that lies in stock, in a warehouse of yours.")
    if any(one.allotment < 0 or one.safety < 0 for one in terms):
        raise Blocked("A pool keeps nothing or more.")
    if any(one.cap is not None and one.cap < one.allotment for one in terms):
        raise Blocked("More would be kept for the channel than may be promised to it: raise the cap.")
    return company_id


def _lock(level_ids: Collection[int]) -> set[int]:
    """Lock levels, before them the demands to which stock of theirs is promised, and return these."""
    open_ones = Allocation.objects.filter(
        level__in=level_ids, status__in=[Allocation.Status.FIRM, Allocation.Status.RELEASED]
    )
    demand_ids = set(open_ones.filter(demand__channel__isnull=False).values_list("demand", flat=True))
    list(lock_demands(demand_ids))
    list(StockLevel.objects.filter(pk__in=level_ids).locked())
    return demand_ids


def _count(level_ids: Collection[int], demand_ids: Collection[int], going: Collection[int] = ()) -> None:
    """Count the promises of locked demands in the pools of locked levels as these stand now.

    :raises StockMoved: where a promise was made after the demands were locked.
    """
    levels = bulk.array(sorted(set(level_ids)))
    with connection.cursor() as cursor:
        cursor.execute(available_sql.COUNT_IN_POOLS, [levels, bulk.array(going), bulk.array(sorted(demand_ids))])
        (missed,) = cursor.fetchone()
        if missed:
            raise StockMoved("Stock of this was promised meanwhile. Nothing was changed: send it again.")
        cursor.execute(available_sql.NOTE_POOLS, [levels, bulk.array(going)])
