"""What becomes of an order as it was keyed: its terms are read, every line is checked and priced. Writes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.urls import reverse

from core import bulk
from core.models import User
from core.money import document_totals, exponent, line_net, round_half_up
from core.quantities import MAX_QUANTITY, in_steps
from core.refusals import Refused
from core.text import normalized_reference
from inventory.models import Product
from orders import sql
from orders.models import CustomerPO, SalesOrder, SalesOrderLine
from orders.services.pricing import PriceStep, discount_shares, price_for

ZERO = Decimal(0)
MAX_PRICE = Decimal(10_000_000)
MAX_PO_NUMBER = 60
MAX_SOURCE = 200
PRICE_PLACES, DISCOUNT_PLACES = 6, 4
HORIZON = timedelta(days=730)


class OrderInvalid(Refused):
    """A draft cannot become an order; `errors` names the field or (line index, field) and the sentence."""

    code = "order_invalid"

    def __init__(self, errors: Mapping[Any, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


class DuplicatePO(OrderInvalid):
    """The customer's PO number is on an order already."""

    code = "duplicate_po"

    def __init__(self, po_number: str, order_id: int, number: str | None) -> None:
        name = number or f"draft {order_id}"
        super().__init__({"po_number": f"PO {po_number} of this customer is order {name} already."})
        self.link = reverse("orders:detail", args=[order_id])
        self.order_id = order_id


@dataclass(frozen=True, slots=True)
class LineDraft:
    """One line as it was keyed or read: the price is the customer's price list's where it is None."""

    product_id: int
    quantity: Decimal
    price: Decimal | None = None
    discount_percent: Decimal = ZERO
    description: str = ""


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order as it was keyed or read from a file, with the raw document behind it.

    `channel` is how it came in; it is sold through the channel that is named, or else the customer's.
    `discount` is an amount off the order, made from `discount_percent` where that is given. `is_additional` declares it
    one more release of a PO that was taken in already, `is_balance` one that stands for what is owed already. `sheet`
    is the token of the entry form that it was keyed in.
    """

    customer_id: int
    po_number: str
    ordered_on: date
    requested_on: date
    lines: Sequence[LineDraft]
    ship_to_id: int | None = None
    channel: CustomerPO.Channel = CustomerPO.Channel.KEYED
    sold_through_id: int | None = None
    source: str = ""
    content: Any = field(default_factory=dict)
    discount: Decimal = ZERO
    discount_percent: Decimal = ZERO
    is_additional: bool = False
    is_balance: bool = False
    sheet: UUID | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """An order that was taken in as a draft."""

    order_id: int
    net: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class Terms:
    customer_id: int
    company_id: int
    customer_name: str
    is_active: bool
    terms_days: int
    price_list_id: int
    price_list: str
    currency: str
    ship_to_id: int | None
    ship_to: dict[str, str]
    bill_to: dict[str, str]
    tax_category: str | None
    tax_rate: Decimal | None
    tax_exemption: str
    same_order_id: int | None
    same_order_number: str | None
    last_release: int
    sold_through_id: int | None = None


@dataclass(slots=True)
class ProductTerms:
    company_id: int
    sku: str
    name: str
    kind: str
    tracking: str
    is_active: bool
    step: Decimal
    unit: str
    prices: dict[int, list[PriceStep]] = field(default_factory=dict)


_ADDRESS = ("name", "street", "city", "postcode", "country")


def _address(values: Sequence[str | None]) -> dict[str, str]:
    return dict(zip(_ADDRESS, (value or "" for value in values), strict=True))


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with the price that counts, where it comes from, and its net without the order's discount."""

    price: Decimal
    source: SalesOrderLine.PriceSource
    reason: str
    net: Decimal


