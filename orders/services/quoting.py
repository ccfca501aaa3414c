"""What an order would cost while it is being keyed, by the calculator that takes it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.models import User
from core.money import ZERO, Totals, document_totals
from core.roles import require
from orders.services.drafting import (
    DuplicatePO,
    LineDraft,
    OrderDraft,
    PricedLine,
    ProductTerms,
    Terms,
    discountable,
    draft_terms,
    errors_of,
    list_price,
    price_line,
    product_terms,
)
from orders.services.pricing import discount_shares


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line as it stands, each figure where there is one: the list's price and why it is that, and the line's net.

    The net is without the order's discount, as it is shown beside the line.
    """

    list_price: Decimal | None = None
    reason: str = ""
    net: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """An order as it stands: what is wrong with it, its lines, and the totals of those that have a net.

    `net_of_lines` is before the order's discount, `duplicate` the order that has the PO number already.
    """

    errors: Mapping[Any, str]
    lines: tuple[QuotedLine, ...]
    totals: Totals | None
    currency: str
    net_of_lines: Decimal = ZERO
    discount: Decimal = ZERO
    duplicate: DuplicatePO | None = None


def quote_order(*, draft: OrderDraft, actor: User, at: datetime, order_id: int = 0) -> Quote:
    """Price an order that is still being keyed and say what is wrong with it, in two statements.

    Where it changes a draft, that is named by `order_id`.

    :raises NotAllowed: where the actor may not create orders.
    """
    require(actor, "orders.create")
    terms = draft_terms([draft], actor, [order_id])
    products = product_terms([draft], terms, actor)
    term = terms.get(0)
    errors = errors_of(draft, term, products, at)
    if term is None:
        return Quote(errors, tuple(QuotedLine() for _line in draft.lines), None, "")
    duplicate = None
    if term.same_order_id is not None:
        duplicate = DuplicatePO(draft.po_number, term.same_order_id, term.same_order_number)
        if not draft.is_additional:
            errors = errors | duplicate.errors
    wrong = {key[0] for key in errors if isinstance(key, tuple)}
    priced = [
        None if index in wrong else price_line(line, draft, term, products) for index, line in enumerate(draft.lines)
    ]
    lines = tuple(
        _quoted(line, draft, term, products.get(line.product_id), of_line)
        for line, of_line in zip(draft.lines, priced, strict=True)
    )
    nets = discountable(draft, priced, products)
    shares = [ZERO] * len(nets)
    if "discount" not in errors and draft.discount <= sum(nets, ZERO):
        shares = discount_shares(nets, draft.discount, draft.discount_percent, term.currency)
    totals = None
    if term.tax_rate is not None and term.tax_category is not None:
        rows = [
            (term.tax_category, term.tax_rate, of_line.net - share)
            for of_line, share in zip(priced, shares, strict=True)
            if of_line is not None
        ]
        totals = document_totals(rows, term.currency)
    net_of_lines = sum((of_line.net for of_line in priced if of_line is not None), ZERO)
    return Quote(errors, lines, totals, term.currency, net_of_lines, sum(shares, ZERO), duplicate)


def _quoted(
    line: LineDraft, draft: OrderDraft, term: Terms, product: ProductTerms | None, priced: PricedLine | None
) -> QuotedLine:
    step = list_price(line, draft, term, product)
    return QuotedLine(
        list_price=step.price if step else None,
        reason=step.reason(term.price_list, product.unit) if step and product else "",
        net=priced.net if priced else None,
    )
