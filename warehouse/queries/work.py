"""How far orders, waves, counts and put-backs are, and why a verb of the warehouse is off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.urls import reverse

from core import notes, registry
from core.models import User
from core.numbering import document_number
from core.reading import each_has, is_one_of
from core.refusals import Blocker
from core.registry import DocumentLink
from inventory.models import Allocation, BinStock, accesses_of
from inventory.queries.places import warehouse_ids
from orders.models import IN_TOTES, LinePart, SalesOrder, ShipPolicy
from orders.queries import holds, ship_policy
from orders.queries.ship_policy import part_may_go
from warehouse import sql
from warehouse.models import Count, Parcel, PickTask, PutBack, Wave

# --- How far orders are ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """How far an order is in the warehouse: its lines by stage, and its tasks."""

    order_id: int
    status: str
    lines: int
    waiting: int  # lines that wait for stock
    to_pack: int  # lines with goods in totes
    to_release: int  # lines with stock that no wave has yet
    warehouses: list[str]  # where that stock lies
    to_pick: int  # tasks
    picked: int  # tasks
    held: int  # lines with stock that a hold keeps from release
    held_to_pack: int  # lines with goods in totes that are on hold themselves
    kept: int  # lines with stock that waits for the rest, as the customer wants it
    ship_policy: str
    ship_minimum: int
    short: int  # tasks that found less than they were for
    reasons: list[str]  # of the holds

    @property
    def holds(self) -> list[str]:
        """Why the order, or lines of it, are on hold, in words."""
        return [holds.sentence(reason) for reason in self.reasons]


def order_facts(order_ids: Collection[int]) -> dict[int, OrderFacts]:
    """Return how far each order is in the warehouse; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql.ORDER_FACTS, [list(order_ids)])
        return {order_id: OrderFacts(order_id, *facts) for order_id, *facts in cursor.fetchall()}


def blockers(order_ids: Collection[int], verb: str) -> dict[int, list[Blocker]]:
    """Return why a verb is off for each order; an order that is not named has nothing against it. One statement.

    Knows "warehouse.release", "warehouse.pick" and "warehouse.pack".

    :raises KeyError: for a verb that is not the warehouse's.
    """
    find = _BLOCKERS[verb]
    found = {order_id: find(facts) for order_id, facts in order_facts(order_ids).items()} if order_ids else {}
    return {order_id: [blocker] for order_id, blocker in found.items() if blocker is not None}


def _release_blocker(facts: OrderFacts) -> Blocker | None:
    if facts.status in {SalesOrder.Status.DRAFT, SalesOrder.Status.REVIEW}:
        return Blocker("not_confirmed", "The order is not confirmed yet.")
    if facts.status in {SalesOrder.Status.COMPLETED, SalesOrder.Status.CLOSED}:
        return Blocker("already_completed", f"The order is {SalesOrder.Status(facts.status).label.lower()}.")
    if facts.status not in {SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED}:
        return Blocker("not_open", f"The order is {SalesOrder.Status(facts.status).label.lower()}.")
    if facts.to_release:
        return None
    if facts.held:
        return Blocker("on_hold", " ".join(facts.holds))
    if facts.kept:
        return Blocker("ships_together", ship_policy.sentence(facts.ship_policy, facts.ship_minimum, facts.waiting))
    if not facts.lines:
        return Blocker("nothing_stocked", "Nothing on this order comes from a shelf.")
    if facts.to_pick or facts.picked:
        if facts.waiting:
            return Blocker(
                "rest_waits", f"Everything allocated is released already. {_lines(facts.waiting)} for stock."
            )
        return Blocker("already_released", "Everything allocated is released already.")
    return Blocker("nothing_allocated", f"Nothing is allocated yet: {_lines(facts.waiting)} for stock.")


def _pick_blocker(facts: OrderFacts) -> Blocker | None:
    if facts.to_pick:
        return None
    if facts.picked:
        return Blocker("already_picked", "Everything released is picked already.")
    return Blocker("not_released", "Nothing is released to the warehouse yet.")


def _pack_blocker(facts: OrderFacts) -> Blocker | None:
    if facts.to_pack:
        return None
    if facts.held_to_pack:
        return Blocker("on_hold", " ".join(facts.holds))
    if facts.picked:
        return Blocker("already_packed", "Everything picked is packed already.")
    return Blocker("not_picked", "Nothing is picked yet.")


def _lines(count: int) -> str:
    return "1 line waits" if count == 1 else f"{count} lines wait"


_BLOCKERS: Mapping[str, Callable[[OrderFacts], Blocker | None]] = {
    "warehouse.release": _release_blocker,
    "warehouse.pick": _pick_blocker,
    "warehouse.pack": _pack_blocker,
}


