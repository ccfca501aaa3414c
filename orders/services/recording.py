"""The one event log: every app writes its facts about orders here, set-based (ADR 0003)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import bulk, tracing
from core.models import User
from orders.models import OrderEvent


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened to an order or to a document of it; `data` holds figures and document numbers, no personal text."""

    order_id: int
    company_id: int
    kind: OrderEvent.Kind
    subject_kind: str
    subject_id: int
    data: dict[str, Any] = field(default_factory=dict)


def record(*, facts: Sequence[Fact], actor: User | None, at: datetime) -> None:
    """Write facts into the event log, with what the service writes next; `actor` is None for the system."""
    actor_id = actor.pk if actor else None
    request_id = tracing.request_id.get()
    bulk.later(
        [
            OrderEvent(
                company_id=fact.company_id,
                order_id=fact.order_id,
                subject_kind=fact.subject_kind,
                subject_id=fact.subject_id,
                kind=fact.kind,
                actor_id=actor_id,
                at=at,
                request_id=request_id,
                data=fact.data,
            )
            for fact in facts
        ]
    )
