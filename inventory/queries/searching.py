"""What the search box finds of products, lots, suppliers and what is ordered from them."""

from __future__ import annotations

from django.urls import reverse

from core.models import User
from core.numbering import document_number
from core.registry import Hit
from core.seeking import Sought, first_of
from inventory.models import Lot, Product, Supplier, SupplierOrder


def find_products(user: User, sought: Sought) -> list[Hit]:
    """Return the products whose SKU, or a word of whose name, begins with the text, or whose GTIN it is."""
    mine = Product.objects.for_user(user).exclude(kind=Product.Kind.BALANCE)
    ways = [
        mine.filter(sought.begins("sku")).order_by("sku"),
        *(mine.filter(way).order_by("sort_key") for way in sought.in_names()),
    ]
    if sought.gtins:
        ways.insert(0, mine.filter(gtin__in=sought.gtins).exclude(gtin=""))
    rows = first_of(ways, "pk", "sku", "name", "gtin", "is_active")
    return [
        Hit(
            "Product",
            sku,
            reverse("inventory:product", args=[pk]),
            name,
            "" if is_active else "Not on sale",
            "",
            gtin in sought.gtins or sought.is_number(sku),
        )
        for pk, sku, name, gtin, is_active in rows
    ]


def find_lots(user: User, sought: Sought) -> list[Hit]:
    """Return the lots and serial numbers that begin with the text."""
    rows = first_of(
        [Lot.objects.for_user(user).filter(sought.begins("code")).order_by("code")],
        *("pk", "code", "product__sku", "product__name", "product__tracking"),
    )
    return [
        Hit(
            "Serial number" if tracking == Product.Tracking.SERIAL else "Lot",
            code,
            reverse("inventory:lot", args=[pk]),
            f"{sku} {name}",
            is_exact=sought.is_number(code),
        )
        for pk, code, sku, name, tracking in rows
    ]


def find_suppliers(user: User, sought: Sought) -> list[Hit]:
    """Return the suppliers whose code or name begins with the text."""
    mine = Supplier.objects.for_user(user)
    ways = [
        mine.filter(sought.begins("code")).order_by("code"),
        mine.filter(name__istartswith=sought.text).order_by("name"),
    ]
    return [
        Hit(
            "Supplier",
            code,
            reverse("supply:supplier", args=[pk]),
            name,
            is_exact=sought.is_number(code) or name.casefold() == sought.text.casefold(),
        )
        for pk, code, name in first_of(ways, "pk", "code", "name")
    ]


def find_supplier_orders(user: User, sought: Sought) -> list[Hit]:
    """Return the supplier order of a number, and those whose number at the supplier begins with the text."""
    if not sought.has_digit:
        return []
    mine = SupplierOrder.objects.for_user(user)
    ways = [mine.filter(sought.begins("their_number")).exclude(their_number="").order_by("their_number")]
    serial = sought.serial("PO")
    if serial:
        ways.insert(0, mine.filter(pk=serial))
    rows = first_of(ways, "pk", "their_number", "supplier__name", "status")
    return [
        Hit(
            "Supplier order",
            document_number("PO", pk),
            reverse("supply:order", args=[pk]),
            f"{supplier} · their {their_number}" if their_number else supplier,
            SupplierOrder.Status(status).label,
            status,
            sought.is_number(document_number("PO", pk)) or sought.is_number(their_number),
        )
        for pk, their_number, supplier, status in rows
    ]