def draft_terms(drafts: Sequence[OrderDraft], actor: User, order_ids: Sequence[int] = ()) -> dict[int, Terms]:
    """Return by the draft's place what an order takes over from its customer; a customer of others has no entry.

    Where the drafts change orders, these are named in the same places.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            sql.DRAFT_TERMS,
            [
                bulk.array(range(len(drafts))),
                bulk.array([draft.customer_id for draft in drafts]),
                bulk.array([draft.ship_to_id or 0 for draft in drafts]),
                bulk.array([normalized_reference(draft.po_number) for draft in drafts]),
                bulk.array([draft.ordered_on for draft in drafts]),
                bulk.array(order_ids or [0] * len(drafts)),
                bulk.array([draft.sold_through_id or 0 for draft in drafts]),
                bulk.array(actor.company_ids),
            ],
        )
        return {
            n: Terms(*facts[:9], *(_address(facts[9:14]), _address(facts[14:19]), *facts[19:]))
            for n, *facts in cursor.fetchall()
        }


def product_terms(drafts: Sequence[OrderDraft], terms: Mapping[int, Terms], actor: User) -> dict[int, ProductTerms]:
    """Return by id the products of the drafts' lines with their prices on the customers' price lists."""
    products: dict[int, ProductTerms] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            sql.PRODUCT_TERMS,
            [
                bulk.array(sorted({term.price_list_id for term in terms.values()})),
                bulk.array(sorted({line.product_id for draft in drafts for line in draft.lines})),
                bulk.array(actor.company_ids),
            ],
        )
        for pk, *facts, price_list_id, price, from_quantity, valid_from, valid_until in cursor.fetchall():
            product = products.get(pk) or products.setdefault(pk, ProductTerms(*facts))
            if price_list_id is not None:
                step = PriceStep(price, from_quantity, valid_from, valid_until)
                product.prices.setdefault(price_list_id, []).append(step)
    return products


def errors_of(
    draft: OrderDraft, term: Terms | None, products: Mapping[int, ProductTerms], at: datetime
) -> dict[Any, str]:
    """Return what is wrong with a draft, by the field or by (line index, field)."""
    errors: dict[Any, str] = {}
    if term is None:
        return {"customer": "There is no such customer."}
    if not term.is_active:
        errors["customer"] = f"{term.customer_name} may not order: the account is closed."
    key = normalized_reference(draft.po_number)
    if not key:
        errors["po_number"] = "Key the customer's PO number."
    elif max(len(key), len(draft.po_number.strip())) > MAX_PO_NUMBER:
        errors["po_number"] = f"A PO number has at most {MAX_PO_NUMBER} characters."
    if term.ship_to_id is None:
        errors["ship_to"] = "The customer has no address to ship to."
    elif term.tax_rate is None:
        errors["ship_to"] = f"No tax rate is set for goods shipped to {term.ship_to['country']}."
    if not term.bill_to["street"]:
        errors["customer"] = f"{term.customer_name} has no billing address."
    if draft.sold_through_id is not None and term.sold_through_id is None:
        errors["channel"] = "There is no such channel."
    if draft.requested_on < draft.ordered_on:
        errors["requested_on"] = "The requested date is before the order date."
    if draft.requested_on > at.date() + HORIZON:
        errors["requested_on"] = "The requested date is more than two years away."
    if not draft.lines:
        errors["lines"] = "An order needs at least one line."
    for index, line in enumerate(draft.lines):
        errors |= {
            (index, name): text for name, text in _line_errors(line, products.get(line.product_id), term, draft).items()
        }
    if draft.discount or draft.discount_percent:
        errors |= _discount_errors(draft, term, products, errors)
    return errors


def _discount_errors(
    draft: OrderDraft, term: Terms, products: Mapping[int, ProductTerms], errors: Mapping[Any, str]
) -> dict[str, str]:
    if not ZERO <= draft.discount_percent <= 100:
        return {"discount": "A discount lies between 0 and 100 %."}
    if draft.discount_percent != round_half_up(draft.discount_percent, DISCOUNT_PLACES):
        return {"discount": f"A discount has at most {DISCOUNT_PLACES} decimals."}
    if draft.discount < 0:
        return {"discount": "A discount is above zero."}
    if draft.discount != round_half_up(draft.discount, exponent(term.currency)):
        return {"discount": f"An amount in {term.currency} has at most {exponent(term.currency)} decimals."}
    if not any(isinstance(key, tuple) for key in errors):
        nets = discountable(draft, [price_line(line, draft, term, products) for line in draft.lines], products)
        if draft.discount > sum(nets, ZERO):
            return {"discount": f"The discount is more than the lines come to, {sum(nets, ZERO):,f} {term.currency}."}
    return {}


def _line_errors(line: LineDraft, product: ProductTerms | None, term: Terms, draft: OrderDraft) -> dict[str, str]:
    if product is None or product.company_id != term.company_id:
        return {"product": "There is no such product."}
    if product.kind == Product.Kind.BALANCE and not draft.is_balance:
        return {"product": f"{product.sku} stands for balances brought forward: it cannot be ordered."}
    errors = {}
    if not product.is_active:
        errors["product"] = f"{product.sku} is not sold any more."
    if line.quantity <= 0:
        errors["quantity"] = "The quantity must be more than zero."
    elif line.quantity > MAX_QUANTITY:
        errors["quantity"] = f"The quantity is more than {MAX_QUANTITY:,}: check it."
    elif not in_steps(line.quantity, product.step):
        errors["quantity"] = f"{product.sku} is sold in steps of {product.step.normalize():f} {product.unit}."
    if line.price is None and list_price(line, draft, term, product) is None:
        which = "no price for this quantity and day" if term.price_list_id in product.prices else "no price"
        errors["price"] = f"{product.sku} has {which} on the customer's price list: key one."
    elif line.price is not None and not ZERO <= line.price <= MAX_PRICE:
        errors["price"] = f"A price lies between 0 and {MAX_PRICE:,}."
    elif line.price is not None and line.price != round_half_up(line.price, PRICE_PLACES):
        errors["price"] = f"A price has at most {PRICE_PLACES} decimals."
    if not ZERO <= line.discount_percent <= 100:
        errors["discount_percent"] = "A discount lies between 0 and 100 %."
    elif line.discount_percent != round_half_up(line.discount_percent, DISCOUNT_PLACES):
        # The net would be of another discount than the one that the line keeps
        errors["discount_percent"] = f"A discount has at most {DISCOUNT_PLACES} decimals."
    return errors


def list_price(line: LineDraft, draft: OrderDraft, term: Terms, product: ProductTerms | None) -> PriceStep | None:
    """Return the price of the customer's list that counts for a line, where there is one."""
    steps = product.prices.get(term.price_list_id, ()) if product else ()
    return price_for(steps, quantity=max(line.quantity, ZERO), day=draft.ordered_on)


