"""What transfers are called by others, and what is printed of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse

from core.registry import DocumentLink
from inventory.models import Bin, Lot, Transfer, TransferLine
from inventory.queries.transfers import lines_of
from inventory.services import BinPick


@dataclass(frozen=True, slots=True)
class Taken:
    """Units of a draft's line that would be taken from one bin, and of which lot."""

    bin: Bin
    quantity: Decimal
    lot: Lot | None


def taken_from(lines: Sequence[TransferLine], picks: Sequence[BinPick]) -> dict[int, list[Taken]]:
    """Return by line from which bins it would be sent, in walking order."""
    bins = {place.pk: place for place in Bin.objects.filter(pk__in={pick.bin_id for pick in picks})}
    lots = {lot.pk: lot for lot in Lot.objects.filter(pk__in={pick.lot_id for pick in picks if pick.lot_id})}
    line_of = {line.kept_by_id: line.pk for line in lines}
    found: dict[int, list[Taken]] = defaultdict(list)
    for pick in picks:
        taken = Taken(bins[pick.bin_id], pick.quantity, lots.get(pick.lot_id or 0))
        found[line_of[pick.demand_id]].append(taken)
    return found


def owners_of_kept(demand_ids: Collection[int]) -> Mapping[int, DocumentLink]:
    """Return the transfers that placed demands to keep what they are to send."""
    rows = TransferLine.objects.filter(kept_by__in=demand_ids).select_related("transfer__to_warehouse")
    return {
        line.kept_by_id: DocumentLink(
            "Transfer",
            line.transfer.number,
            reverse("transfers:transfer", args=[line.transfer_id]),
            f"to {line.transfer.to_warehouse}",
        )
        for line in rows
    }


def slip(transfer: Transfer, taken: Mapping[int, Sequence[Taken]]) -> dict[str, Any]:
    """Return what a transfer's slip prints: what is to be taken from which bins, or what was sent."""
    company = transfer.company
    return {
        "logo": company.logo_id,
        "number": transfer.number,
        "is_draft": transfer.status == Transfer.Status.DRAFT,
        "day": (transfer.sent_at or transfer.created_at).astimezone(company.zone).date().isoformat(),
        "expected_on": transfer.expected_on.isoformat(),
        "seller": {"name": company.name, "address": company.address.splitlines(), "email": company.email},
        "from": {"name": transfer.from_warehouse.name, "address": transfer.from_warehouse.address.splitlines()},
        "to": {"name": transfer.to_warehouse.name, "address": transfer.to_warehouse.address.splitlines()},
        "lines": [
            {
                "sku": line.product.sku,
                "description": line.product.name,
                "quantity": str(line.kept if line.sent is None else line.sent),
                "unit": line.product.unit.name,
                "lot": line.lot.code if line.lot else "",
                "bins": [
                    {"bin": one.bin.code, "quantity": str(one.quantity), "lot": one.lot.code if one.lot else ""}
                    for one in taken.get(line.pk, ())
                ],
            }
            for line in lines_of(transfer)
            if line.sent is None or line.sent
        ],
    }
