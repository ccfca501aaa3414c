"""Facts that inventory tells the apps above it, inside the transaction that made them."""

from dataclasses import dataclass
from datetime import date, datetime

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class DemandsAllocated:
    """Demands got stock after they were placed: they waited as backorders until now."""

    demand_ids: tuple[int, ...]
    at: datetime


demands_allocated = Signal()


@dataclass(frozen=True, slots=True)
class PromiseMoved:
    """The day on which all that a demand waits for can leave: what was said before, and what is said now."""

    demand_id: int
    before: date | None
    after: date | None


@dataclass(frozen=True, slots=True)
class PromisesMoved:
    """Demands were given another date, or none, and why: `number` names the supplier's order, or the lot, behind it."""

    moves: tuple[PromiseMoved, ...]
    cause: str
    number: str
    at: datetime


promises_moved = Signal()


@dataclass(frozen=True, slots=True)
class PromisesCut:
    """Demands lost stock that they were promised, and got other or wait for it."""

    demand_ids: tuple[int, ...]
    at: datetime


promises_cut = Signal()
