"""What of orders has left, how much of it came back, and how much still may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from core.models import User
from core.money import ZERO
from core.refusals import Blocker
from inventory.queries.places import warehouse_ids
from returns import sql
from shipping.models import Shipment


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """One shipment line: what left, at which cost, what of it came back and what of it an open return awaits."""

    order_id: int
    shipment_id: int
    warehouse_id: int
    dispatched_at: datetime
    shipment_line_id: int
    parcel_id: int
    part_id: int
    order_line_id: int
    position: int
    product_id: int
    sku: str
    description: str
    unit: str
    step: Decimal
    quantity: Decimal
    lost: Decimal
    failed: Decimal
    shipment_status: str
    cost: Decimal
    returned: Decimal
    returned_value: Decimal
    awaited: Decimal
    lot_id: int | None

    @property
    def free(self) -> Decimal:
        """The units that may still come back and that no open return awaits; an over receipt can exceed what left."""
        return max(self.quantity - self.lost - self.returned - self.awaited, ZERO)

    @property
    def out(self) -> Decimal:
        """The units that were neither delivered nor came back: what is lost may turn up again."""
        return self.quantity - self.failed if self.shipment_status in Shipment.OUT else ZERO


@dataclass(frozen=True, slots=True)
class ShippedPart:
    """What of one part of an order has left by all its deliveries, and what of it may come back."""

    part_id: int
    order_line_id: int
    position: int
    product_id: int
    sku: str
    description: str
    unit: str
    step: Decimal
    shipped: Decimal
    returned: Decimal
    awaited: Decimal
    free: Decimal
    out: Decimal

    @classmethod
    def of(cls, lines: list[ShippedLine]) -> ShippedPart:
        """Add up the shipment lines of one part."""
        first = lines[0]
        return cls(
            part_id=first.part_id,
            order_line_id=first.order_line_id,
            position=first.position,
            product_id=first.product_id,
            sku=first.sku,
            description=first.description,
            unit=first.unit,
            step=first.step,
            shipped=sum((line.quantity for line in lines), ZERO),
            returned=sum((line.returned for line in lines), ZERO),
            awaited=sum((line.awaited for line in lines), ZERO),
            free=sum((line.free for line in lines), ZERO),
            out=sum((line.out for line in lines), ZERO),
        )


def shipped_lines(order_ids: Collection[int]) -> dict[int, list[ShippedLine]]:
    """Return the shipment lines of each order in the order in which they left. One statement."""
    found: dict[int, list[ShippedLine]] = defaultdict(list)
    if order_ids:
        with connection.cursor() as cursor:
            cursor.execute(sql.SHIPPED_LINES, [sorted(order_ids)])
            for row in cursor.fetchall():
                found[row[0]].append(ShippedLine(*row))
    return dict(found)


def lines_in_reach(order_ids: Collection[int], user: User) -> dict[int, list[ShippedLine]]:
    """Return the shipment lines of each order that left the warehouses in which a person works."""
    mine = warehouse_ids(user)
    found = shipped_lines(order_ids)
    return {pk: [line for line in lines if line.warehouse_id in mine] for pk, lines in found.items()}


def shipped_parts(lines: Iterable[ShippedLine]) -> dict[int, ShippedPart]:
    """Return the parts that shipment lines are of, in the order of their order's lines."""
    of_part: dict[int, list[ShippedLine]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: (line.position, line.part_id, line.shipment_line_id)):
        of_part[line.part_id].append(line)
    return {part_id: ShippedPart.of(of) for part_id, of in of_part.items()}


NOT_SHIPPED = Blocker("not_shipped", "Nothing of this order has left the house: there is nothing to send back.")
ALL_BACK = Blocker("all_back", "All that has left is back, or on its way back by an open return.")


def blockers(order_ids: Collection[int], verb: str) -> dict[int, list[Blocker]]:
    """Return why a verb is off for each order; an order that is not named has nothing against it. One statement.

    Knows "returns.request".

    :raises KeyError: for a verb that is not one of returns' verbs of an order.
    """
    if verb != "returns.request":
        raise KeyError(verb)
    lines = shipped_lines(order_ids)
    found = {}
    for order_id in order_ids:
        if order_id not in lines:
            found[order_id] = [NOT_SHIPPED]
        elif not any(line.free for line in lines[order_id]):
            found[order_id] = [ALL_BACK]
    return found
