"""Confirming: terms freeze, the number is given, parts and their demand are made, stock is promised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from django.db.models import F, QuerySet

from core import bulk, transitions
from core.models import User
from core.reading import Among, Given, compiled
from core.refusals import Blocked, Refused
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Product
from orders import events, queries
from orders.models import CreditEntry, LinePart, OrderEvent, SalesOrder, SalesOrderLine, Standing, facet_of
from orders.queries.blocking import ConfirmFacts
from orders.queries.credit import CREDIT_TOO_SMALL
from orders.services.allocating import set_allocation
from orders.services.crediting import CreditChange, move_credit
from orders.services.kits import kit_parts
from orders.services.recording import Fact, record
from orders.services.reserving import claim, take_over


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An order as it was confirmed: its number, and how many units of stock were promised and are waiting."""

    order_id: int
    number: str
    allocated: Decimal
    backordered: Decimal


class Described(Protocol):
    """What a product is, and how it is tracked."""

    kind: str
    tracking: str


@dataclass(frozen=True, slots=True)
class Goods:
    """Lines by order and position, charges among them or not, and their products by id."""

    lines: Sequence[SalesOrderLine]
    products: Mapping[int, Described]


@atomic
def confirm_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Confirmed | Refused]:
    """Confirm orders and place their demand; each is confirmed with what can be promised, or refused with its blockers.

    An order that is confirmed already is left as it is and returned as such.

    :raises NotAllowed: where the actor may not confirm.
    """
    require(actor, "orders.confirm")
    orders = queries.locked_orders_after_credit(actor.company_ids, order_ids)
    results, _passed = _confirm_clear(orders, (), actor, at)
    return results


@atomic
def confirm_promised(
    *, order_ids: Collection[int], actor: User, at: datetime
) -> tuple[dict[int, Confirmed | Refused], dict[int, str]]:
    """Confirm orders that were promised before Orderly, also those for which their customers' credit is too small.

    Return what came of each, and why the credit of those confirmed all the same is too small.

    :raises NotAllowed: where the actor may not open balances of orders.
    """
    require(actor, "orders.open_balances")
    orders = queries.locked_orders_after_credit(actor.company_ids, order_ids)
    return _confirm_clear(orders, CREDIT_TOO_SMALL, actor, at)


@atomic
def confirm_made(
    *, orders: Sequence[SalesOrder], goods: Goods, actor: User, at: datetime
) -> dict[int, Confirmed | Refused]:
    """Confirm drafts that this transaction made, as `confirm_orders` does; nobody else sees them: none is read again.

    :raises NotAllowed: where the actor may not confirm.
    """
    require(actor, "orders.confirm")
    queries.locked_accounts({order.customer_id for order in orders})
    results, _passed = _confirm_clear(orders, (), actor, at, goods)
    return results


def _confirm_clear(
    orders: Sequence[SalesOrder], passed: Collection[str], actor: User, at: datetime, goods: Goods | None = None
) -> tuple[dict[int, Confirmed | Refused], dict[int, str]]:
    """Confirm orders against which there is nothing, or only reasons whose codes are passed; return these in words.

    They are locked, after their customers' accounts.
    """
    facts = queries.confirm_facts([order.pk for order in orders])
    blocked = queries.confirm_blockers_together(facts, passed)
    results: dict[int, Confirmed | Refused] = {}
    clear: list[SalesOrder] = []
    for order in orders:
        if order.number is not None and order.status != SalesOrder.Status.CANCELLED:
            results[order.pk] = Confirmed(order.pk, order.number, Decimal(0), Decimal(0))
        elif any(reason.code not in passed for reason in blocked.get(order.pk, ())):
            results[order.pk] = Blocked.because(blocked[order.pk])
        else:
            rules = facts[order.pk]
            order.invoice_on = rules.invoice_on
            order.ship_policy, order.ship_minimum = rules.ship_policy, rules.ship_minimum
            clear.append(order)
    if clear:
        results |= _confirm(clear, goods or _goods_of(bulk.by_pk(clear)), actor, at, facts)
    return results, {
        order.pk: " ".join(reason.sentence for reason in blocked[order.pk]) for order in clear if order.pk in blocked
    }