def price_line(
    line: LineDraft, draft: OrderDraft, term: Terms, products: Mapping[int, ProductTerms]
) -> PricedLine | None:
    """Price a line by what was typed or else by the list; without either it has no price.

    A typed price stays typed whatever the list says. A document's price is the document's only where it differs.
    """
    product = products.get(line.product_id)
    step = list_price(line, draft, term, product)
    keyed = draft.channel == CustomerPO.Channel.KEYED
    if step is not None and product is not None and (line.price is None or (line.price == step.price and not keyed)):
        price, source = step.price, SalesOrderLine.PriceSource.LIST
        reason = step.reason(term.price_list, product.unit)
    elif line.price is not None:
        price, reason = line.price, ""
        source = SalesOrderLine.PriceSource.MANUAL if keyed else SalesOrderLine.PriceSource.DOCUMENT
    else:
        return None
    net = line_net(quantity=line.quantity, price=price, discount_percent=line.discount_percent, currency=term.currency)
    return PricedLine(price, source, reason, net)


def discountable(
    draft: OrderDraft, priced: Sequence[PricedLine | None], products: Mapping[int, ProductTerms]
) -> list[Decimal]:
    """Return of each line the net from which the order's discount is taken: charges such as freight have none."""
    return [
        line.net if line is not None and products[drafted.product_id].kind != Product.Kind.CHARGE else ZERO
        for drafted, line in zip(draft.lines, priced, strict=True)
    ]


def build(
    draft: OrderDraft, term: Terms, products: Mapping[int, ProductTerms], actor: User, at: datetime
) -> tuple[SalesOrder, CustomerPO, list[SalesOrderLine]]:
    """Return the rows of an order without an error, priced and summed, not yet saved."""
    content = json.loads(json.dumps(draft.content, default=str))
    po = CustomerPO(
        company_id=term.company_id,
        customer_id=term.customer_id,
        number=draft.po_number.strip(),
        channel=draft.channel,
        source=draft.source[:MAX_SOURCE],
        content=content,
        content_digest=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
        received_at=at,
        received_by_id=actor.pk,
    )
    order = SalesOrder(
        company_id=term.company_id,
        customer_id=term.customer_id,
        customer_po=po,
        po_number=draft.po_number.strip(),
        po_key=normalized_reference(draft.po_number),
        po_release=term.last_release + 1,
        channel_id=term.sold_through_id,
        currency=term.currency,
        ordered_on=draft.ordered_on,
        requested_on=draft.requested_on,
        ship_to=term.ship_to,
        bill_to=term.bill_to,
        terms_days=term.terms_days,
        tax_exemption=term.tax_exemption,
        discount_percent=draft.discount_percent,
        created_at=at,
    )
    assert term.tax_category is not None
    assert term.tax_rate is not None
    priced = [price_line(line, draft, term, products) for line in draft.lines]
    shares = discount_shares(
        discountable(draft, priced, products), draft.discount, draft.discount_percent, term.currency
    )
    order.discount = sum(shares, ZERO)
    lines = []
    for position, (line, of_line, share) in enumerate(zip(draft.lines, priced, shares, strict=True), 1):
        assert of_line is not None
        lines.append(
            SalesOrderLine(
                order=order,
                position=position,
                product_id=line.product_id,
                description=(line.description or products[line.product_id].name)[:200],
                quantity=line.quantity,
                price=of_line.price,
                price_source=of_line.source,
                price_reason=of_line.reason,
                discount_percent=line.discount_percent,
                order_discount=share,
                tax_category=term.tax_category,
                tax_rate=term.tax_rate,
                net=of_line.net - share,
            )
        )
    totals = document_totals([(line.tax_category, line.tax_rate, line.net) for line in lines], term.currency)
    order.net, order.tax, order.gross = totals.net, totals.tax, totals.gross
    return order, po, lines
