"""The warehouse's reactions to what happens below: each is one call of its own services."""

from __future__ import annotations

from typing import Any

from orders import events as orders_events
from orders import services as orders_services
from warehouse import services


def connect() -> None:
    """Listen to orders."""
    orders_events.parts_cut.connect(recall_units_on_parts_cut, dispatch_uid="warehouse.recall_units_on_parts_cut")


def recall_units_on_parts_cut(event: orders_events.PartsCut, **_: Any) -> orders_services.GivenUp:
    """Call picks off, and have picked goods put back."""
    return services.recall_units(cuts=event.cuts, at=event.at)
