"""What the search box finds of orders and customers."""

from __future__ import annotations

from django.urls import reverse

from core.models import User
from core.numbering import document_number
from core.registry import Hit
from core.seeking import Sought, first_of
from orders.models import Customer, Reservation, SalesOrder


def find_orders(user: User, sought: Sought) -> list[Hit]:
    """Return the orders whose number, or whose customer's PO number, begins with the text; a draft by its key."""
    mine = SalesOrder.objects.for_user(user)
    ways = [mine.filter(sought.begins("number")).order_by("-number")]
    serial = sought.serial("SO")
    if serial:
        ways.insert(0, mine.filter(pk=serial))
    if sought.reference:
        # One way each, for an index has what begins with a text in one place
        for beginning in (sought.reference, f"PO{sought.reference}"):
            ways.append(mine.filter(po_key__startswith=beginning).order_by("po_key"))
    rows = first_of(ways, "pk", "number", "po_number", "po_key", "customer__name", "status")
    return [
        Hit(
            "Order",
            number or f"draft {pk}",
            reverse("orders:detail", args=[pk]),
            f"{customer} · PO {po_number}",
            SalesOrder.Status(status).label,
            status,
            po_key == sought.reference or (bool(number) and sought.is_number(number)),
        )
        for pk, number, po_number, po_key, customer, status in rows
    ]


def find_customers(user: User, sought: Sought) -> list[Hit]:
    """Return the customers whose number, or a word of whose name, begins with the text."""
    mine = Customer.objects.for_user(user)
    ways = [
        mine.filter(sought.begins("number")).order_by("number"),
        *(mine.filter(way).order_by("sort_key") for way in sought.in_names()),
    ]
    rows = first_of(ways, "pk", "number", "name", "sort_key", "is_active")
    return [
        Hit(
            "Customer",
            number,
            reverse("orders:customer", args=[pk]),
            name,
            "" if is_active else "May not order",
            "",
            name_key == sought.name or sought.is_number(number),
        )
        for pk, number, name, name_key, is_active in rows
    ]


def find_reservations(user: User, sought: Sought) -> list[Hit]:
    """Return the reservation of a number."""
    serial = sought.serial("RV")
    mine = Reservation.objects.for_user(user)
    rows = first_of(
        [mine.filter(pk=serial)] if serial else [],
        *("pk", "product__sku", "customer__name", "project", "status"),
    )
    return [
        Hit(
            "Reservation",
            document_number("RV", pk),
            reverse("reservations:reservation", args=[pk]),
            f"{customer or project} · {sku}",
            Reservation.Status(status).label,
            status,
            sought.is_number(document_number("RV", pk)),
        )
        for pk, sku, customer, project, status in rows
    ]
