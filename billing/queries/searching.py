"""What the search box finds of invoices and credit notes."""

from __future__ import annotations

from django.urls import reverse

from billing.models import Invoice
from core.models import User
from core.registry import Hit
from core.seeking import Sought, first_of


def find_invoices(user: User, sought: Sought) -> list[Hit]:
    """Return the invoices and credit notes whose number begins with the text."""
    if not sought.has_digit:
        return []
    mine = Invoice.objects.for_user(user)
    rows = first_of(
        [mine.filter(sought.begins("number")).order_by("-number")],
        *("pk", "number", "kind", "customer__name", "order__number"),
    )
    return [
        Hit(
            Invoice.Kind(kind).label,
            number,
            reverse("billing:invoice", args=[pk]),
            f"{customer} · {order}",
            is_exact=sought.is_number(number),
        )
        for pk, number, kind, customer, order in rows
    ]