@atomic
def confirm_brought_forward(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, SalesOrder]:
    """Confirm orders that stand for what customers owe already: no limit of credit and no closed account stops them.

    :raises NotAllowed: where the actor may not open balances of billing.
    """
    require(actor, "billing.open_balances")
    orders = queries.locked_orders_after_credit(actor.company_ids, order_ids)
    if orders:
        _confirm(orders, _goods_of(bulk.by_pk(orders)), actor, at)
    return bulk.by_pk(orders)


@compiled
def _lines_of_goods(order_ids: Given) -> QuerySet[SalesOrderLine]:
    lines = SalesOrderLine.objects.filter(Among(F("order_id"), order_ids), product__kind__in=Product.GOODS)
    lines = lines.select_related("product").only("order_id", "product__kind", "product__tracking", "quantity")
    return lines.order_by("order_id", "position")


def _goods_of(order_ids: Collection[int]) -> Goods:
    lines = _lines_of_goods(order_ids)
    return Goods(lines, {line.product_id: line.product for line in lines})


def _parts_of(goods: Goods, orders: Mapping[int, SalesOrder]) -> list[LinePart]:
    """Return the parts of orders' lines: one of what is in stock, one for each component of a kit."""
    kinds = {pk: product.kind for pk, product in goods.products.items()}
    lines = [line for line in goods.lines if line.order_id in orders and kinds[line.product_id] in Product.GOODS]
    kits = [line for line in lines if kinds[line.product_id] == Product.Kind.KIT]
    of_kits = kit_parts(kits, orders) if kits else {}
    parts: list[LinePart] = []
    for line in lines:
        parts += of_kits.get(line.pk) or [
            LinePart(
                order_id=line.order_id,
                line=line,
                product_id=line.product_id,
                requested_on=orders[line.order_id].requested_on,
                ordered=line.quantity,
            )
        ]
    return parts


def _tracked(goods: Goods, parts: Sequence[LinePart]) -> set[int]:
    """Return the products of parts that have lots; only what kits consist of has to be asked for."""
    known = {pk: product.tracking for pk, product in goods.products.items()}
    others = {part.product_id for part in parts} - known.keys()
    if others:
        known |= dict(Product.objects.filter(pk__in=others).values_list("pk", "tracking"))
    return {product_id for product_id, tracking in known.items() if tracking != Product.Tracking.NONE}


def _withheld(
    parts: Sequence[LinePart], promises: Sequence[inventory_services.Promise]
) -> Iterator[tuple[LinePart, str]]:
    """Yield what there is of parts' products that is for other channels; only what is said is asked for its name."""
    short = [(part, promise.withheld) for part, promise in zip(parts, promises, strict=True) if promise.withheld]
    if not short:
        return
    products = Product.objects.filter(pk__in={part.product_id for part, _said in short})
    skus = dict(products.values_list("pk", "sku"))
    for part, said in short:
        for sentence in said:
            yield part, f"{skus[part.product_id]}, {sentence}"


def _standing(requested_on: date, promises: Sequence[inventory_services.Promise]) -> list[str]:
    """Return how the promise of an order stands that was just made, as `orders.sql.PROMISE` says it of any."""
    is_late = any(promise.promised_on and promise.promised_on > requested_on for promise in promises)
    is_unknown = any(promise.promised_on is None for promise in promises)
    words = {
        Standing.WAITS: any(promise.backordered for promise in promises),
        Standing.LATE: is_late,
        Standing.UNKNOWN: is_unknown,
        Standing.KEPT: bool(promises) and not is_late and not is_unknown,
    }
    return [word.value for word, holds in words.items() if holds]


# Orders that stand for what is owed already have no goods
_NO_FACTS: Mapping[int, ConfirmFacts] = {}
_SET = [
    *("number", "confirmed_at", "allocation", "promise", "leaves_from", "to_release"),
    *("invoice_on", "ship_policy", "ship_minimum"),
]


