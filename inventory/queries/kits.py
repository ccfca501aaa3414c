"""Of what kits consist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db.models import QuerySet

from inventory.models import KitComponent, Product


def components_of(kit: Product) -> QuerySet[KitComponent]:
    """Return of what a kit consists, with the products and their units."""
    return kit.components.select_related("product__unit")


def composition_of(kit_ids: Collection[int]) -> dict[int, list[KitComponent]]:
    """Return by kit of what it consists, by one statement; nothing is asked for none."""
    found: dict[int, list[KitComponent]] = defaultdict(list)
    for component in KitComponent.objects.filter(kit__in=kit_ids) if kit_ids else ():
        found[component.kit_id].append(component)
    return dict(found)
