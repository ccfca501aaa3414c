"""Taking an order in: the customer's document is kept, terms are read from the customer, lines checked and priced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError

from core import bulk
from core.models import User
from core.refusals import Refused
from core.roles import require
from core.text import normalized_reference
from core.transactions import atomic
from orders.models import CustomerPO, OrderEvent, SalesOrder, SalesOrderLine
from orders.services.confirming import Confirmed, Goods, confirm_made
from orders.services.drafting import (
    Created,
    DuplicatePO,
    OrderDraft,
    OrderInvalid,
    Terms,
    build,
    draft_terms,
    errors_of,
    product_terms,
)
from orders.services.recording import Fact, record
from orders.services.sheets import finish_sheets


@atomic
def create_orders(*, drafts: Sequence[OrderDraft], actor: User, at: datetime) -> list[Created | OrderInvalid]:
    """Take orders in as drafts, or refuse each with what is wrong at which field.

    The answers are in the order of the drafts.

    :raises NotAllowed: where the actor may not create orders.
    """
    results, _made = _create(drafts, actor, at)
    return results


def _create(drafts: Sequence[OrderDraft], actor: User, at: datetime) -> tuple[list[Created | OrderInvalid], _Made]:
    require(actor, "orders.create")
    results, made = _take(drafts, draft_terms(drafts, actor), actor, at)
    sheets = [draft.sheet for draft in drafts if draft.sheet is not None]
    if sheets and any(isinstance(result, Created) for result in results):
        finish_sheets(tokens=sheets, actor=actor, at=at)
    return results, made


@atomic
def bring_in(
    *, drafts: Sequence[OrderDraft], terms_as: Callable[[Terms], Terms], actor: User, at: datetime
) -> list[Created | OrderInvalid]:
    """Take orders in as drafts under terms of their own, as balances brought forward have them.

    :raises NotAllowed: where the actor may not open balances of billing.
    """
    require(actor, "billing.open_balances")
    terms = {index: terms_as(term) for index, term in draft_terms(drafts, actor).items()}
    results, _made = _take(drafts, terms, actor, at)
    return results


@dataclass(frozen=True, slots=True)
class _Made:
    """Drafts that were just saved, with what they are for."""

    orders: Sequence[SalesOrder]
    goods: Goods


def _take(
    drafts: Sequence[OrderDraft], terms: Mapping[int, Terms], actor: User, at: datetime
) -> tuple[list[Created | OrderInvalid], _Made]:
    products = product_terms(drafts, terms, actor)
    results: list[Created | OrderInvalid | None] = [None] * len(drafts)
    made: list[tuple[int, SalesOrder, CustomerPO, list[SalesOrderLine]]] = []
    seen: dict[tuple[int, str], int] = {}
    for index, draft in enumerate(drafts):
        term = terms.get(index)
        errors = errors_of(draft, term, products, at)
        key = (draft.customer_id, normalized_reference(draft.po_number))
        if term is not None and term.same_order_id is not None and not draft.is_additional:
            results[index] = DuplicatePO(draft.po_number, term.same_order_id, term.same_order_number)
        elif errors:
            results[index] = OrderInvalid(errors)
        elif key in seen:
            results[index] = OrderInvalid(
                {"po_number": f"PO {draft.po_number} of this customer stands twice in this file."}
            )
        else:
            assert term is not None
            seen[key] = index
            made.append((index, *build(draft, term, products, actor, at)))
    _save(made, actor, at)
    for index, order, _po, _lines in made:
        results[index] = Created(order.pk, order.net, order.gross)
    orders = [order for _index, order, _po, _lines in made]
    lines = [line for _index, _order, _po, of_order in made for line in of_order]
    return [result for result in results if result is not None], _Made(orders, Goods(lines, products))


@dataclass(frozen=True, slots=True)
class Taken:
    """An order that was taken in, and what came of confirming it; refused that, it is a draft."""

    created: Created
    confirmed: Confirmed | Refused


@atomic
def create_and_confirm_orders(*, drafts: Sequence[OrderDraft], actor: User, at: datetime) -> list[Taken | OrderInvalid]:
    """Take orders in and confirm them in one transaction; an order that cannot be confirmed stays a draft.

    :raises NotAllowed: where the actor may not create or not confirm orders.
    """
    results, made = _create(drafts, actor, at)
    confirmed = confirm_made(orders=made.orders, goods=made.goods, actor=actor, at=at)
    return [Taken(result, confirmed[result.order_id]) if isinstance(result, Created) else result for result in results]


def _save(made: Sequence[tuple[int, SalesOrder, CustomerPO, list[SalesOrderLine]]], actor: User, at: datetime) -> None:
    orders = [order for _index, order, _po, _lines in made]
    try:
        bulk.insert(
            [po for _index, _order, po, _lines in made],
            (orders, "customer_po"),
            ([line for _index, _order, _po, lines in made for line in lines], "order"),
        )
    except IntegrityError as error:
        if "salesorder_po_once_per_customer" in str(error):
            raise OrderInvalid(
                {"po_number": "This PO number was taken in by somebody else just now. Look again."}
            ) from error
        raise
    record(
        facts=[
            Fact(
                order.pk,
                order.company_id,
                OrderEvent.Kind.CREATED,
                "order",
                order.pk,
                {"lines": len(lines), "channel": po.channel},
            )
            for _index, order, po, lines in made
        ],
        actor=actor,
        at=at,
    )