def unpack_blockers(parcel_ids: Collection[int]) -> dict[int, list[Blocker]]:
    """Return why packed parcels cannot be opened again; one that is not named has nothing against it."""
    gone = {pk for departures in registry.departures for pk in departures(parcel_ids)} if parcel_ids else set()
    return {pk: [Blocker("parcel_left", f"{document_number('P', pk)} has left the house.")] for pk in sorted(gone)}


# --- Queues ---------------------------------------------------------------------------------------

# Conditions on an order, for the tabs of the queues.
_FIRM = LinePart.objects.filter(order=OuterRef("pk"), demand__allocations__status=Allocation.Status.FIRM)
# Most orders go as they are; only where a hold or a rule may keep something back, each part is asked
_GOES_WHOLE = Q(~holds.order_is_held(), ship_policy=ShipPolicy.PARTIAL, ship_minimum=0)
HAS_STOCK_TO_RELEASE = Q(to_release=True) & (
    _GOES_WHOLE | Q(each_has(_FIRM.filter(~holds.part_is_held(), part_may_go())))
)
# Few orders are on hold: they are found first
HAS_STOCK_ON_HOLD = Q(holds.ORDER_IS_HELD, to_release=True) & (
    Q(holds.whole_order_is_held()) | Q(each_has(_FIRM.filter(holds.part_is_held())))
)
# What waits, what lies in totes, and tasks that are still to be done are few and have indexes: they are looked up first
WAITS_FOR_STOCK = Q(is_one_of(LinePart.objects.filter(demand__backordered__gt=0).values("order")))
HAS_GOODS_TO_PACK = Q(is_one_of(LinePart.objects.filter(~holds.line_is_held(), IN_TOTES).values("order")))
_PLANNED = PickTask.objects.filter(status=PickTask.Status.PLANNED)
IS_BEING_PICKED = Q(is_one_of(_PLANNED.values("order")))
IS_NOT_BEING_PICKED = ~Q(each_has(_PLANNED.filter(order=OuterRef("pk"))))


def orders_with_the_warehouse(user: User, *statuses: SalesOrder.Status) -> QuerySet[SalesOrder]:
    """Return the orders of the person's companies in some statuses, with their customers.

    Who is kept to some warehouses gets those of which something is promised there.
    """
    mine = accesses_of(user)
    here = LinePart.objects.filter(
        order=OuterRef("pk"), demand__allocations__level__warehouse__in=mine.values("warehouse")
    )
    orders = SalesOrder.objects.for_user(user).filter(status__in=statuses).select_related("customer")
    return orders.filter(Q(~Exists(mine)) | Q(Exists(here)))


@dataclass(frozen=True, slots=True)
class WaveFacts:
    """How far a wave is."""

    tasks: int
    picked: int
    orders: int
    requested_on: date | None
    short: int


def waves(user: User) -> QuerySet[Wave]:
    """Return the waves of the person's companies, with what a row shows of them."""
    return Wave.objects.for_user(user).select_related("warehouse", "released_by")


def wave_facts(wave_ids: Collection[int]) -> dict[int, WaveFacts]:
    """Return how far each wave is; one statement."""
    found = {pk: WaveFacts(0, 0, 0, None, 0) for pk in wave_ids}  # a wave all of whose picks were called off has none
    with connection.cursor() as cursor:
        cursor.execute(sql.WAVE_FACTS, [list(wave_ids)])
        return found | {row[0]: WaveFacts(*row[1:]) for row in cursor.fetchall()}


def next_task(wave_id: int, *, after: int = 0) -> PickTask | None:
    """Return the next task to pick of a wave: the first beyond `after` on the walk, or else the first of all."""
    planned = (
        PickTask.objects.filter(wave_id=wave_id, status=PickTask.Status.PLANNED)
        .select_related("product__unit", "bin", "tote", "order", "lot")
        .annotate(
            said=notes.for_warehouse(wave="wave", salesorder="order", customer="order__customer", product="product")
        )
    )
    # The order of a wave's tasks is the walk: they were numbered along it
    return planned.filter(pk__gt=after).order_by("pk").first() or (planned.order_by("pk").first() if after else None)


def said_of_short(new_task_ids: Sequence[int], waiting: Decimal) -> str:
    """Say where the rest of a short pick comes from: bins and warehouses of its new tasks, or that it waits."""
    said = [
        f"{task.quantity.normalize():f} from {task.bin.code}"
        + (f" in {task.wave.warehouse} ({task.wave})" if task.wave.warehouse_id != task.bin.warehouse_id else "")
        for task in PickTask.objects.filter(pk__in=new_task_ids).select_related("bin", "wave__warehouse").order_by("pk")
    ]
    if waiting:
        said.append(f"{waiting.normalize():f} wait{'s' if waiting == 1 else ''} for stock")
    return f"The rest: {', '.join(said)}. The bin is on the list to check."


def emptied(task: PickTask) -> PickTask | None:
    """Return a pick whose bin holds nothing more by the books, where pickers of its warehouse are asked about it."""
    if not task.wave.warehouse.asks_if_empty:
        return None
    return None if BinStock.objects.filter(bin=task.bin_id, quantity__gt=0).exists() else task


