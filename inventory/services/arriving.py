"""Transfers arrive: on a shelf at the cost they left with, to those whom they were promised first; or they are lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from core import bulk, transitions
from core.models import User
from core.money import round_half_up
from core.quantities import in_steps
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory.models import Bin, StockMove, StockPosting, Transfer, TransferLine
from inventory.services.allocating import allocate_demands
from inventory.services.lasting import LotName
from inventory.services.pegging import free_pegs, lock_waiting, peg_later, pegged_demands, settle_promises
from inventory.services.posting import post
from inventory.services.promising import locked_levels
from inventory.services.receiving import ReceiptLine, receive_stock
from inventory.services.serving import serve_pegs
from inventory.services.taking_in import Arrival, TakenIn
from inventory.services.transferring import check_works_in, locked_lines, locked_transfer, note_postings

ZERO = Decimal(0)


@atomic
def take_in_transfer(
    *, transfer_id: int, arrivals: Sequence[Arrival], places: int, actor: User, at: datetime
) -> TakenIn:
    """Take units of a transfer's lines in, all or part; of a last arrival the rest is lost, and written off.

    The demands that were promised them get them first, the most urgent before others, then whatever else waits; those
    whose units are lost look for others like all that wait.

    :raises NotAllowed: where the actor may not receive.
    :raises Blocked: where it is not on its way, a line is not its own, more came than was sent, or the person does not
        work where it arrives.
    """
    require(actor, "inventory.receive")
    transfer = locked_transfer(transfer_id, actor)
    if transfer.status not in Transfer.TRAVELS:
        raise Blocked(f"{transfer} is {transfer.get_status_display().lower()}: nothing of it is expected.")
    check_works_in(actor, transfer.to_warehouse)
    lines = bulk.by_pk(locked_lines([transfer]))
    if not arrivals or not {arrival.line_id for arrival in arrivals} <= lines.keys():
        raise Blocked(f"Say what came of which line of {transfer}.")
    touched = [lines[pk] for pk in dict.fromkeys(arrival.line_id for arrival in arrivals)]
    products = {line.product_id for line in touched}
    pegged = pegged_demands([line.pk for line in touched], to=TransferLine)
    values, lost = _note_arrivals(lines, arrivals, places)
    demands = bulk.by_pk(lock_waiting(products, demand_ids=pegged))
    locked_levels([transfer.company_id], products)
    came = [(arrival, value) for arrival, value in zip(arrivals, values, strict=True) if arrival.quantity]
    postings = []
    if came:
        _check_shelves(transfer, [arrival for arrival, _value in came])
        postings.append(
            receive_stock(
                company_id=transfer.company_id,
                lines=[_receipt(arrival, lines[arrival.line_id], value) for arrival, value in came],
                kind=StockPosting.Kind.TRANSFER,
                reference=transfer.number,
                actor=actor,
                at=at,
            )
        )
    if lost:
        postings.append(_write_off(transfer, lost, actor, at))
    note_postings(transfer, postings)
    got = serve_pegs(
        warehouse=transfer.to_warehouse,
        number=transfer.number,
        came=[(lines[arrival.line_id], arrival.quantity) for arrival, _value in came],
        demands=demands,
        at=at,
    )
    free_pegs([line for line, _units, _value in lost])
    for demand_id, units in allocate_demands(demand_ids=list(demands), at=at).items():
        got[demand_id] = got.get(demand_id, ZERO) + units
    settle_promises(demand_ids=list(demands), at=at, cause="lost" if lost else "received", number=transfer.number)
    open_lines = TransferLine.objects.filter(transfer=transfer, open__gt=0)
    if open_lines.exists():
        transitions.apply([transfer], "receive_part", at=at)
    else:
        transitions.apply([transfer], "receive", at=at, fields=["done_at"])
    peg_later(products)
    return TakenIn(transfer.company_id, postings[0] if came else None, tuple(values), got)


def _note_arrivals(
    lines: dict[int, TransferLine], arrivals: Sequence[Arrival], places: int
) -> tuple[list[Decimal], list[tuple[TransferLine, Decimal, Decimal]]]:
    """Note on locked lines what came and what is lost; return what each arrival is worth, and what is lost.

    What a line left with is settled whole, to the cent, with its last unit.
    """
    changes: dict[int, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(("received", "lost", "settled"), ZERO))
    values, lost = [], []
    for arrival in arrivals:
        line, change = lines[arrival.line_id], changes[arrival.line_id]
        sent = line.sent or ZERO
        if arrival.quantity < 0 or not in_steps(arrival.quantity, line.product.unit.step):
            raise Blocked(f"{arrival.quantity.normalize():f} is no number of units of {line.product.sku}.")
        rest = line.open - change["received"] - change["lost"]
        if arrival.quantity > rest:
            raise Blocked(
                f"{rest.normalize():f} of {line.product.sku} are still on their way, and not"
                f" {arrival.quantity.normalize():f}. Count again; what is over was never sent."
            )
        settled = line.settled + change["settled"]
        left = rest - arrival.quantity
        value = round_half_up(line.value * (sent - left) / sent, places) - settled if sent else ZERO
        value = line.value - settled if not left else max(value, ZERO)
        values.append(value)
        change["received"] += arrival.quantity
        change["settled"] += value
        if arrival.is_last and left:
            worth = line.value - settled - value
            lost.append((line, left, worth))
            change["lost"] += left
            change["settled"] += worth
    bulk.add(TransferLine, dict(changes))
    return values, lost


def _check_shelves(transfer: Transfer, came: Sequence[Arrival]) -> None:
    own = Bin.objects.filter(pk__in={arrival.bin_id for arrival in came}, warehouse=transfer.to_warehouse_id)
    if {arrival.bin_id for arrival in came} - set(own.values_list("pk", flat=True)):
        raise Blocked(f"Put it into a bin of {transfer.to_warehouse}.")


def _receipt(arrival: Arrival, line: TransferLine, value: Decimal) -> ReceiptLine:
    lot = LotName(line.lot.code) if line.lot else None
    return ReceiptLine(arrival.bin_id or 0, line.product_id, arrival.quantity, value, lot)


def _write_off(
    transfer: Transfer, lost: Sequence[tuple[TransferLine, Decimal, Decimal]], actor: User, at: datetime
) -> int:
    """Post units that were lost on the way out of the books, at what they left with."""
    return post(
        StockPosting(
            company_id=transfer.company_id,
            kind=StockPosting.Kind.ADJUSTMENT,
            reference=transfer.number,
            actor=actor,
            at=at,
        ),
        [
            StockMove(
                product_id=line.product_id,
                lot_id=line.lot_id,
                from_place=StockMove.Place.TRANSIT,
                to_place=StockMove.Place.ADJUSTMENT,
                quantity=units,
                value=worth,
            )
            for line, units, worth in lost
        ],
    )
