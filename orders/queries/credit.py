"""What customers owe and have ordered, read from the entries of their credit accounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import Sum

from core import bulk
from core.money import ZERO, cumulative_share, document_totals, exponent
from core.refusals import Blocker
from orders import sql
from orders.models import CreditAccount, CreditEntry, SalesOrder


def exposures(customer_ids: Collection[int]) -> dict[int, dict[str, Decimal]]:
    """Return by customer and currency what they owe, have on order and had shipped, less what they paid ahead."""
    rows = CreditEntry.objects.filter(account__in=customer_ids).order_by().values("account", "currency")
    found: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for row in rows.annotate(total=Sum("amount")):
        found[row["account"]][row["currency"]] = row["total"]
    return dict(found)


@dataclass(frozen=True, slots=True)
class Unbilled:
    """What of an order line was neither cancelled nor billed; billed is invoiced less credited to be billed again."""

    tax_category: str
    tax_rate: Decimal
    net: Decimal
    ordered: Decimal
    cancelled: Decimal
    billed: Decimal
    billed_net: Decimal

    def left(self, currency: str) -> Decimal:
        """Return the net that an invoice of all the rest would bill (rule 7)."""
        return cumulative_share(
            self.net,
            done_before=self.billed,
            done_now=self.ordered - self.cancelled - self.billed,
            of=self.ordered,
            billed_before=self.billed_net,
            currency=currency,
        )


def unbilled_gross(lines: Iterable[Unbilled], currency: str) -> Decimal:
    """Return what an invoice of all the rest of an order would come to: what it counts for on the credit account."""
    return document_totals([(line.tax_category, line.tax_rate, line.left(currency)) for line in lines], currency).gross


def unbilled(order_ids: Collection[int]) -> dict[int, Decimal]:
    """Return what is confirmed and not billed of orders, tax included; nothing of those that are over. One statement.

    A service that changes it (a cancellation, a credit note) asks before and after, and moves the credit by the
    difference.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.UNBILLED_LINES, [bulk.array(order_ids)])
        rows = cursor.fetchall()
    lines: dict[int, list[Unbilled]] = defaultdict(list)
    currencies: dict[int, str] = {}
    for order_id, currency, status, *facts in rows:
        currencies[order_id] = currency
        if status not in _OVER and facts[0] is not None:
            lines[order_id].append(Unbilled(*facts))
    return {pk: unbilled_gross(lines[pk], currency) for pk, currency in currencies.items()}


_OVER = (SalesOrder.Status.CANCELLED, SalesOrder.Status.CLOSED)


# Of the reasons why an order does not fit in, those that money or a higher limit mends
CREDIT_TOO_SMALL = frozenset({"over_credit_limit", "not_prepaid"})


@dataclass(frozen=True, slots=True)
class CreditRoom:
    """How far the credit of an order's customer goes."""

    currency: str
    ceiling: Decimal
    balance: Decimal
    is_prepay: bool

    def blocker(self, gross: Decimal, currency: str, taken: Decimal = ZERO) -> Blocker | None:
        """Return why an order of this amount does not fit in, after orders that took some of it already."""
        if currency != self.currency:
            return Blocker(
                "credit_currency", f"The customer's credit is in {self.currency}, and the order is in {currency}."
            )
        after = self.balance + taken + gross
        if after <= self.ceiling:
            return None
        places = exponent(currency)
        if self.is_prepay:
            return Blocker(
                "not_prepaid",
                f"The customer pays first: {after:,.{places}f} {currency} of this order is not paid yet.",
                label="Not paid yet",
            )
        return Blocker(
            "over_credit_limit",
            f"The order takes the customer to {after:,.{places}f} {currency}, over the credit limit"
            f" of {self.ceiling:,.{places}f}.",
            label="Over credit limit",
        )


def account_of(customer_id: int) -> CreditAccount:
    """Return a customer's credit account."""
    return CreditAccount.objects.get(pk=customer_id)