def counts(user: User) -> QuerySet[Count]:
    """Return the counts of the person's companies, with what a row shows of them."""
    return Count.objects.for_user(user).select_related(
        "warehouse", "bin", "product__unit", "lot", "task__order", "asked_by", "counted_by"
    )


@dataclass(frozen=True, slots=True)
class BinFacts:
    """What the books say of a bin that is to be counted."""

    quantity: Decimal
    to_pick: Decimal
    blocked: Decimal


def bin_facts(rows: Sequence[Count]) -> dict[int, BinFacts]:
    """Return what the books say of the bins of counts, by count id; one statement."""
    stocks = BinStock.objects.filter(
        product__in={row.product_id for row in rows}, bin__in={row.bin_id for row in rows}
    ).values_list("product_id", "bin_id", "lot_id", "quantity", "allocated", "blocked")
    found: dict[tuple[int, int, int | None], BinFacts] = {}
    for product_id, bin_id, lot_id, quantity, to_pick, blocked in stocks:
        found[product_id, bin_id, lot_id] = BinFacts(quantity, to_pick, blocked)
    return {row.pk: found[row.product_id, row.bin_id, row.lot_id] for row in rows}


def put_backs(user: User) -> QuerySet[PutBack]:
    """Return the put-backs of the person's companies, with what a row shows of them."""
    return PutBack.objects.for_user(user).select_related(
        "product__unit", "order", "tote", "bin", "warehouse", "done_by", "task__lot"
    )


def next_put_back(user: User, *, after: int = 0) -> tuple[PutBack | None, int]:
    """Return the next goods to be put back, after a key or else the first of all, and how many are left (up to 100)."""
    planned = put_backs(user).filter(status=PutBack.Status.PLANNED).order_by("pk")
    found = planned.filter(pk__gt=after).first() or (planned.first() if after else None)
    return found, planned[:100].count()


# --- An order's page ------------------------------------------------------------------------------


def tasks_of_order(order_id: int, user: User) -> QuerySet[PickTask]:
    """Return an order's pick tasks in the person's warehouses, wave by wave along the walk."""
    return (
        PickTask.objects.for_user(user)
        .filter(order_id=order_id)
        .select_related("wave__warehouse", "product__unit", "bin", "picked_by", "lot")
        .order_by("wave_id", "pk")
    )


def parcels_of_order(order_id: int, user: User) -> QuerySet[Parcel]:
    """Return an order's packed parcels in the person's warehouses, with how many units each holds."""
    return (
        Parcel.objects.for_user(user)
        .filter(order_id=order_id, status=Parcel.Status.PACKED)
        .select_related("warehouse")
        .annotate(units=Sum("contents__quantity"))
        .order_by("pk")
    )


def order_panel(order_id: int, user: User, _at: datetime) -> dict[str, Any]:
    """Return what the warehouse shows on an order's page."""
    tasks, parcels = list(tasks_of_order(order_id, user)), list(parcels_of_order(order_id, user))
    waves = {task.wave_id: task.wave for task in tasks}
    documents = [
        *(
            DocumentLink("Waves", wave.number, reverse("warehouse:wave", args=[pk]), wave.get_status_display().lower())
            for pk, wave in waves.items()
        ),
        *(
            DocumentLink("Packing slips", parcel.number, reverse("warehouse:packing_slip", args=[parcel.pk]))
            for parcel in parcels
        ),
    ]
    back = put_backs(user).filter(order=order_id).order_by("pk") if any(task.recalled for task in tasks) else []
    return {"tasks": tasks, "parcels": parcels, "put_backs": list(back), "documents": documents}


# --- The packing desk -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnpackedLine:
    """Units of one line that lie in a warehouse's totes and are to be packed."""

    warehouse_id: int
    part_id: int
    position: int
    sku: str
    gtin: str
    description: str
    unit: str
    step: Decimal
    quantity: Decimal


def unpacked_lines(order_id: int, user: User) -> dict[int, list[UnpackedLine]]:
    """Return what is to be packed of an order in the person's warehouses, by their ids in the order of its lines."""
    of_warehouse: dict[int, list[UnpackedLine]] = {}
    mine = warehouse_ids(user)
    with connection.cursor() as cursor:
        cursor.execute(sql.UNPACKED_UNITS, [order_id])
        for row in cursor.fetchall():
            line = UnpackedLine(*row)
            if line.warehouse_id in mine:
                of_warehouse.setdefault(line.warehouse_id, []).append(line)
    return of_warehouse


def counted_bins(bin_ids: Collection[int]) -> set[int]:
    """Return which of some bins are to be checked."""
    return set(Count.objects.filter(bin__in=bin_ids, status=Count.Status.OPEN).values_list("bin_id", flat=True))
