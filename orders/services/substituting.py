"""Substituting: another product is shipped for units of a line, at the line's price (PRODUCT.md D8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core import bulk
from core.models import User
from core.quantities import in_steps
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Product
from inventory.queries.substitutes import StandIn, stand_ins
from orders import queries
from orders.models import LinePart, OrderEvent, SalesOrder, SalesOrderLine, Substitutes, Substitution
from orders.queries import substituting
from orders.services.allocating import set_allocation
from orders.services.cutting import cancel_units
from orders.services.recording import Fact, record

Status = SalesOrder.Status


@dataclass(frozen=True, slots=True)
class Answer:
    """Who at the customer's took a substitute, and on what day."""

    by: str
    on: date


@dataclass(frozen=True, slots=True)
class Substituted:
    """Units of a line for which another product is shipped, and how many of them have stock."""

    order_id: int
    quantity: Decimal
    allocated: Decimal


@atomic
def substitute(
    *,
    line_id: int,
    product_id: int,
    quantity: Decimal,
    answer: Answer | None = None,
    actor: User,
    at: datetime,
) -> Substituted:
    """Ship another product for units of a line that nobody picked and no pick was planned for; the price stays.

    Of a draft all of a line becomes the other product. Of a confirmed order the line gets one more part, and the part
    that was ordered is cancelled by as many units: the line is owed and billed as before.

    :raises NotAllowed: where the actor may not substitute.
    :raises Blocked: where the customer takes none, was not asked, or there are not as many units left to substitute.
    """
    require(actor, "orders.substitute")
    named = SalesOrderLine.objects.filter(pk=line_id).values_list("order_id", flat=True)
    orders = queries.locked_orders(actor.company_ids, list(named))
    if not orders:
        raise Blocked("There is no such line.")
    (order,) = orders
    (line,) = SalesOrderLine.objects.filter(pk=line_id).select_related("product__unit").locked()
    if line.product.kind != Product.Kind.STOCK:
        raise Blocked("Only goods can be substituted; of a kit, nothing can.")
    other = next((one for one in stand_ins(line.product, at.date()) if one.product.pk == product_id), None)
    if other is None:
        raise Blocked(f"This product does not stand in for {line.product.sku}.")
    _check_answer(order, other, answer, at)
    if order.status in {Status.DRAFT, Status.REVIEW}:
        return _of_draft(order, line, other, actor, at)
    if order.status not in {Status.CONFIRMED, Status.RELEASED}:
        raise Blocked(f"{order} is {order.get_status_display().lower()}.")
    return _of_order(order, line, other, quantity, answer, actor, at)


def _check_answer(order: SalesOrder, other: StandIn, answer: Answer | None, at: datetime) -> None:
    """See that the customer takes a substitute.

    :raises Blocked: where they do not, or have to be asked first.
    """
    customer = order.customer
    if customer.substitutes == Substitutes.NEVER:
        raise Blocked(f"{customer.name} takes no substitutes.")
    if answer is not None and (not answer.by.strip() or answer.on > at.date()):
        raise Blocked("Say who said yes, and when: a day that has come.")
    if answer is None and not substituting.needs_no_answer(customer.substitutes, other.is_equal):
        raise Blocked(f"Ask {customer.name} first, and note who said yes and when.")


def _of_draft(order: SalesOrder, line: SalesOrderLine, other: StandIn, actor: User, at: datetime) -> Substituted:
    """Let a draft's line be of another product, at the price it has."""
    before = line.product
    line.product, line.description = other.product, other.product.name
    line.price_source = SalesOrderLine.PriceSource.MANUAL
    line.price_reason = f"Price of {before.sku}, which it stands in for"
    bulk.update([line], ["product_id", "description", "price_source", "price_reason"])
    _tell(order, line.quantity, before, other.product, {}, actor, at)
    return Substituted(order.pk, line.quantity, Decimal(0))


def _of_order(
    order: SalesOrder,
    line: SalesOrderLine,
    other: StandIn,
    quantity: Decimal,
    answer: Answer | None,
    actor: User,
    at: datetime,
) -> Substituted:
    parts = list(LinePart.objects.filter(order=order).locked())
    part = next((one for one in parts if one.line_id == line.pk and one.product_id == line.product_id), None)
    if part is None or part.demand_id is None:
        raise Blocked(f"Line {line.position} has nothing that could be substituted.")
    left = substituting.left_of(part)
    if left.is_held:
        raise Blocked(f"Line {line.position} is on hold: lift the hold first.")
    if quantity <= 0 or not in_steps(quantity, line.product.unit.step):
        raise Blocked(f"{quantity.normalize():f} is no number of units of {line.product.sku}.")
    if quantity > left.units:
        raise Blocked(
            f"{left.units.normalize():,f} of it can be substituted: the rest is with the pickers, or has left."
        )
    inventory_services.lock_stock(
        demand_ids=[part.demand_id], company_id=order.company_id, product_ids=[line.product_id, other.product.pk]
    )
    cancel_units(parts=[part], units={part.pk: quantity}, at=at)
    until = max(part.requested_on, at.date()) + timedelta(days=order.customer.good_for_days)
    (promise,) = inventory_services.place_demand(
        requests=[
            inventory_services.DemandRequest(
                company_id=order.company_id,
                product_id=other.product.pk,
                quantity=quantity,
                due_on=part.requested_on,
                group=order.pk,
                destination=inventory_services.Destination(order.ship_to["country"], order.ship_to["postcode"]),
                good_until=until if other.product.tracking != Product.Tracking.NONE else None,
                channel_id=order.channel_id,
            )
        ],
        at=at,
    )
    made = LinePart(
        order=order,
        line=line,
        product_id=other.product.pk,
        demand_id=promise.demand_id,
        requested_on=part.requested_on,
        ordered=quantity,
    )
    bulk.insert([made])
    bulk.insert(
        [
            Substitution(
                part=made,
                instead_of=part,
                answered_by=answer.by.strip() if answer else "",
                answered_on=answer.on if answer else None,
                made_by=actor,
                made_at=at,
            )
        ]
    )
    set_allocation([order.pk])
    stock = {"allocated": str(promise.allocated), "backordered": str(promise.backordered)}
    _tell(order, quantity, line.product, other.product, stock, actor, at)
    return Substituted(order.pk, quantity, promise.allocated)


def _tell(
    order: SalesOrder,
    quantity: Decimal,
    before: Product,
    after: Product,
    stock: dict[str, str],
    actor: User,
    at: datetime,
) -> None:
    """Write into the order's timeline what stands in for what; who was asked stands beside the part, not here."""
    words = {"units": f"{quantity.normalize():f}", "item": after.sku, "instead_of": before.sku, **stock}
    fact = Fact(order.pk, order.company_id, OrderEvent.Kind.SUBSTITUTED, "order", order.pk, words)
    record(facts=[fact], actor=actor, at=at)
