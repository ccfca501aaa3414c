"""From which suppliers units of a lot came."""

from __future__ import annotations

from django.urls import reverse

from core.models import User
from core.registry import LotStep
from warehouse.models import Receipt, ReceiptLine


def lot_steps(lot_id: int, user: User) -> list[LotStep]:
    """Return the receipts that brought a lot, to who may see what is bought."""
    if not user.can("inventory.view_supply"):
        return []
    mine = Receipt.objects.for_user(user).filter(lines__lot=lot_id)
    rows = ReceiptLine.objects.filter(lot=lot_id, receipt__in=mine).select_related("receipt__order__supplier")
    return [
        LotStep(
            is_out=False,
            label=str(row.receipt),
            url=reverse("supply:order", args=[row.receipt.order_id]),
            party=row.receipt.order.supplier.name,
            quantity=row.quantity,
            at=row.receipt.received_at,
            state=f"of {row.receipt.order}",
        )
        for row in rows.order_by("pk")
    ]
