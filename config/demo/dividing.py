"""Divides what both the web shop and wholesale sell: each has a share of its own of the goods asked for most."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import F

from core.models import Company, User
from inventory import services as inventory_services
from inventory.models import Channel, ChannelPool, StockLevel

DIVIDED, LEAST_FREE = 12, 12
Overflow = ChannelPool.Overflow


def keep_for_channels(company: Company, actor: User) -> None:
    """Keep a third of what is free for the web and a fourth for wholesale, every fourth product more strictly."""
    channels = dict(Channel.objects.filter(company=company).values_list("code", "pk"))
    levels = StockLevel.objects.filter(company=company).annotate(free=F("sellable") - F("allocated"))
    asked = levels.filter(free__gte=LEAST_FREE).order_by("-allocated", "pk")[:DIVIDED]
    terms = []
    for place, level in enumerate(asked):
        is_strict = place % 4 == 3
        shares = {code: Decimal(int(level.free / part)) for code, part in (("web", 3), ("wholesale", 4))}
        place_of = {"product_id": level.product_id, "warehouse_id": level.warehouse_id}
        terms.append(
            inventory_services.PoolTerms(
                channels["web"],
                **place_of,
                allotment=shares["web"],
                safety=Decimal(2),
                overflow=Overflow.NONE if is_strict else Overflow.SHARED,
            )
        )
        cap = shares["wholesale"] * 8 if is_strict else None
        terms.append(
            inventory_services.PoolTerms(channels["wholesale"], **place_of, allotment=shares["wholesale"], cap=cap)
        )
    inventory_services.keep_pools(terms=terms, actor=actor)
