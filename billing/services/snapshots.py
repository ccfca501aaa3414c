"""What an invoice says, frozen at posting as canonical JSON and proved before it counts.

Figures are text at the currency's decimals, so that paper, digest and record cannot differ by a rounding.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Invoice
from billing.queries import BillableLine
from core.addresses import address_lines, country_name
from core.models import Company
from core.money import ZERO, TaxGroup, Totals, exponent, line_net, round_amount
from core.refusals import Refused
from orders.models import SalesOrder

TEMPLATE = 1


class DoesNotAddUp(Refused):
    """An invoice breaks a rule of EN 16931; it is not posted, and nothing was changed."""

    code = "does_not_add_up"

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(
            f"This invoice would not add up: {what} (EN 16931, {rule}). Nothing was posted: tell an administrator."
        )
        self.rule = rule


def build(
    *,
    orders: Sequence[SalesOrder],
    lines: Sequence[tuple[SalesOrder, BillableLine]],
    totals: Totals,
    issued_on: date,
    tax_point_on: date,
    due_on: date,
) -> dict[str, Any]:
    """Return all that the paper of an invoice will say but the number, which is not given yet.

    Where it bills several orders, they are named with their lines instead of at the top.
    """
    order = orders[0]
    company, customer, currency = order.company, order.customer, order.currency
    notes = {(line.tax_category, line.tax_rate.normalize()): line.tax_note for _order, line in lines}
    with translation.override(customer.language):
        terms = ngettext("%(days)d day net", "%(days)d days net", order.terms_days) % {"days": order.terms_days}
        terms = terms if order.terms_days else _("Due at once")
    goes_to_one_place = all(other.ship_to == order.ship_to for other in orders)
    return {
        "document": "invoice",
        "template": TEMPLATE,
        "language": customer.language,
        "currency": currency,
        "issued_on": issued_on.isoformat(),
        "tax_point_on": tax_point_on.isoformat(),
        "due_on": due_on.isoformat(),
        "terms": terms,
        "seller": _seller(company, customer.language),
        "buyer": {
            **_party(order.bill_to, customer.name, customer.language),
            "customer_number": customer.number,
            "vat_number": customer.vat_number,
        },
        "ship_to": _party(order.ship_to, customer.name, customer.language) if goes_to_one_place else None,
        "order": _order(order) if len(orders) == 1 else {"number": "", "customer_po": "", "ordered_on": ""},
        "lines": [_line(position, line, of_order) for position, (of_order, line) in enumerate(lines, 1)],
        **_sums(totals, currency, notes),
        "notes": [],
    }


def build_open_item(
    order: SalesOrder, *, lines: Sequence[BillableLine], totals: Totals, number: str, issued_on: date, due_on: date
) -> dict[str, Any]:
    """Return all that the paper of an invoice brought forward will say: which it is, and that it is not taxed again."""
    paper = build(
        orders=[order],
        lines=[(order, line) for line in lines],
        totals=totals,
        issued_on=issued_on,
        tax_point_on=issued_on,
        due_on=due_on,
    )
    with translation.override(order.customer.language):
        note = _("Brought forward from our books before. It is no tax invoice: VAT is stated on invoice %(number)s.")
    return {
        **paper,
        "document": "open_item",
        "terms": "",
        "brings_forward": number,
        "lines": [{**line, "unit": "", "price_unit": ""} for line in paper["lines"]],
        "notes": [note % {"number": number}],
    }


def build_credit(
    invoice: Invoice,
    *,
    lines: Sequence[tuple[int, Decimal, Decimal, bool]],
    totals: Totals,
    issued_on: date,
    reason: str,
) -> dict[str, Any]:
    """Return all that the paper of a credit note will say, in the words of the invoice that it corrects.

    A line is (position on the invoice, quantity, net, whether it is an amount and no quantity); figures are positive.
    """
    paper, currency = invoice.snapshot, invoice.currency
    printed = {line["position"]: line for line in paper["lines"]}
    notes = {(tax["category"], Decimal(tax["rate"]).normalize()): tax["note"] for tax in paper["taxes"]}
    return {
        **{name: paper[name] for name in ("language", "currency", "seller", "buyer", "ship_to", "order")},
        "document": "credit_note",
        "template": TEMPLATE,
        "issued_on": issued_on.isoformat(),
        "tax_point_on": issued_on.isoformat(),
        "due_on": "",
        "terms": "",
        "corrects": {"number": str(invoice.number), "issued_on": paper["issued_on"]},
        "lines": [
            {
                **printed[of],
                "position": position,
                "quantity": _plain(quantity),
                "net": _amount(net, currency),
                "order_discount": "",
                **({"unit": "", "price": _plain(net), "price_unit": "", "discount_percent": "0"} if is_amount else {}),
            }
            for position, (of, quantity, net, is_amount) in enumerate(lines, 1)
        ],
        **_sums(totals, currency, notes),
        "notes": [reason],
    }


def _order(order: SalesOrder) -> dict[str, str]:
    return {
        "number": str(order.number),
        "customer_po": order.po_number,
        "ordered_on": order.ordered_on.isoformat(),
    }


def _sums(totals: Totals, currency: str, notes: Mapping[tuple[str, Decimal], str]) -> dict[str, Any]:
    return {
        "taxes": [
            {
                "category": group.category,
                "rate": _plain(group.rate),
                "base": _amount(group.base, currency),
                "tax": _amount(group.tax, currency),
                "note": notes[group.category, group.rate.normalize()],
            }
            for group in totals.groups
        ],
        "totals": {
            "net": _amount(totals.net, currency),
            "tax": _amount(totals.tax, currency),
            "gross": _amount(totals.gross, currency),
            "paid": _amount(ZERO, currency),
            "due": _amount(totals.gross, currency),
        },
    }


def digest(snapshot: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a snapshot as canonical JSON: keys sorted, no blanks, UTF-8."""
    text = json.dumps(snapshot, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def prove(snapshot: Mapping[str, Any]) -> None:
    """Check the figures as they will be printed against EN 16931's arithmetic, exactly, each from what it rests on.

    :raises DoesNotAddUp: naming the first rule that is broken.
    """
    currency, totals = snapshot["currency"], {name: Decimal(text) for name, text in snapshot["totals"].items()}
    bases: dict[tuple[str, Decimal], Decimal] = defaultdict(Decimal)
    for line in snapshot["lines"]:
        bases[line["tax_category"], Decimal(line["tax_rate"])] += Decimal(line["net"])
    groups = {
        (tax["category"], Decimal(tax["rate"])): TaxGroup(
            tax["category"], Decimal(tax["rate"]), Decimal(tax["base"]), Decimal(tax["tax"])
        )
        for tax in snapshot["taxes"]
    }
    net_of_lines = sum((Decimal(line["net"]) for line in snapshot["lines"]), ZERO)
    figures = [
        *snapshot["totals"].values(),
        *(line["net"] for line in snapshot["lines"]),
        *(tax[name] for tax in snapshot["taxes"] for name in ("base", "tax")),
    ]
    # The parts of a credit take a cent more or less of tax, so that together they are the mirror of their invoice.
    residue = Decimal(1).scaleb(-exponent(currency)) if snapshot["document"] == "credit_note" else ZERO
    # The document has neither allowance nor charge, so BT-106 is BT-109; nothing is rounded at the till (BT-114).
    checks = [
        ("BR-16", bool(snapshot["lines"]), "it has no line"),
        ("BR-CO-10", net_of_lines == totals["net"], "the lines do not sum to the net total"),
        (
            "BR-CO-13",
            sum((group.base for group in groups.values()), ZERO) == totals["net"],
            "the taxed amounts are not the net total",
        ),
        (
            "BR-CO-14",
            sum((group.tax for group in groups.values()), ZERO) == totals["tax"],
            "the taxes do not sum to the tax total",
        ),
        ("BR-CO-15", totals["net"] + totals["tax"] == totals["gross"], "net and tax are not the gross total"),
        ("BR-CO-16", totals["gross"] - totals["paid"] == totals["due"], "gross less paid is not the amount due"),
        (
            "BR-CO-17",
            all(
                abs(group.tax - round_amount(group.base * group.rate / 100, currency)) <= residue
                for group in groups.values()
            ),
            "a tax is not its rate of its amount",
        ),
        (
            "BR-S-08",
            bases == {key: group.base for key, group in groups.items()},
            "a taxed amount is not the sum of its lines",
        ),
        ("BR-DEC", all(_places(figure) <= exponent(currency) for figure in figures), "an amount has too many decimals"),
    ]
    for rule, holds, what in checks:
        if not holds:
            raise DoesNotAddUp(rule, what)


def _seller(company: Company, language: str) -> dict[str, Any]:
    address = [line.strip() for line in company.address.splitlines() if line.strip()]
    return {
        "name": company.name,
        "address": [*address, country_name(company.country, language)],
        "vat_number": company.vat_number,
        "registration_number": company.registration_number,
        "email": company.email,
        "phone": company.phone,
        **({"logo": company.logo_id} if company.logo_id else {}),
        "bank": {"name": company.bank_name, "iban": company.iban, "bic": company.bic},
    }


def _party(address: Mapping[str, str], customer: str, language: str) -> dict[str, Any]:
    """Return an address as it is printed; the name at the door stands in it where that is not the customer's."""
    at_the_door = [address["name"]] if address["name"] not in (customer, "") else []
    return {"name": customer, "address": [*at_the_door, *address_lines(address, language)]}


def _line(position: int, line: BillableLine, order: SalesOrder) -> dict[str, Any]:
    return {
        "position": position,
        "sku": line.sku,
        "description": line.description,
        "kind": line.kind.lower(),
        "customer_sku": line.customer_sku,
        "customer_po": order.po_number,
        "order_number": str(order.number),
        "quantity": _plain(line.quantity),
        "unit": line.unit,
        "price": _plain(line.price),
        "price_unit": line.unit,
        "discount_percent": _plain(line.discount_percent),
        "order_discount": _order_discount(line, order),
        "tax_category": line.tax_category,
        "tax_rate": _plain(line.tax_rate),
        "net": _amount(line.net, order.currency),
    }


def _order_discount(line: BillableLine, order: SalesOrder) -> str:
    """Return what the order's discount takes off this line, so that its figures add up on the paper."""
    of_line = line_net(
        quantity=line.quantity, price=line.price, discount_percent=line.discount_percent, currency=order.currency
    )
    taken = of_line - line.net
    return _amount(taken, order.currency) if order.discount and taken > 0 else ""


def _plain(figure: Decimal) -> str:
    return f"{figure.normalize():f}"


def _amount(amount: Decimal, currency: str) -> str:
    return f"{amount.quantize(Decimal(1).scaleb(-exponent(currency))):f}"


def _places(figure: str) -> int:
    return len(figure.partition(".")[2])
