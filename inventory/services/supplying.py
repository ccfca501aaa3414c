"""Supplier orders: made, approved, sent, dated anew and called off, and with them what is pegged to their lines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from core import bulk, transitions
from core.models import User
from core.quantities import in_steps
from core.refusals import Blocked, ChangedMeanwhile, Refused
from core.roles import require
from core.transactions import atomic
from inventory.models import (
    BrokenPeg,
    Demand,
    Product,
    Supplier,
    SupplierItem,
    SupplierOrder,
    SupplierOrderLine,
    Warehouse,
)
from inventory.queries.supply import TO_BE_INSPECTED
from inventory.services.pegging import (
    Line,
    ask,
    free_pegs,
    lock_supply,
    lock_transfers,
    lock_waiting,
    peg_waiting,
    pegged_demands,
    pegged_of_demands,
)

ZERO = Decimal(0)
Status = SupplierOrder.Status


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of a product that a supplier is to bring; cost and day are the supplier's usual ones unless given."""

    product_id: int
    quantity: Decimal
    unit_cost: Decimal | None = None
    expected_on: date | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A supplier order that a verb was carried out on, or that stood so already."""

    order_id: int
    number: str


@atomic
def draft_supplier_order(
    *, supplier_id: int, warehouse_id: int, wanted: Sequence[Wanted], actor: User, at: datetime
) -> int:
    """Write an order to a supplier down as a draft, and return its id.

    :raises NotAllowed: where the actor may not buy.
    :raises Blocked: where supplier, warehouse or products are not the company's, or nothing is wanted.
    """
    require(actor, "inventory.purchase")
    sellers = Supplier.objects.for_user(actor).select_related("company", "calendar")
    supplier = sellers.filter(pk=supplier_id, is_active=True).first()
    if supplier is None:
        raise Blocked("This supplier takes no orders of yours.")
    if not Warehouse.objects.for_user(actor).filter(pk=warehouse_id, company=supplier.company_id).exists():
        raise Blocked("Goods can be ordered into warehouses of your own company only.")
    return write_drafts(drafts={(supplier, warehouse_id): wanted}, is_suggested=False, actor=actor, at=at)[0].pk


def write_drafts(
    *,
    drafts: Mapping[tuple[Supplier, int], Sequence[Wanted]],
    is_suggested: bool,
    actor: User,
    at: datetime,
) -> list[SupplierOrder]:
    """Write drafts, by supplier and warehouse, with their lines.

    :raises Blocked: where a product is none of the company's stock, or a quantity none of its unit.
    """
    orders, lines = [], []
    for (supplier, warehouse_id), wanted in drafts.items():
        made = lines_of(supplier, wanted, at.date())
        order = SupplierOrder(
            company_id=supplier.company_id,
            supplier=supplier,
            warehouse_id=warehouse_id,
            is_suggested=is_suggested,
            expected_on=max(line.expected_on for line in made),
            created_by=actor,
            created_at=at,
        )
        for line in made:
            line.order = order
        orders.append(order)
        lines += made
    bulk.insert(orders, (lines, "order"))
    return orders


def lines_of(supplier: Supplier, wanted: Sequence[Wanted], today: date, *, after: int = 0) -> list[SupplierOrderLine]:
    """Return an order's lines for what is wanted, on the supplier's terms; positions go on from `after`.

    :raises Blocked: where a product is none of the company's stock, or a quantity none of its unit.
    """
    if not wanted:
        raise Blocked("An order to a supplier needs a line.")
    ids = {one.product_id for one in wanted}
    products = Product.objects.filter(pk__in=ids, company=supplier.company_id, kind=Product.Kind.STOCK)
    known = {product.pk: product for product in products.select_related("unit")}
    items = {
        item.product_id: item
        for item in SupplierItem.objects.filter(supplier=supplier, product__in=ids).prefetch_related("breaks")
    }
    lines = []
    for position, one in enumerate(wanted, after + 1):
        product, item = known.get(one.product_id), items.get(one.product_id)
        if product is None:
            raise Blocked("Only stock of your own company can be ordered.")
        if one.quantity <= 0 or not in_steps(one.quantity, product.unit.step):
            raise Blocked(f"{one.quantity.normalize():f} is no number of units of {product.sku}.")
        lines.append(
            SupplierOrderLine(
                position=position,
                product=product,
                part_number=item.part_number if item else "",
                quantity=one.quantity,
                unit_cost=one.unit_cost if one.unit_cost is not None else cost_of(item, one.quantity),
                over_percent=supplier.over_percent,
                expected_on=one.expected_on or brings_on(supplier, item, today),
            )
        )
    return lines


def cost_of(item: SupplierItem | None, quantity: Decimal) -> Decimal:
    """Return what a unit costs where this many are bought; nothing is known of what the supplier does not list."""
    if item is None:
        return ZERO
    reached = [step for step in item.breaks.all() if step.quantity <= quantity]
    return max(reached, key=lambda step: step.quantity).unit_cost if reached else item.unit_cost


def brings_on(supplier: Supplier, item: SupplierItem | None, today: date) -> date:
    """Return the day on which a supplier brings an item that is ordered today; it begins on their next working day."""
    days = supplier.lead_days if item is None or item.lead_days is None else item.lead_days
    return supplier.days.working_day(today, after=days)


@atomic
def approve_supplier_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Done | Refused]:
    """Say yes to drafts; an order that has been approved already is left as it is.

    :raises NotAllowed: where the actor may not approve.
    """
    require(actor, "inventory.approve_supply")
    orders = locked_orders(order_ids, actor)
    drafts = [order for order in orders if order.status == Status.DRAFT]
    for order in drafts:
        order.approved_by = actor
    transitions.apply(drafts, "approve", at=at, fields=["approved_at", "approved_by"])
    return _results(orders, Status.APPROVED, *SupplierOrder.OPEN)


@atomic
def send_supplier_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Done | Refused]:
    """Note that suppliers have their orders: these are dated supply now, and what waits is pegged to them.

    :raises NotAllowed: where the actor may not buy.
    """
    require(actor, "inventory.purchase")
    orders = locked_orders(order_ids, actor)
    mark_sent(orders, at)
    return _results(orders, *SupplierOrder.OPEN)


def mark_sent(orders: Iterable[SupplierOrder], at: datetime) -> None:
    """Make dated supply of those locked orders that are approved, and peg what waits to them."""
    sent = [order for order in orders if order.status == Status.APPROVED]
    transitions.apply(sent, "send", at=at, fields=["sent_at"])
    if sent:
        products = set(SupplierOrderLine.objects.filter(order__in=sent).values_list("product_id", flat=True))
        lines: list[Line] = [*lock_supply(products), *lock_transfers(products)]
        number = sent[0].number if len(sent) == 1 else ""
        peg_waiting(lines=lines, demands=lock_waiting(products), at=at, cause="ordered", number=number)


@atomic
def acknowledge_supplier_order(
    *, order_id: int, their_number: str, dates: Mapping[int, date], actor: User, at: datetime
) -> None:
    """Note what a supplier answered: their number, and the days on which lines come, by line id.

    Where a day moves, so do the promises on it, and their orders are told. Sent again it changes nothing.

    :raises NotAllowed: where the actor may not buy.
    :raises Blocked: where the order is not on its way, or has no such line.
    """
    require(actor, "inventory.purchase")
    order = one_locked(order_id, actor)
    if order.status not in SupplierOrder.OPEN:
        raise Blocked(f"{order} is {order.get_status_display().lower()}: it has no dates to change.")
    own = {line.pk: line for line in SupplierOrderLine.objects.filter(order=order)}
    if dates.keys() - own.keys():
        raise Blocked(f"{order} has no such line.")
    moved = {pk for pk, day in dates.items() if own[pk].expected_on != day}
    if moved:
        _move(order, {pk: dates[pk] for pk in moved}, at)
    order.their_number = their_number
    order.expected_on = max(dates.get(pk, line.expected_on) for pk, line in own.items())
    bulk.update([order], ["their_number", "expected_on"])
    if order.status == Status.SENT:
        transitions.apply([order], "acknowledge", at=at)


def _move(order: SupplierOrder, dates: Mapping[int, date], at: datetime) -> None:
    """Give lines other days, and what is pegged to them what comes first now; nobody else is served before."""
    products = set(SupplierOrderLine.objects.filter(pk__in=dates).values_list("product_id", flat=True))
    lines = lock_supply(products)
    coming = lock_transfers(products)
    moved = [line for line in lines if line.pk in dates]
    first = pegged_demands([line.pk for line in moved])
    for line in moved:
        line.expected_on = dates[line.pk]
    bulk.update(moved, ["expected_on"])
    demands = lock_waiting(products, demand_ids=first)
    free_pegs(moved)
    peg_waiting(lines=[*lines, *coming], demands=demands, first=first, at=at, cause="moved", number=order.number)


@atomic
def cancel_supplier_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Done | Refused]:
    """Call off orders of which nothing came: what waited for them waits for other supply, and its orders are told.

    Nothing else is done to these: the sales desk is asked what happens with each (case 45).

    :raises NotAllowed: where the actor may not buy.
    """
    require(actor, "inventory.purchase")
    orders = locked_orders(order_ids, actor)
    drafts = [order for order in orders if order.status in (Status.DRAFT, Status.APPROVED)]
    transitions.apply(drafts, "cancel", at=at, fields=["done_at"])
    _call_off([order for order in orders if order.status in (Status.SENT, Status.ACKNOWLEDGED)], "cancel", at)
    return _results(orders, Status.CANCELLED)


@atomic
def close_supplier_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Done | Refused]:
    """Close orders of which part came: the rest is not expected any more, as if it were cancelled.

    An order of which something waits for inspection is left open.

    :raises NotAllowed: where the actor may neither buy nor receive.
    """
    require(actor, "inventory.receive" if actor.can("inventory.receive") else "inventory.purchase")
    orders = locked_orders(order_ids, actor)
    inspecting = SupplierOrderLine.objects.filter(order__in=orders, inspecting__gt=0)
    waiting = set(inspecting.values_list("order_id", flat=True))
    ending = [order for order in orders if order.status in (Status.PART_RECEIVED, Status.RECEIVED)]
    _call_off([order for order in ending if order.pk not in waiting], "close", at)
    return _results(orders, Status.CLOSED) | {
        order.pk: Blocked.because([TO_BE_INSPECTED]) for order in ending if order.pk in waiting
    }


def _call_off(orders: Sequence[SupplierOrder], verb: str, at: datetime) -> None:
    """End locked orders with a verb: what is open of their lines does not come, and what was pegged to that is told.

    The lines of all are locked before any demand.
    """
    if not orders:
        return
    own = SupplierOrderLine.objects.filter(order__in=orders, open__gt=0)
    products = set(own.values_list("product_id", flat=True))
    ids = {order.pk for order in orders}
    lines = lock_supply(products)
    coming = lock_transfers(products)
    ended = [line for line in lines if line.order_id in ids]
    first = pegged_demands([line.pk for line in ended])
    bulk.add(SupplierOrderLine, {line.pk: {"cancelled": line.open} for line in ended})
    demands = lock_waiting(products, demand_ids=first)
    broken = free_pegs(ended)
    transitions.apply(orders, verb, at=at, fields=["done_at"])
    rest: list[Line] = [*(line for line in lines if line.order_id not in ids), *coming]
    numbers = ", ".join(order.number for order in orders)
    peg_waiting(lines=rest, demands=demands, first=first, at=at, cause="cancelled", number=numbers)
    ask_orders(broken, [demand for demand in demands if demand.pk in first], at)


def ask_orders(broken: Mapping[tuple[int, int], Decimal], demands: Iterable[Demand], at: datetime) -> None:
    """Ask the sales desk about units of locked demands that lost their supply and found no other."""
    by_pk = {demand.pk: demand for demand in demands}
    has = pegged_of_demands(list(by_pk))
    lacking = {pk: demand.backordered - has[pk] for pk, demand in by_pk.items()}
    asked: dict[tuple[int, int], Decimal] = {}
    for (demand_id, line_id), quantity in broken.items():
        units = min(quantity, lacking[demand_id])
        if units > 0:
            asked[demand_id, line_id] = units
            lacking[demand_id] -= units
    company_of = {pk: demand.company_id for pk, demand in by_pk.items()}
    ask(kind=BrokenPeg.Kind.ORDER_WAITS, broken=asked, company_of=company_of, at=at)


def finish(order: SupplierOrder, at: datetime) -> None:
    """Bring a locked order that is on its way to the state of its lines, which the caller has changed."""
    lines = list(SupplierOrderLine.objects.filter(order=order))
    if order.status not in SupplierOrder.OPEN:
        return
    came = any(line.received or line.inspecting for line in lines)
    if not any(line.open for line in lines):
        transitions.apply([order], "receive" if came else "cancel", at=at, fields=["done_at"])
    elif came:
        transitions.apply([order], "receive_part", at=at)


def locked_orders(order_ids: Collection[int], actor: User, *bring: str) -> list[SupplierOrder]:
    """Lock the supplier orders that the actor may see, and bring what they refer to."""
    rows = SupplierOrder.objects.for_user(actor).filter(pk__in=order_ids).select_related(*bring)
    return list(rows.locked())


def one_locked(order_id: int, actor: User, *bring: str) -> SupplierOrder:
    """Lock one supplier order, and bring what it refers to.

    :raises Blocked: where the actor sees no such order.
    """
    found = locked_orders([order_id], actor, *bring)
    if not found:
        raise Blocked("There is no such supplier order.")
    return found[0]


def _results(orders: Iterable[SupplierOrder], *reached: str) -> dict[int, Done | Refused]:
    return {
        order.pk: Done(order.pk, order.number)
        if order.status in reached
        else ChangedMeanwhile(f"{order} is {order.get_status_display().lower()}.")
        for order in orders
    }
