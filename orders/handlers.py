"""Orders' reactions to what happens below: each is one call of its own services."""

from __future__ import annotations

from typing import Any

from inventory import events as inventory_events
from orders import services


def connect() -> None:
    """Listen to inventory."""
    inventory_events.promises_moved.connect(note_on_promises_moved, dispatch_uid="orders.note_on_promises_moved")
    inventory_events.promises_cut.connect(note_on_promises_cut, dispatch_uid="orders.note_on_promises_cut")


def note_on_promises_cut(event: inventory_events.PromisesCut, **_: Any) -> None:
    """Have the orders' facets set."""
    services.defer_allocation_of(demand_ids=event.demand_ids)


def note_on_promises_moved(event: inventory_events.PromisesMoved, **_: Any) -> None:
    """Tell the orders."""
    services.note_promises(
        moves={move.demand_id: (move.before, move.after) for move in event.moves},
        cause=event.cause,
        number=event.number,
        at=event.at,
    )
