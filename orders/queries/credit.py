"""What customers owe and have ordered, read from the entries of their credit accounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from core.money import ZERO, exponent
from core.refusals import Blocker
from orders.models import CreditAccount, CreditEntry


def exposures(customer_ids: Collection[int]) -> dict[int, dict[str, Decimal]]:
    """Return by customer and currency what they owe, have on order and had shipped, less what they paid ahead."""
    rows = CreditEntry.objects.filter(account__in=customer_ids).order_by().values("account", "currency")
    found: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for row in rows.annotate(total=Sum("amount")):
        found[row["account"]][row["currency"]] = row["total"]
    return dict(found)


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
            )
        return Blocker(
            "over_credit_limit",
            f"The order takes the customer to {after:,.{places}f} {currency}, over the credit limit"
            f" of {self.ceiling:,.{places}f}.",
        )


def account_of(customer_id: int) -> CreditAccount:
    """Return a customer's credit account."""
    return CreditAccount.objects.get(pk=customer_id)
