"""Where orders are sold, and what of stock is kept for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import F, Q

from core.models import Company, CompanyQuerySet
from inventory.models.places import WarehouseQuerySet
from inventory.models.stock import StockLevel, quantity_field


@pghistory.track()
class Channel(models.Model):
    """Where orders are sold, such as a web shop. Of pools that want more than is there the lowest `priority` is first.

    How an order's document came in is another thing.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=20)
    name = models.CharField(max_length=60)
    priority = models.PositiveSmallIntegerField(default=100)
    is_active = models.BooleanField("takes new orders", default=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["priority", "code"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "code"],
                name="channel_code_once_per_company",
                violation_error_message="Another channel has this code.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class _Pools(WarehouseQuerySet):
    warehouse_path = "level__warehouse"


@pghistory.track()
class ChannelPool(models.Model):
    """What of one level is for one channel; changed only under the level's lock (inventory/pools.py says the rules).

    `allotment` units of the level are for the channel alone, promised or free. With `overflow` SHARED it may take what
    no pool keeps as well, all but `safety` units of that. At most `cap` units may be promised and not picked at a time.
    What is promised in it are the open allocations that name it, so that nothing is counted here.
    """

    class Overflow(models.TextChoices):
        SHARED = "SHARED", "Takes what nobody keeps"
        NONE = "NONE", "Gets no more"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="pools", db_index=False)
    level = models.ForeignKey(StockLevel, on_delete=models.PROTECT, related_name="pools")
    allotment = quantity_field(default=0)
    cap = quantity_field(null=True, blank=True)
    safety = quantity_field(default=0)
    overflow = models.CharField(max_length=6, choices=Overflow.choices, default=Overflow.SHARED)

    objects = _Pools.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "level"], name="channelpool_once_per_channel_and_level"),
            models.CheckConstraint(
                condition=Q(allotment__gte=0, safety__gte=0), name="channelpool_keeps_nothing_or_more"
            ),
            models.CheckConstraint(
                condition=Q(cap__isnull=True) | Q(cap__gte=F("allotment")), name="channelpool_allotment_within_cap"
            ),
            models.CheckConstraint(condition=Q(overflow__in=["SHARED", "NONE"]), name="channelpool_overflow_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} of {self.level_id}"
