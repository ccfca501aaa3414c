"""The ways out of quarantine: onto a shelf after all, or for scrap, at what the units cost when they left the house."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core import bulk
from core.models import User
from core.money import ZERO, cumulative_share
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import StockPosting
from orders.models import OrderEvent
from returns import queries
from returns.models import QuarantineExit, ReturnLine, ReturnOrder
from returns.services.examining import check_units, locked
from returns.services.requesting import ReturnInvalid, plain, tell

Kind = QuarantineExit.Kind


@dataclass(frozen=True, slots=True)
class Cleared:
    """Quarantined units of a part and where they go; RESTOCK into `bin_id` if given."""

    part_id: int
    kind: QuarantineExit.Kind
    quantity: Decimal
    bin_id: int | None = None
    note: str = ""


@atomic
def clear_quarantine(*, return_id: int, cleared: Sequence[Cleared], actor: User, at: datetime) -> ReturnOrder:
    """Take goods of a return out of quarantine at their original cost, whatever became of the return.

    :raises NotAllowed: where the actor may not inspect.
    :raises Blocked: where nothing of the return is in quarantine.
    :raises ReturnInvalid: where more go than are there, or not in whole steps.
    :raises WarehouseNotReady: where the warehouse has no bin for it.
    """
    require(actor, "returns.inspect")
    order, row, lines = locked(return_id, actor)
    if not any(line.quarantined for line in lines):
        raise Blocked(f"Nothing of {row} is in quarantine.")
    exits = _take_out(cleared, lines, order.company.currency, actor, at)
    lots = queries.lots_of({one.line.pk: one.line for one in exits}.values())
    postings = inventory_services.dispose_returns(
        company_id=row.company_id,
        warehouse_id=row.warehouse_id,
        units=[
            inventory_services.DisposedUnits(
                StockPosting.Kind(one.kind),
                one.line.product_id,
                one.quantity,
                one.value,
                bin_id=one.bin_id,
                lot_id=lots.get(one.line.pk),
            )
            for one in exits
        ],
        reference=row.number,
        actor=actor,
        at=at,
        from_quarantine=True,
    )
    for one in exits:
        one.posting_id = postings[StockPosting.Kind(one.kind)]
    bulk.insert(exits)
    bulk.update(lines, ["quarantined", "quarantined_value"])
    kinds: dict[str, Decimal] = defaultdict(Decimal)
    for one in exits:
        kinds[str(one.kind)] += one.quantity
    said = {"dispositions": {kind: plain(quantity) for kind, quantity in sorted(kinds.items())}}
    tell([row], OrderEvent.Kind.RETURN_CLEARED, actor, at, {row.pk: said})
    return row


def _take_out(
    cleared: Sequence[Cleared], lines: Sequence[ReturnLine], currency: str, actor: User, at: datetime
) -> list[QuarantineExit]:
    """Take units off their lines at their share of what is there, and return their ways out, not saved."""
    exits: list[QuarantineExit] = []
    for one in cleared:
        of_part = [line for line in lines if line.part_id == one.part_id]
        most = sum((line.quarantined for line in of_part), ZERO)
        check_units(one.part_id, one.quantity, lines, most, "is in quarantine" if most == 1 else "are in quarantine")
        rest = one.quantity
        for line in of_part:
            here = min(rest, line.quarantined)
            if here <= 0:
                continue
            value = cumulative_share(
                line.quarantined_value,
                done_before=ZERO,
                done_now=here,
                of=line.quarantined,
                billed_before=ZERO,
                currency=currency,
            )
            line.quarantined -= here
            line.quarantined_value -= value
            rest -= here
            exits.append(
                QuarantineExit(
                    line=line,
                    kind=one.kind,
                    quantity=here,
                    value=value,
                    note=one.note.strip()[:200],
                    bin_id=one.bin_id,
                    decided_by=actor,
                    at=at,
                )
            )
    if not exits:
        raise ReturnInvalid("Say how many units leave quarantine.")
    return exits
