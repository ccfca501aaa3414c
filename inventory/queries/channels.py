"""Reads of channels: their pools with what each has, what is kept of a product, and what they may publish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core.models import User
from inventory.models import Channel, ChannelPool, Product
from inventory.queries.atp import available
from inventory.queries.pools import pools_of

PUBLISHED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """What a pool comes to now: units promised in it and not picked, and free units of the level.

    Of these it keeps some, its channel can be promised some, and others keep some from it.
    """

    promised: Decimal
    free: Decimal
    keeps: Decimal
    open: Decimal
    kept_by_others: Decimal


def channels(user: User) -> QuerySet[Channel]:
    """Return the channels of the person's companies with `pool_count`, in the warehouses in which they work."""
    rows: QuerySet[Channel] = Channel.objects.for_user(user)
    pools = ChannelPool.objects.for_user(user).filter(channel=OuterRef("pk")).order_by().values("channel")
    return rows.annotate(pool_count=Coalesce(Subquery(pools.annotate(n=Count("pk")).values("n")), 0))


def pools_in_queue(user: User, channel: Channel) -> QuerySet[ChannelPool]:
    """Return a channel's pools in the person's warehouses, with their products and warehouses."""
    pools: QuerySet[ChannelPool] = ChannelPool.objects.for_user(user).filter(channel=channel)
    return pools.select_related("level__product__unit", "level__warehouse").annotate(
        free=F("level__sellable") - F("level__allocated")
    )


def with_figures(pools: Iterable[Any]) -> list[Any]:
    """Return pools, with their levels, each with what it comes to now; one statement for all."""
    rows = list(pools)
    found = pools_of({row.level_id for row in rows})
    for row in rows:
        of_level, free = found[row.level_id], row.level.sellable - row.level.allocated
        kept = of_level.kept(free)
        row.figures = PoolFigures(
            promised=of_level.promised[row.channel_id],
            free=free,
            keeps=kept[row.channel_id],
            open=of_level.free(row.channel_id, free),
            kept_by_others=sum(kept.values(), Decimal(0)) - kept[row.channel_id],
        )
    return rows


def pools_of_product(user: User, product: Product) -> list[Any]:
    """Return the pools of a product with what each comes to now, those of a warehouse together."""
    pools = ChannelPool.objects.for_user(user).filter(level__product=product, company=product.company_id)
    ordered = pools.order_by(
        "level__warehouse__priority", "level__warehouse__code", "channel__priority", "channel__code"
    )
    return with_figures(ordered.select_related("channel", "level__warehouse"))


@dataclass(frozen=True, slots=True)
class Published:
    """What a channel may publish of a product: units available now, and on which day how many more come."""

    sku: str
    available: Decimal
    next_on: date | None
    inbound: Decimal | None


def published(channel: Channel, today: date) -> Iterator[Published]:
    """Yield what a channel may publish of each product that lies in stock and is sold, while it is read."""
    products = Product.objects.filter(company=channel.company_id, kind=Product.Kind.STOCK, is_active=True)
    rows = products.order_by("sku").values_list("pk", "sku").iterator(chunk_size=PUBLISHED_AT_ONCE)
    while some := list(islice(rows, PUBLISHED_AT_ONCE)):
        found = available([pk for pk, _sku in some], today, channel_id=channel.pk)
        for pk, sku in some:
            promise = found[pk]
            following = promise.arrivals[0] if promise.arrivals else None
            yield Published(
                sku,
                promise.now,
                following.on if following else None,
                following.more if following else None,
            )
