"""Returns' reactions to what happens below: each is one call of its own services."""

from __future__ import annotations

from typing import Any

from returns import services
from shipping import events as shipping_events


def connect() -> None:
    """Listen to shipping."""
    shipping_events.shipments_lost.connect(
        open_returns_on_shipments_lost, dispatch_uid="returns.open_returns_on_shipments_lost"
    )


def open_returns_on_shipments_lost(event: shipping_events.ShipmentsLost, **_: Any) -> None:
    """Have what the carrier lost settled."""
    services.open_lost_returns(shipment_ids=event.shipment_ids, actor_id=event.actor_id, at=event.at)
