"""Packing: what lies in totes for an order goes into one parcel per warehouse, which is closed at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from core import bulk
from core.models import User
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
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


@atomic
def pack_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Packed | Refused]:
    """Pack what is picked of orders, in one parcel per order and warehouse, weighed by its products.

    An order of which everything picked is packed already is left as it is and returned as such.

    :raises NotAllowed: where the actor may not pack.
    """
    require(actor, "warehouse.pack")
    contents = _locked_unpacked(order_ids, actor)
    results: dict[int, Packed | Refused] = {}
    if contents:
        results |= _pack(contents, actor, at)
    idle = set(order_ids) - results.keys()
    return results | _refused_or_standing(idle, actor) if idle else results


def _locked_unpacked(order_ids: Collection[int], actor: User) -> list[_Unpacked]:
    while True:
        with connection.cursor() as cursor:
            cursor.execute(sql.LOCK_UNPACKED, [sorted(set(order_ids)), actor.company_ids])
            contents = [_Unpacked(*row) for row in cursor.fetchall()]
        if all(content.is_current for content in contents):
            return contents
        # Somebody picked or packed of these while we waited. The parts are ours now: the next read is of what is there


def _pack(contents: list[_Unpacked], actor: User, at: datetime) -> dict[int, Packed | Refused]:
    parcels: dict[tuple[int, int], Parcel] = {}
    lines: list[ParcelContent] = []
    units: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    packed: dict[int, Decimal] = defaultdict(Decimal)
    for content in contents:
        key = (content.order_id, content.warehouse_id)
        parcel = parcels.setdefault(
            key,
            Parcel(
                company_id=content.company_id,
                order_id=content.order_id,
                warehouse_id=content.warehouse_id,
                packed_by=actor,
                weight_g=Decimal(0),
            ),
        )
        # A parcel with one product of unknown weight has no known weight
        if parcel.weight_g is None or content.weight_g is None:
            parcel.weight_g = None
        else:
            parcel.weight_g += content.weight_g * content.quantity
        lines.append(
            ParcelContent(
                parcel=parcel,
                task_id=content.task_id,
                part_id=content.part_id,
                product_id=content.product_id,
                quantity=content.quantity,
            )
        )
        packed[content.part_id] += content.quantity
        units[key] += content.quantity
    for parcel in parcels.values():
        parcel.pack(at=at)
    bulk.insert(list(parcels.values()), (lines, "parcel"))
    orders_services.note_packed(packed=packed)
    orders_services.record(
        facts=[
            orders_services.Fact(
                parcel.order_id,
                parcel.company_id,
                OrderEvent.Kind.PACKED,
                "parcel",
                parcel.pk,
                {"parcel": parcel.number, "units": f"{units[key].normalize():f}"},
            )
            for key, parcel in parcels.items()
        ],
        actor=actor,
        at=at,
    )
    results: dict[int, Packed | Refused] = _by_order([(parcel.order_id, parcel.pk) for parcel in parcels.values()])
    events.parcels_packed.send(
        sender=Parcel,
        event=events.ParcelsPacked(tuple(parcel.pk for parcel in parcels.values()), tuple(results), at),
    )
    return results


def _refused_or_standing(order_ids: Collection[int], actor: User) -> dict[int, Packed | Refused]:
    """Say of orders that had nothing to pack why, or which parcels of them are packed already."""
    visible = SalesOrder.objects.for_user(actor).filter(pk__in=order_ids).values_list("pk", flat=True)
    blocked = queries.blockers(list(visible), "warehouse.pack")
    standing = [pk for pk, blockers in blocked.items() if blockers[0].code == "already_packed"]
    parcels = Parcel.objects.filter(order_id__in=standing, status=Parcel.Status.PACKED).order_by("pk")
    refused: dict[int, Packed | Refused] = {pk: Blocked.because(blockers) for pk, blockers in blocked.items()}
    return refused | (_by_order(parcels.values_list("order_id", "pk")) if standing else {})


def _by_order(parcels: Iterable[tuple[int, int]]) -> dict[int, Packed | Refused]:
    of_order: dict[int, list[int]] = defaultdict(list)
    for order_id, parcel_id in parcels:
        of_order[order_id].append(parcel_id)
    return {order_id: Packed(order_id, tuple(ids)) for order_id, ids in of_order.items()}
