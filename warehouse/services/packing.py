"""Packing: what lies in totes for an order goes into parcels, which are closed at once, and out again if need be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db import connection

from core import bulk, transitions
from core.models import User
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory.queries.places import ELSEWHERE, warehouse_ids
from orders import services as orders_services
from orders.models import OrderEvent, SalesOrder
from warehouse import events, queries, sql
from warehouse.models import Parcel, ParcelContent


@dataclass(frozen=True, slots=True)
class Packed:
    """Parcels of an order that are closed."""

    order_id: int
    parcel_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """What is to go into one parcel of an order out of a warehouse's totes: units by part id, and what the scale says.

    A parcel that nobody weighed weighs what its products do.
    """

    order_id: int
    warehouse_id: int
    units: Mapping[int, Decimal]
    weight_g: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A parcel of an order that was opened again."""

    order_id: int
    parcel_id: int


class NothingToPack(Blocked):
    """A parcel was to hold what is not there to pack."""

    code = "nothing_to_pack"


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """What a task put into a tote, and no parcel holds yet."""

    task_id: int
    company_id: int
    order_id: int
    part_id: int
    product_id: int
    warehouse_id: int
    quantity: Decimal
    weight_g: Decimal | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class _Filled:
    """What goes into one parcel, and what it weighs where somebody weighed it."""

    contents: Sequence[_Unpacked]
    weight_g: Decimal | None = None


@atomic
def pack_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Packed | Refused]:
    """Pack what is picked of orders, in one parcel per order and warehouse, weighed by its products.

    An order of which everything picked is packed already is left as it is and returned as such.

    :raises NotAllowed: where the actor may not pack.
    """
    require(actor, "warehouse.pack")
    boxes: dict[tuple[int, int], list[_Unpacked]] = defaultdict(list)
    for content in _locked_unpacked(order_ids, actor):
        boxes[content.order_id, content.warehouse_id].append(content)
    filled = [_Filled(contents) for contents in boxes.values()]
    results: dict[int, Packed | Refused] = _pack(filled, actor, at) if filled else {}
    idle = set(order_ids) - results.keys()
    return results | _refused_or_standing(idle, actor) if idle else results


@atomic
def pack_parcels(*, boxes: Sequence[Box], actor: User, at: datetime) -> dict[int, Packed | Refused]:
    """Pack a parcel per box with as many units of each part as it says, and leave the rest in the totes.

    An order of which a box asks for more than is picked and unpacked is refused as a whole. Sent again it packs again:
    the form that asks carries a key.

    :raises NotAllowed: where the actor may not pack.
    """
    require(actor, "warehouse.pack")
    left: dict[tuple[int, int, int], list[_Unpacked]] = defaultdict(list)
    for content in _locked_unpacked([box.order_id for box in boxes], actor):
        left[content.order_id, content.warehouse_id, content.part_id].append(content)
    filled: dict[int, list[_Filled]] = defaultdict(list)
    refused: dict[int, Packed | Refused] = {}
    for box in boxes:
        contents: list[_Unpacked] = []
        for part_id, units in box.units.items():
            found, missing = _taken(left[box.order_id, box.warehouse_id, part_id], units)
            contents += found
            if missing:
                refused.setdefault(box.order_id, NothingToPack(_too_much(units, units - missing)))
        if not contents:
            refused.setdefault(box.order_id, NothingToPack("Nothing was put into the parcel: say how many."))
        filled[box.order_id].append(_Filled(contents, box.weight_g))
    packable = [one for order_id, members in filled.items() if order_id not in refused for one in members]
    return refused | (_pack(packable, actor, at) if packable else {})


def _taken(left: list[_Unpacked], units: Decimal) -> tuple[list[_Unpacked], Decimal]:
    """Take units out of what is left, task by task; return what was taken, and how many units there were not."""
    taken = []
    while units > 0 and left:
        content = left.pop(0)
        quantity = min(content.quantity, units)
        taken.append(replace(content, quantity=quantity))
        units -= quantity
        if quantity < content.quantity:
            left.insert(0, replace(content, quantity=content.quantity - quantity))
    return taken, units


def _too_much(asked: Decimal, there: Decimal) -> str:
    return (
        f"{asked.normalize():f} units were to go into the parcel, and {there.normalize():f} of them are picked and not"
        " in a parcel yet. Look again: somebody may have packed them."
    )


