"""What inventory's queues can be narrowed to."""

from __future__ import annotations

from typing import ClassVar

import django_filters

from core.queues import QueueFilter
from inventory.models import Product


class ProductQueueFilter(QueueFilter):
    """Products by words of their SKU, name or GTIN, and by kind."""

    search_fields: ClassVar[tuple[str, ...]] = ("sku", "name", "gtin")
    search_label: ClassVar[str] = "SKU, name or GTIN"
    kind = django_filters.ChoiceFilter(choices=Product.Kind.choices, empty_label="All kinds", label="Kind")
