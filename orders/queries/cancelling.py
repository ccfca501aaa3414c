"""Reads for cancelling: what can still be cancelled of orders and lines, and what stands against it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.urls import reverse

from core.refusals import Blocker
from orders import sql
from orders.models import SalesOrder

Status = SalesOrder.Status
DRAFTS = (Status.DRAFT, Status.REVIEW)
OPEN = (*DRAFTS, Status.CONFIRMED, Status.RELEASED)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """How far an order is with regard to cancelling: units that left, are billed, have not left, could be cut."""

    order_id: int
    status: str
    shipped: Decimal
    billed: Decimal
    unshipped: Decimal
    left: Decimal

    def whole(self) -> Blocker | None:
        """Return why the order cannot be cancelled as a whole."""
        if over := self._over():
            return over
        if self.shipped:
            link = f"{reverse('orders:cancel', args=[self.order_id])}?scope=REST"
            units = f"{self.shipped.normalize():,f} {'unit has' if self.shipped == 1 else 'units have'}"
            return Blocker("shipped", f"{units} left already: cancel the rest, and take these back as a return.", link)
        if self.billed:
            return Blocker("invoiced", "An invoice of it is not credited: a credit note comes first.")
        return None

    def rest(self) -> Blocker | None:
        """Return why nothing more of the order can be cancelled."""
        if self.status in DRAFTS:
            return Blocker("already_no_order", "A draft is discarded, not cancelled.")
        if over := self._over():
            return over
        if not self.unshipped:
            return Blocker("already_left", "Nothing is left to cancel: what has left comes as a return.")
        if not self.left:
            return Blocker("invoiced", "All that is left is on an invoice: a credit note comes first.")
        return None

    def _over(self) -> Blocker | None:
        if self.status == Status.CANCELLED:
            return Blocker("already_cancelled", "The order is cancelled.")
        if self.status not in OPEN:
            label = Status(self.status).label.lower()
            return Blocker("already_over", f"The order is {label}: what has left comes back as a return.")
        return None


def order_facts(order_ids: Collection[int]) -> dict[int, OrderFacts]:
    """Return what decides whether orders can be cancelled; one statement."""
    if not order_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql.CANCEL_FACTS, [list(order_ids)])
        return {row[0]: OrderFacts(*row) for row in cursor.fetchall()}


def cancel_blockers(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    """Return why orders cannot be cancelled as a whole."""
    found = {order_id: facts.whole() for order_id, facts in order_facts(order_ids).items()}
    return {order_id: [blocker] for order_id, blocker in found.items() if blocker}


def cut_blockers(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    """Return why nothing at all of orders can be cancelled."""
    found = {order_id: facts.rest() for order_id, facts in order_facts(order_ids).items()}
    return {order_id: [blocker] for order_id, blocker in found.items() if blocker}