@atomic
def unpack_parcels(*, parcel_ids: Collection[int], actor: User, at: datetime) -> dict[int, Unpacked | Refused]:
    """Open packed parcels that have not left: their goods are in their totes again, to be packed anew.

    A parcel that is unpacked already is returned as such.

    :raises NotAllowed: where the actor may not pack.
    """
    require(actor, "warehouse.pack")
    asked = Parcel.objects.for_user(actor).filter(pk__in=parcel_ids)
    # A dispatch holds its orders, so nothing leaves between the look and the write
    list(SalesOrder.objects.filter(pk__in=asked.values("order_id")).only("pk").locked())
    blocked = queries.unpack_blockers(list(asked.values_list("pk", flat=True)))
    parcels = list(asked.exclude(pk__in=blocked).order_by("pk"))
    packed = [parcel for parcel in parcels if parcel.status == Parcel.Status.PACKED]
    if packed:
        contents = list(ParcelContent.objects.filter(parcel__in=packed).order_by("pk"))
        units: dict[int, Decimal] = defaultdict(Decimal)
        parts: dict[int, Decimal] = defaultdict(Decimal)
        for content in contents:
            units[content.parcel_id] += content.quantity
            parts[content.part_id] -= content.quantity
        orders_services.note_packed(packed=parts)
        transitions.apply(packed, "unpack", at=at)
        _record([(parcel, units[parcel.pk]) for parcel in packed], OrderEvent.Kind.UNPACKED, actor, at)
        order_ids = tuple(dict.fromkeys(parcel.order_id for parcel in packed))
        events.parcels_unpacked.send(
            sender=Parcel, event=events.ParcelsUnpacked(tuple(parcel.pk for parcel in packed), order_ids, at)
        )
    results: dict[int, Unpacked | Refused] = {pk: Blocked.because(blockers) for pk, blockers in blocked.items()}
    return results | {parcel.pk: Unpacked(parcel.order_id, parcel.pk) for parcel in parcels}


def _locked_unpacked(order_ids: Collection[int], actor: User) -> list[_Unpacked]:
    while True:
        with connection.cursor() as cursor:
            cursor.execute(sql.LOCK_UNPACKED, [bulk.array(sorted(set(order_ids))), bulk.array(actor.company_ids)])
            contents = [_Unpacked(*row) for row in cursor.fetchall()]
        if all(content.is_current for content in contents):
            mine = warehouse_ids(actor)
            return [content for content in contents if content.warehouse_id in mine]
        # Somebody picked or packed of these while we waited. The parts are ours now: the next read is of what is there


def _pack(boxes: Collection[_Filled], actor: User, at: datetime) -> dict[int, Packed | Refused]:
    """Put the contents of each box, which are of one order and warehouse, into a parcel of its own."""
    parcels: list[Parcel] = []
    lines: list[ParcelContent] = []
    packed: dict[int, Decimal] = defaultdict(Decimal)
    facts: list[tuple[Parcel, Decimal]] = []
    for box in boxes:
        contents = box.contents
        parcel = Parcel(
            company_id=contents[0].company_id,
            order_id=contents[0].order_id,
            warehouse_id=contents[0].warehouse_id,
            packed_by_id=actor.pk,
            weight_g=_weight(contents) if box.weight_g is None else box.weight_g,
        )
        parcel.pack(at=at)
        parcels.append(parcel)
        facts.append((parcel, sum((content.quantity for content in contents), Decimal(0))))
        for content in contents:
            packed[content.part_id] += content.quantity
            lines.append(
                ParcelContent(
                    parcel=parcel,
                    task_id=content.task_id,
                    part_id=content.part_id,
                    product_id=content.product_id,
                    quantity=content.quantity,
                )
            )
    bulk.insert(parcels, (lines, "parcel"))
    _record(facts, OrderEvent.Kind.PACKED, actor, at)
    orders_services.note_packed(packed=packed)  # with the facts beside it
    results: dict[int, Packed | Refused] = _by_order((parcel.order_id, parcel.pk) for parcel in parcels)
    events.parcels_packed.send(
        sender=Parcel, event=events.ParcelsPacked(tuple(parcel.pk for parcel in parcels), tuple(results), at)
    )
    return results


def _weight(contents: Iterable[_Unpacked]) -> Decimal | None:
    """Return what contents weigh by their products; unknown where one product's weight is."""
    total = Decimal(0)
    for content in contents:
        if content.weight_g is None:
            return None
        total += content.weight_g * content.quantity
    return total


def _record(units: Iterable[tuple[Parcel, Decimal]], kind: OrderEvent.Kind, actor: User, at: datetime) -> None:
    """Tell the order's timeline what was done with parcels and the units in them."""
    facts = [
        orders_services.Fact(
            parcel.order_id,
            parcel.company_id,
            kind,
            "parcel",
            parcel.pk,
            {"parcel": parcel.number, "units": f"{quantity.normalize():f}"},
        )
        for parcel, quantity in units
    ]
    orders_services.record(facts=facts, actor=actor, at=at)


def _refused_or_standing(order_ids: Collection[int], actor: User) -> dict[int, Packed | Refused]:
    """Say of orders that had nothing to pack why, or which parcels of them are packed already."""
    visible = list(SalesOrder.objects.for_user(actor).filter(pk__in=order_ids).values_list("pk", flat=True))
    blocked = queries.blockers(visible, "warehouse.pack")
    standing = [pk for pk, blockers in blocked.items() if blockers[0].code == "already_packed"]
    parcels = Parcel.objects.filter(order_id__in=standing, status=Parcel.Status.PACKED).order_by("pk")
    refused: dict[int, Packed | Refused] = {pk: Blocked.because(blocked.get(pk, [ELSEWHERE])) for pk in visible}
    return refused | (_by_order(parcels.values_list("order_id", "pk")) if standing else {})


def _by_order(parcels: Iterable[tuple[int, int]]) -> dict[int, Packed | Refused]:
    of_order: dict[int, list[int]] = defaultdict(list)
    for order_id, parcel_id in parcels:
        of_order[order_id].append(parcel_id)
    return {order_id: Packed(order_id, tuple(ids)) for order_id, ids in of_order.items()}
