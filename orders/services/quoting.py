"""What an order would cost while it is being keyed, by the calculator that takes it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.models import User
from core.money import Totals, document_totals, line_net
from core.roles import require
from orders.services.drafting import (
    DuplicatePO,
    LineDraft,
    OrderDraft,
    ProductTerms,
    Terms,
    draft_terms,
    errors_of,
    product_terms,
)


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line as it stands: the price list's price, the price that counts, and its net, each where there is one."""

    list_price: Decimal | None = None
    price: Decimal | None = None
    net: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """An order as it stands: what is wrong with it, its lines, and the totals of those that have a net."""

    errors: Mapping[Any, str]
    lines: tuple[QuotedLine, ...]
    totals: Totals | None
    currency: str
    duplicate: DuplicatePO | None = None


def quote_order(*, draft: OrderDraft, actor: User, at: datetime) -> Quote:
    """Price an order that is still being keyed and say what is wrong with it, in two statements.

    :raises NotAllowed: where the actor may not create orders.
    """
    require(actor, "orders.create")
    terms = draft_terms([draft], actor)
    products = product_terms([draft], terms, actor)
    term = terms.get(0)
    errors = errors_of(draft, term, products, at)
    if term is None:
        return Quote(errors, tuple(QuotedLine() for _line in draft.lines), None, "")
    duplicate = None
    if term.same_order_id is not None:
        duplicate = DuplicatePO(draft.po_number, term.same_order_id, term.same_order_number)
        errors = errors | duplicate.errors
    lines = tuple(
        _quoted(line, term, products.get(line.product_id), errors, index) for index, line in enumerate(draft.lines)
    )
    totals = None
    if term.tax_rate is not None and term.tax_category is not None:
        rows = [(term.tax_category, term.tax_rate, line.net) for line in lines if line.net is not None]
        totals = document_totals(rows, term.currency)
    return Quote(errors, lines, totals, term.currency, duplicate)


def _quoted(
    line: LineDraft, term: Terms, product: ProductTerms | None, errors: Mapping[Any, str], index: int
) -> QuotedLine:
    list_price = product.prices.get(term.price_list_id) if product else None
    price = list_price if line.price is None else line.price
    wrong = any((index, name) in errors for name in ("product", "quantity", "price", "discount_percent"))
    if price is None or wrong:
        return QuotedLine(list_price, price)
    net = line_net(quantity=line.quantity, price=price, discount_percent=line.discount_percent, currency=term.currency)
    return QuotedLine(list_price, price, net)