def _confirm(
    orders: Sequence[SalesOrder],
    goods: Goods,
    actor: User,
    at: datetime,
    facts: Mapping[int, ConfirmFacts] = _NO_FACTS,
) -> dict[int, Confirmed | Refused]:
    by_pk = {order.pk: order for order in orders}
    parts = _parts_of(goods, by_pk)
    tracked = _tracked(goods, parts)
    destinations = {
        order.pk: inventory_services.Destination(order.ship_to["country"], order.ship_to["postcode"])
        for order in orders
    }
    good_until = {
        (part.order_id, part.product_id): max(part.requested_on, at.date())
        + timedelta(days=facts[part.order_id].good_for_days)
        for part in parts
        if part.product_id in tracked
    }
    claims = claim(parts, by_pk, at) if any(one.has_reservations for one in facts.values()) else None
    promises = inventory_services.place_demand(
        requests=[
            inventory_services.DemandRequest(
                company_id=by_pk[part.order_id].company_id,
                product_id=part.product_id,
                quantity=part.ordered,
                due_on=part.requested_on,
                group=part.order_id,
                destination=destinations[part.order_id],
                good_until=good_until.get((part.order_id, part.product_id)),
                channel_id=by_pk[part.order_id].channel_id,
                taking=claims.takings.get(place, ()) if claims else (),
            )
            for place, part in enumerate(parts)
        ],
        at=at,
    )
    for part, promise in zip(parts, promises, strict=True):
        part.demand_id = promise.demand_id
    if claims:
        bulk.insert(parts)  # what they take over names them
    else:
        bulk.later(parts)
    allocated: dict[int, Decimal] = defaultdict(Decimal)
    backordered: dict[int, Decimal] = defaultdict(Decimal)
    sources: dict[int, dict[str, None]] = defaultdict(dict)
    of_order: dict[int, list[inventory_services.Promise]] = defaultdict(list)
    for part, promise in zip(parts, promises, strict=True):
        of_order[part.order_id].append(promise)
        allocated[part.order_id] += promise.allocated
        backordered[part.order_id] += promise.backordered
        sources[part.order_id] |= dict.fromkeys((*promise.reasons, *promise.rejected))
    for part, said in _withheld(parts, promises):
        sources[part.order_id][said] = None
    for order in orders:
        order.allocation = facet_of(allocated[order.pk], allocated[order.pk] + backordered[order.pk])
        order.promise = _standing(order.requested_on, of_order[order.pk])
        order.leaves_from = sorted({pk for promise in of_order[order.pk] for pk in promise.warehouse_ids})
        order.to_release = allocated[order.pk] > 0
    transitions.apply_later(orders, "confirm", at=at, fields=_SET)
    record(
        facts=[
            Fact(
                order.pk,
                order.company_id,
                OrderEvent.Kind.CONFIRMED,
                "order",
                order.pk,
                {
                    "allocated": str(allocated[order.pk]),
                    "backordered": str(backordered[order.pk]),
                    **({"sources": list(sources[order.pk])} if sources[order.pk] else {}),
                },
            )
            for order in orders
        ]
        + (take_over(claims, at) if claims else []),
        actor=actor,
        at=at,
    )
    move_credit(
        changes=[
            CreditChange(
                order.company_id,
                order.customer_id,
                CreditEntry.Kind.CONFIRMED,
                order.gross,
                order.currency,
                order.pk,
                str(order.number),
            )
            for order in orders
        ],
        actor=actor,
        at=at,
    )
    bulk.flush()  # what came to nothing moved no credit, and waits still
    if claims:
        # What comes for a reservation says when
        set_allocation(by_pk)
    events.orders_confirmed.send(sender=SalesOrder, event=events.OrdersConfirmed(tuple(by_pk), at))
    return {
        order.pk: Confirmed(order.pk, str(order.number), allocated[order.pk], backordered[order.pk]) for order in orders
    }
