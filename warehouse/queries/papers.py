"""What is printed of waves and parcels: the snapshots of pick lists and packing slips."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Sum

from core import notes
from core.addresses import address_lines, country_name
from orders.models import LinePart
from orders.queries.customers import their_number
from orders.queries.kits import part_name
from warehouse.models import Parcel, ParcelContent, PickTask, Wave


def pick_list(wave: Wave) -> dict[str, Any]:
    """Return what a wave's pick list prints: the tasks still to be picked, along the walk.

    What is said to the warehouse stands with each, as on the walk: of the wave at the top, of what a task is for there.
    """
    planned = wave.tasks.filter(status=PickTask.Status.PLANNED).order_by("pk")
    tasks = planned.select_related("product__unit", "bin", "order", "lot").annotate(
        ordered_sku=F("part__substitution__instead_of__product__sku"),
        said_of_wave=notes.for_warehouse(wave="wave"),
        said=notes.for_warehouse(salesorder="order", customer="order__customer", product="product"),
    )
    return {
        "language": "en",
        "logo": wave.company.logo_id,
        "wave": wave.number,
        "warehouse": {"name": wave.warehouse.name},
        "created_at": wave.released_at.astimezone(wave.company.zone).isoformat(),
        "said": next((task.said_of_wave for task in tasks), []),
        "tasks": [
            {
                "bin": task.bin.code,
                "quantity": str(task.quantity),
                "unit": task.product.unit.name,
                "sku": task.product.sku,
                "description": f"{task.product.name} instead of {task.ordered_sku}"
                if task.ordered_sku
                else task.product.name,
                "lot": task.lot.code if task.lot else "",
                "order": str(task.order),
                "said": task.said,
            }
            for task in tasks
        ],
    }


def packing_slip(parcel: Parcel) -> dict[str, Any]:
    """Return what a parcel's packing slip prints as things stand now: its contents, and what is to follow."""
    order, company, language = parcel.order, parcel.company, parcel.order.customer.language
    parcels = Parcel.objects.filter(order=order, status=Parcel.Status.PACKED)
    siblings = list(parcels.order_by("pk").values_list("pk", flat=True))
    contents = (
        ParcelContent.objects.filter(parcel=parcel)
        .values(
            *("part__line__position", "product__sku", "product__unit__name", "task__lot__code"),
            "task__lot__expires_on",
            called=part_name("part__"),
        )
        .annotate(total=Sum("quantity"), theirs=their_number("parcel__order__customer", "product"))
        .order_by("part__line__position", "product__sku", "task__lot__expires_on", "task__lot__code")
        .values_list(
            *("product__sku", "called", "total", "product__unit__name", "theirs"),
            *("task__lot__code", "task__lot__expires_on"),
        )
    )
    to_follow = (
        LinePart.objects.annotate(total=F("ordered") - F("cancelled") - F("packed"))
        .annotate(theirs=their_number("order__customer", "product"))
        .filter(order=order, total__gt=0)
        .order_by("line__position", "product__sku")
        .values_list("product__sku", part_name(), "total", "product__unit__name", "theirs")
    )
    assert parcel.packed_at is not None
    return {
        "language": language,
        "logo": company.logo_id,
        "number": parcel.number,
        "packed_on": parcel.packed_at.astimezone(company.zone).date().isoformat(),
        "seller": {
            "name": company.name,
            "address": [*company.address.splitlines(), country_name(company.country, language)],
            "email": company.email,
            "phone": company.phone,
        },
        "ship_to": {"name": order.ship_to["name"], "address": address_lines(order.ship_to, language)},
        "order": {
            "number": str(order),
            "ordered_on": order.ordered_on.isoformat(),
            "customer_po": order.po_number,
        },
        "warehouse": {"name": parcel.warehouse.name},
        "parcels": [
            {
                "position": siblings.index(parcel.pk) + 1,
                "of": len(siblings),
                "number": parcel.number,
                "weight_kg": "" if parcel.weight_kg is None else str(parcel.weight_kg),
                "lines": [_slip_line(*row) for row in contents],
            }
        ],
        "to_follow": [_slip_line(*row) for row in to_follow],
    }


def _slip_line(
    sku: str,
    description: str,
    quantity: Decimal,
    unit: str,
    theirs: str,
    lot: str | None = None,
    good_until: date | None = None,
) -> dict[str, str]:
    said = {"sku": sku, "customer_sku": theirs, "description": description, "quantity": str(quantity), "unit": unit}
    return said | {"lot": lot or "", "good_until": good_until.isoformat() if good_until else ""}
