"""Of which customers units of a lot came back."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse

from core.models import User
from core.registry import LotStep
from returns.models import ReturnOrder, ReturnReceiptLine

_OF_LOT = "line__shipment_line__content__task__lot"


def lot_steps(lot_id: int, user: User) -> list[LotStep]:
    """Return the returns by which units of a lot came back, to who may see them."""
    if not user.can("returns.view"):
        return []
    mine = ReturnOrder.objects.for_user(user)
    rows = ReturnReceiptLine.objects.filter(Q(**{_OF_LOT: lot_id}), receipt__return_order__in=mine, quantity__gt=0)
    came = rows.exclude(fact=ReturnReceiptLine.Fact.SHORT).select_related("receipt__return_order__order__customer")
    return [
        LotStep(
            is_out=False,
            label=row.receipt.return_order.number,
            url=reverse("returns:return", args=[row.receipt.return_order_id]),
            party=row.receipt.return_order.order.customer.name,
            quantity=row.quantity,
            at=row.receipt.at,
            state="came back",
        )
        for row in came.order_by("pk")
    ]
