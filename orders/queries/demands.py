"""For which orders demands were placed."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from core.registry import DocumentLink
from orders.models import LinePart


def owners_of_demands(demand_ids: Collection[int]) -> dict[int, DocumentLink]:
    """Return by demand the order whose part placed it, with its customer."""
    parts = LinePart.objects.filter(demand__in=demand_ids).select_related("order__customer")
    return {
        part.demand_id: DocumentLink(
            "order", str(part.order), reverse("orders:detail", args=[part.order_id]), part.order.customer.name
        )
        for part in parts
        if part.demand_id is not None
    }
