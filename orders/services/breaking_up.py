"""Breaking a kit up: what was sold as one is owed, shipped and billed as its components from then on (A13, D4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from core import bulk
from core.models import User
from core.money import document_totals, exponent, line_net, spread
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory.models import Product
from orders import queries
from orders.models import CreditEntry, Hold, LinePart, OrderEvent, SalesOrder, SalesOrderLine
from orders.services.cancelling import net_of_rest
from orders.services.crediting import CreditChange, move_credit
from orders.services.recording import Fact, record

Status = SalesOrder.Status
PriceSource = SalesOrderLine.PriceSource
ZERO, PRICE_STEP = Decimal(0), Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class BrokenUp:
    """A kit's line that was broken up, and the lines of its components."""

    order_id: int
    sku: str
    lines: Sequence[SalesOrderLine]


@atomic
def break_up_kit(*, line_id: int, actor: User, at: datetime) -> BrokenUp:
    """Turn a kit's line into a line for each component, with the price share that was frozen when it was confirmed.

    It is for kits of which some components have left and others will not come: each is then billed, cancelled and taken
    back by itself, while what is promised, picked and shipped stays as it is. So do the order's facets: nothing of the
    kit is billed, and some is left to bill. The kit's own line stays, cancelled; what was cancelled of it before is
    cancelled of its components.

    :raises NotAllowed: where the actor may not cancel.
    :raises Blocked: where there is no such kit with components that have left, it is on hold, or some of it is billed.
    """
    require(actor, "orders.cancel")
    named = SalesOrderLine.objects.filter(pk=line_id).values_list("order_id", flat=True)
    orders = list(queries.locked_orders_after_credit(actor.company_ids, list(named)))
    if not orders:
        raise Blocked("There is no such line.")
    (order,) = orders
    lines = list(SalesOrderLine.objects.filter(order=order).select_related("product").locked())
    kit = next(line for line in lines if line.pk == line_id)
    parts = [part for part in LinePart.objects.filter(order=order).locked() if part.line_id == kit.pk]
    _check(order, kit, parts)
    unbilled_before = queries.unbilled([order.pk])
    made = _components(order, kit, parts, last=max(line.position for line in lines))
    kit.cancelled, kit.cancelled_net = kit.quantity, kit.net
    bulk.update([kit], ["cancelled", "cancelled_net"])
    bulk.insert(made)
    for part, line in zip(parts, made, strict=True):
        part.line, part.ratio, part.price_share = line, None, None
    bulk.update(parts, ["line_id", "ratio", "price_share"])
    totals = document_totals(
        [(line.tax_category, line.tax_rate, line.remaining_net) for line in [*lines, *made]], order.currency
    )
    order.net, order.tax, order.gross = totals.net, totals.tax, totals.gross
    bulk.update([order], ["net", "tax", "gross"])
    _record(order, kit, made, actor, at)
    amount = queries.unbilled([order.pk])[order.pk] - unbilled_before[order.pk]
    if amount:
        move_credit(
            changes=[
                CreditChange(
                    order.company_id,
                    order.customer_id,
                    CreditEntry.Kind.CANCELLED,
                    amount,
                    order.currency,
                    order.pk,
                    str(order.number),
                )
            ],
            actor=actor,
            at=at,
        )
    return BrokenUp(order.pk, kit.product.sku, made)


def _check(order: SalesOrder, kit: SalesOrderLine, parts: Sequence[LinePart]) -> None:
    """See that a line is a kit of which components have left, and not billed.

    :raises Blocked: where it is not.
    """
    if kit.product.kind != Product.Kind.KIT:
        raise Blocked(f"{kit.product.sku} is no kit.")
    if order.status not in {Status.CONFIRMED, Status.RELEASED} or not parts:
        raise Blocked(f"Line {kit.position} is no open kit of an order that was confirmed.")
    if not any(part.shipped for part in parts):
        raise Blocked(f"Nothing of {kit.product.sku} has left yet: cancel what is not wanted of it.")
    if billed := kit.invoiced - kit.credited:
        raise Blocked(f"{billed.normalize():,f} of {kit.product.sku} on an invoice: credit it first.")
    if Hold.objects.filter(line=kit, released_at__isnull=True).exists():
        raise Blocked(f"Line {kit.position} is on hold: lift the hold first.")


def _components(order: SalesOrder, kit: SalesOrderLine, parts: Sequence[LinePart], last: int) -> list[SalesOrderLine]:
    """Return a line for each part: its share of the kit's net, whole to the cent, over the units that were ordered."""
    products = Product.objects.in_bulk([part.product_id for part in parts])
    nets = spread(kit.net, [part.price_share or ZERO for part in parts], exponent(order.currency))
    made = []
    for position, (part, net) in enumerate(zip(parts, nets, strict=True), start=last + 1):
        product = products[part.product_id]
        line = SalesOrderLine(
            order=order,
            position=position,
            of_kit=kit,
            product=product,
            description=product.name,
            quantity=part.ordered,
            price=(net / part.ordered).quantize(PRICE_STEP, ROUND_HALF_UP),
            price_source=PriceSource.MANUAL,
            price_reason=f"Its share of {kit.product.sku}",
            tax_category=kit.tax_category,
            tax_rate=kit.tax_rate,
            cancelled=part.cancelled,
        )
        line.net = line_net(quantity=line.quantity, price=line.price, currency=order.currency)
        line.cancelled_net = line.net - net_of_rest(line, order.currency)
        made.append(line)
    return made


def _record(order: SalesOrder, kit: SalesOrderLine, made: Sequence[SalesOrderLine], actor: User, at: datetime) -> None:
    """Write into the order's timeline what a kit was broken up into."""
    added = [{"line": line.product.sku, "field": "added", "to": f"{line.quantity.normalize():f}"} for line in made]
    words = {"item": kit.product.sku, "changes": added}
    fact = Fact(order.pk, order.company_id, OrderEvent.Kind.BROKEN_UP, "order", order.pk, words)
    record(facts=[fact], actor=actor, at=at)
