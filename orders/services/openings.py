"""Balances brought forward from the system before: open orders, and orders that stand for what is owed (V3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, F, Sum

from core import intake
from core.intake import Group, ImportKind, Origin, RowResult, State, Totals
from core.models import User
from core.money import ZERO
from core.refusals import Refused
from core.roles import require
from core.transactions import atomic
from orders import order_file
from orders.models import Hold, SalesOrder, SalesOrderLine
from orders.services.confirming import confirm_brought_forward, confirm_promised
from orders.services.drafting import OrderDraft, OrderInvalid
from orders.services.holding import HoldTerms, hold_orders
from orders.services.importing import take_orders
from orders.services.ordering import bring_in

# Services outside the scope of tax (EN 16931): what is brought forward was taxed where it was invoiced.
NOT_TAXED_AGAIN = "O"


def open_orders(*, groups: Sequence[Group], origin: Origin, actor: User, at: datetime) -> Mapping[int, RowResult]:
    """Take orders in with what is open of them, and confirm them: stock is promised and credit taken as for any other.

    They were promised before Orderly, so that no limit of credit keeps one out: those over it are on a credit hold,
    with their stock, until somebody who may lifts it.

    :raises NotAllowed: where the actor may not open balances of orders.
    """
    require(actor, "orders.open_balances")
    results = dict(take_orders(groups=groups, origin=origin, actor=actor, at=at))
    made = {result.made_id for result in results.values() if result.state == State.LOADED and result.made_id}
    confirmed, over = confirm_promised(order_ids=made, actor=actor, at=at)
    for order_id, sentence in over.items():
        reason = f"Brought forward. {sentence}"[: Hold._meta.get_field("reason").max_length]
        terms = HoldTerms(Hold.Kind.CREDIT, keep_reservation=True, reason=reason)
        hold_orders(order_ids=[order_id], terms=terms, actor=actor, at=at)
    for number, result in results.items():
        outcome = confirmed.get(result.made_id or 0)
        if isinstance(outcome, Refused):
            results[number] = intake.refused(outcome.sentence)
        elif result.state == State.SAME:
            results[number] = intake.refused(result.reason)
    return results


def _totals(groups: Sequence[Group]) -> Totals:
    rows = [row.values for group in groups for row in group.rows]
    return {
        "orders": Decimal(len(groups)),
        "rows": Decimal(len(rows)),
        "units": sum((row["quantity"] for row in rows), ZERO),
        "value before tax, not rounded": sum((row["quantity"] * row["price"] for row in rows), ZERO),
    }


def _posted(import_id: int) -> Totals:
    """Return what the orders of an import that were confirmed come to."""
    lines = SalesOrderLine.objects.filter(
        order__customer_po__content__import=import_id, order__number__isnull=False
    ).aggregate(
        orders=Count("order", distinct=True),
        rows=Count("pk"),
        units=Sum("quantity"),
        value=Sum(F("quantity") * F("price")),
    )
    lines["value before tax, not rounded"] = lines.pop("value")
    return {name: Decimal(total or 0) for name, total in lines.items()}


@atomic
def bring_forward(*, drafts: Sequence[OrderDraft], actor: User, at: datetime) -> list[SalesOrder | OrderInvalid]:
    """Make and confirm orders for what customers owe already: not taxed again, and no limit of credit stops them.

    The answers are in the order of the drafts.

    :raises NotAllowed: where the actor may not open balances of invoices.
    """
    require(actor, "billing.open_balances")
    results = bring_in(
        drafts=drafts,
        terms_as=lambda terms: replace(terms, tax_category=NOT_TAXED_AGAIN, tax_rate=ZERO),
        actor=actor,
        at=at,
    )
    ids = [result.order_id for result in results if not isinstance(result, OrderInvalid)]
    orders = confirm_brought_forward(order_ids=ids, actor=actor, at=at)
    return [result if isinstance(result, OrderInvalid) else orders[result.order_id] for result in results]


OPENING_ORDERS = ImportKind(
    name="opening_orders",
    label="Open orders",
    noun="order",
    verb="orders.open_balances",
    columns=order_file.COLUMNS,
    key=order_file.key,
    judge=order_file.judge,
    load=open_orders,
    totals=_totals,
    posted=_posted,
    page="orders:queue",
    icon="orders",
    about="What is still to be delivered of each order, confirmed at once; over a credit limit, on hold.",
)
