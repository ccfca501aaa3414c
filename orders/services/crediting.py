"""Customers' credit accounts: an entry for each change of what they owe or have ordered, and their terms (rule 23)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core import bulk
from core.models import User
from core.money import ZERO, exponent, round_amount
from core.refusals import Refused
from core.roles import require
from core.transactions import atomic
from orders import sql
from orders.models import CreditAccount, CreditEntry
from orders.queries.credit import exposures

MAX_LIMIT = Decimal(1_000_000_000)


class CreditTermsInvalid(Refused):
    """What was keyed is no limit."""

    code = "credit_terms_invalid"


@dataclass(frozen=True, slots=True)
class CreditChange:
    """That a customer owes or has ordered more, or less where the amount is negative; `reference` is the document's."""

    company_id: int
    customer_id: int
    kind: CreditEntry.Kind
    amount: Decimal
    currency: str
    order_id: int | None
    reference: str


@atomic
def move_credit(*, changes: Sequence[CreditChange], actor: User | None, at: datetime) -> None:
    """Write an entry for each change that is not zero, and move balances that are kept: one statement, with what waits.

    The caller locked its orders by `locked_after_credit()`, so that a balance is locked before them.
    """
    changes = [change for change in changes if change.amount]
    if not changes:
        return
    bulk.execute_with_all(
        sql.MOVE_CREDIT,
        [
            bulk.array([change.company_id for change in changes]),
            bulk.array([change.customer_id for change in changes]),
            bulk.array([change.kind for change in changes]),
            bulk.array([change.amount for change in changes]),
            bulk.array([change.currency for change in changes]),
            bulk.array([change.order_id for change in changes]),
            bulk.array([change.reference for change in changes]),
            actor.pk if actor else None,
            at,
        ],
    )


@atomic
def set_credit_terms(*, customer_id: int, limit: Decimal | None, is_prepay: bool, actor: User) -> CreditAccount:
    """Limit a customer's credit in the currency of their price list, let them pay first, or neither.

    The balance is summed from the entries here and kept from now on; without a limit it is dropped.

    :raises NotAllowed: where the actor may not set credit terms.
    :raises CreditTermsInvalid: for a limit that is none, or one beside paying first.
    :raises CreditAccount.DoesNotExist: where the customer is of another company.
    """
    require(actor, "orders.set_credit")
    account: CreditAccount = CreditAccount.objects.for_user(actor).locked().get(pk=customer_id)
    currency = CreditAccount.objects.for_user(actor).values_list("customer__price_list__currency", flat=True)
    account.currency = currency.get(pk=customer_id)
    if limit is not None:
        places = exponent(account.currency)
        if is_prepay:
            raise CreditTermsInvalid("Who pays first has no credit: leave the limit empty, or let them pay later.")
        if not 0 <= limit <= MAX_LIMIT:
            raise CreditTermsInvalid(f"A limit is between 0 and {MAX_LIMIT:,.0f}.")
        if limit != round_amount(limit, account.currency):
            raise CreditTermsInvalid(f"{account.currency} has {places or 'no'} decimals.")
    account.credit_limit, account.is_prepay = limit, is_prepay
    owed = exposures([customer_id]).get(customer_id, {}) if account.ceiling is not None else {}
    account.balance = owed.get(account.currency, ZERO)
    account.save(update_fields=["currency", "credit_limit", "is_prepay", "balance"])
    return account
