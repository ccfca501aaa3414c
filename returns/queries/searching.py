"""What the search box finds of returns."""

from __future__ import annotations

from django.urls import reverse

from core.models import User
from core.numbering import document_number
from core.registry import Hit
from core.seeking import Sought, first_of
from returns.models import ReturnOrder


def find_returns(user: User, sought: Sought) -> list[Hit]:
    """Return the return of a number."""
    serial = sought.serial("RT")
    ways = [ReturnOrder.objects.for_user(user).filter(pk=serial)] if serial else []
    return [
        Hit(
            "Return",
            document_number("RT", pk),
            reverse("returns:return", args=[pk]),
            f"{customer} · {order}",
            ReturnOrder.Status(status).label,
            status,
            sought.is_number(document_number("RT", pk)),
        )
        for pk, order, customer, status in first_of(ways, "pk", "order__number", "order__customer__name", "status")
    ]
