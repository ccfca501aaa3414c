"""Where people work."""

from __future__ import annotations

from core.models import User
from core.refusals import Blocker
from inventory.models import Warehouse

# Asked without the lock, the blockers may find work that came after the verb looked
ELSEWHERE = Blocker(
    "elsewhere",
    "What there is to do of this order is in a warehouse that you do not work in, or came just now: look again.",
)


def warehouse_ids(user: User) -> frozenset[int]:
    """Return the warehouses in which a person works, asked once for each person that a request or a job acts for."""
    known: frozenset[int] | None = user.__dict__.get("_warehouse_ids")
    if known is None:
        known = frozenset(Warehouse.objects.for_user(user).values_list("pk", flat=True))
        user.__dict__["_warehouse_ids"] = known
    return known
