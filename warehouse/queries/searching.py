"""What the search box finds on the floor: waves, parcels, transfers and bins to check."""

from __future__ import annotations

from django.urls import reverse

from core.models import User
from core.numbering import document_number
from core.registry import Hit
from core.seeking import Sought, first_of
from inventory.models import Transfer
from warehouse.models import Count, Parcel, Wave


def find_waves(user: User, sought: Sought) -> list[Hit]:
    """Return the wave of a number."""
    serial = sought.serial("W")
    ways = [Wave.objects.for_user(user).filter(pk=serial)] if serial else []
    return [
        _hit("Wave", "W", pk, reverse("warehouse:wave", args=[pk]), warehouse, Wave.Status(status), sought)
        for pk, warehouse, status in first_of(ways, "pk", "warehouse__name", "status")
    ]


def find_parcels(user: User, sought: Sought) -> list[Hit]:
    """Return the parcel of a number: it leads to its order, or else to where the person meets parcels."""
    serial = sought.serial("P")
    ways = [Parcel.objects.for_user(user).filter(pk=serial)] if serial else []
    rows = first_of(ways, "pk", "order_id", "order__number", "order__customer__name", "status")
    return [
        _hit("Parcel", "P", pk, _page_of(user, pk, order), f"{number} · {customer}", Parcel.Status(status), sought)
        for pk, order, number, customer, status in rows
    ]


def _page_of(user: User, parcel_id: int, order_id: int) -> str:
    """Return where a person sees a parcel: on its order's page, at the packing desk, or on its slip."""
    for verb, page in (("orders.view", "orders:detail"), ("warehouse.pack", "warehouse:pack_order")):
        if user.can(verb):
            return reverse(page, args=[order_id])
    return reverse("warehouse:packing_slip", args=[parcel_id])


def find_transfers(user: User, sought: Sought) -> list[Hit]:
    """Return the transfer of a number."""
    serial = sought.serial("TR")
    ways = [Transfer.objects.for_user(user).filter(pk=serial)] if serial else []
    return [
        _hit(
            *("Transfer", "TR", pk, reverse("transfers:transfer", args=[pk])),
            *(f"{sender} to {receiver}", Transfer.Status(status), sought),
        )
        for pk, sender, receiver, status in first_of(ways, "pk", "from_warehouse__name", "to_warehouse__name", "status")
    ]


def find_counts(user: User, sought: Sought) -> list[Hit]:
    """Return the bin to check of a number."""
    serial = sought.serial("C")
    ways = [Count.objects.for_user(user).filter(pk=serial)] if serial else []
    return [
        _hit(
            *("Bin check", "C", pk, reverse("warehouse:count", args=[pk])),
            *(f"{place} · {sku}", Count.Status(status), sought),
        )
        for pk, place, sku, status in first_of(ways, "pk", "bin__code", "product__sku", "status")
    ]


def _hit(
    kind: str,
    prefix: str,
    pk: int,
    url: str,
    party: str,
    status: Wave.Status | Parcel.Status | Transfer.Status | Count.Status,
    sought: Sought,
) -> Hit:
    number = document_number(prefix, pk)
    return Hit(kind, number, url, party, str(status.label), str(status.value), sought.is_number(number))
