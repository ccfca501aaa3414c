"""Reads of what was changed in drafts, as the event log has it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Max
from django.utils.formats import number_format

from orders.models import OrderEvent

# The kinds of facts that change what an editor of a draft has before them
_KINDS = (OrderEvent.Kind.CREATED, OrderEvent.Kind.CHANGED)
_PRICES = {"price", "discount", "discount_percent"}
_WORDS = {
    "po_number": "PO number",
    "ordered_on": "ordered",
    "requested_on": "requested",
    "ship_to": "ship-to address",
    "discount": "order discount",
    "discount_percent": "discount %",
}
MOST_SAID = 6


def latest_changes(order_ids: Collection[int]) -> dict[int, int]:
    """Return by order the key of the last fact that changed its draft, by one statement."""
    found = OrderEvent.objects.filter(order__in=order_ids, kind__in=_KINDS).order_by()
    return dict(found.values("order").annotate(last=Max("pk")).values_list("order", "last"))


def changes_since(order_id: int, seen: int) -> list[tuple[OrderEvent, list[str]]]:
    """Return what changed a draft after the fact that its editor knows of, each with the changes in words."""
    events = OrderEvent.objects.filter(order=order_id, kind__in=_KINDS, pk__gt=seen).select_related("actor")
    return [
        (event, words_of(event.data.get("changes", ()), shows_prices=True) or ["saved anew"])
        for event in events.order_by("pk")
    ]


def words_of(changes: Iterable[Mapping[str, Any]], *, shows_prices: bool) -> list[str]:
    """Return the changes of a draft in words; prices only for those who may see them."""
    said = []
    for change in changes:
        field = str(change["field"])
        if field in _PRICES and not shows_prices:
            continue
        line = f"{change['line']} " if "line" in change else ""
        was, is_now = _figure(change.get("from", "")), _figure(change.get("to", ""))
        if field in ("added", "removed"):
            said.append(f"{line}{field}, {was or is_now}")
        elif was or is_now:
            said.append(f"{line}{_WORDS.get(field, field)} {was} → {is_now}")
        else:
            said.append(f"{line}{_WORDS.get(field, field)}")
    more = len(said) - MOST_SAID
    return said if more <= 0 else [*said[:MOST_SAID], f"{more} more"]


def _figure(text: str) -> str:
    """Return a number as it is read, and any other text as it is."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    exponent = value.normalize().as_tuple().exponent
    return number_format(value, max(0, -exponent) if isinstance(exponent, int) else 0, force_grouping=True)
