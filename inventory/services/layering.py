"""What units are worth that come, leave or are found: by layers where the first in go first (PRODUCT.md rule 12)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from core import bulk
from core.money import ZERO, round_half_up, spread
from inventory.models import CostLayer, Product, StockLevel


def take(layers: Iterable[CostLayer], units: Decimal, places: int) -> Decimal:
    """Take units out of open layers, which come in their order, and return what they cost.

    A layer gives its share of what is left of its value, and all of that with its last unit. What no layer covers costs
    nothing.
    """
    cost = ZERO
    for layer in layers:
        part = min(units, layer.remaining)
        if part <= 0:
            continue
        value = layer.remaining_value
        if part < layer.remaining:
            value = round_half_up(value * part / layer.remaining, places)
        layer.remaining -= part
        layer.remaining_value -= value
        units -= part
        cost += value
    return cost


class Layers:
    """The open layers of locked levels whose cost is first in, first out; of other levels it knows nothing.

    What was taken and added is written by `save`, under the same locks.
    """

    def __init__(self, level_ids: Collection[int]) -> None:
        self.of_level: dict[int, list[CostLayer]] = {}
        if level_ids:
            first_in = StockLevel.objects.filter(pk__in=level_ids, product__costing=Product.Costing.FIRST_IN)
            self.of_level = {pk: [] for pk in first_in.values_list("pk", flat=True)}
        if self.of_level:
            for layer in CostLayer.objects.filter(level__in=self.of_level, remaining__gt=0).order_by("pk"):
                self.of_level[layer.level_id].append(layer)
        self.changed: set[CostLayer] = set()
        self.new: list[CostLayer] = []

    def __contains__(self, level_id: int) -> bool:
        return level_id in self.of_level

    def take(self, level_id: int, units: Decimal, places: int) -> Decimal:
        """Take units out of a level's layers and return what they cost."""
        layers = self.of_level[level_id]
        self.changed.update(layer for layer in layers if layer.pk)
        return take(layers, units, places)

    def add(self, level_id: int, units: Decimal, value: Decimal, *, supply_id: int | None = None) -> None:
        """Add units that came, by a supplier's line perhaps, as a layer where their level has layers."""
        if level_id in self and units > 0:
            new = CostLayer(
                level_id=level_id,
                supply_id=supply_id,
                quantity=units,
                value=value,
                remaining=units,
                remaining_value=value,
            )
            self.of_level[level_id].append(new)
            self.new.append(new)

    def worth(self, level: StockLevel, units: Decimal, places: int) -> Decimal:
        """Return what units cost that are found, or (below zero) written off, and note that they came or went.

        What is found is worth what the others are, by the share of all that lies there.
        """
        if units < 0 and level.pk in self:
            return self.take(level.pk, -units, places)
        value = _share_of(level, abs(units), places)
        self.add(level.pk, units, value)
        return value

    def left_of(self, level_id: int, supply_ids: Collection[int]) -> Decimal:
        """Return how many units are left of what supplier orders' lines brought."""
        return sum((layer.remaining for layer in self._brought(level_id, supply_ids)), ZERO)

    def raise_value(self, level_id: int, supply_ids: Collection[int], amount: Decimal, places: int) -> None:
        """Spread an amount over what is left of what lines brought, by quantity."""
        layers = self._brought(level_id, supply_ids)
        for layer, share in zip(layers, spread(amount, [layer.remaining for layer in layers], places), strict=True):
            layer.remaining_value += share
        self.changed.update(layers)

    def _brought(self, level_id: int, supply_ids: Collection[int]) -> list[CostLayer]:
        return [layer for layer in self.of_level[level_id] if layer.supply_id in supply_ids]

    def save(self, posting_id: int | None = None) -> None:
        """Write what changed, and what came by a posting."""
        bulk.update(sorted(self.changed, key=lambda layer: layer.pk), ["remaining", "remaining_value"])
        for layer in self.new:
            assert posting_id is not None
            layer.posting_id = posting_id
        bulk.insert(self.new)


def _share_of(level: StockLevel, units: Decimal, places: int) -> Decimal:
    """Return the cost of units by their share of what the level's sellable stock is worth (rule 12)."""
    whole, worth = level.sellable + level.uncounted + level.staged, level.value - level.blocked_value
    if whole <= 0:
        return ZERO
    return worth if units == whole else round_half_up(worth * units / whole, places)


def take_first_in(units: Mapping[int, Decimal], places: int) -> dict[int, Decimal]:
    """Take units out of locked levels of first in, first out cost, lower what these are worth, and return the costs."""
    layers = Layers(units)
    costs = {level_id: layers.take(level_id, quantity, places) for level_id, quantity in units.items()}
    layers.save()
    bulk.add(StockLevel, {level_id: {"value": -cost} for level_id, cost in costs.items() if cost})
    return costs
