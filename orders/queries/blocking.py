"""Why a verb of orders is off, for any number of orders at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import connection
from django.urls import reverse

from core import bulk
from core.money import ZERO
from core.refusals import Blocker
from orders import sql
from orders.models import SalesOrder
from orders.queries import cancelling, holds
from orders.queries.credit import CreditRoom

_STATUS = dict(SalesOrder.Status.choices)
DRAFTS = (SalesOrder.Status.DRAFT, SalesOrder.Status.REVIEW)


def blockers(order_ids: Collection[int], verb: str) -> dict[int, list[Blocker]]:
    """Return why a verb is off for each order, by one statement; an order that is not named has nothing against it.

    Knows "orders.confirm", "orders.allocate", "orders.edit", "orders.discard", "orders.hold", and of cancelling
    "orders.cancel" (all of an order) and "orders.cut" (any of it).

    :raises KeyError: for a verb that is not orders'.
    """
    find = {
        "orders.confirm": _confirm_blockers,
        "orders.allocate": _allocate_blockers,
        "orders.edit": _draft_blockers,
        "orders.discard": _draft_blockers,
        "orders.hold": holds.may_be_held,
        "orders.cancel": cancelling.cancel_blockers,
        "orders.cut": cancelling.cut_blockers,
    }[verb]
    found = find(order_ids) if order_ids else {}
    return {order_id: reasons for order_id, reasons in found.items() if reasons}


def _confirm_blockers(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    return {order_id: facts.blockers() for order_id, facts in confirm_facts(order_ids).items()}


@dataclass(frozen=True, slots=True)
class ConfirmFacts:
    """What decides whether an order can be confirmed."""

    status: str
    is_active: bool
    customer: str
    customer_id: int
    lines: int
    inactive: str | None
    has_address: bool
    gross: Decimal
    currency: str
    invoice_on: str
    ship_policy: str
    ship_minimum: int
    good_for_days: int  # for which the customer wants goods with lots to be good
    has_reservations: bool
    room: CreditRoom | None

    def blockers(self, taken: Decimal = ZERO) -> list[Blocker]:
        """Return what is against it, where others of the customer confirmed with it took some of their credit."""
        if self.status not in DRAFTS:
            return [Blocker("already_confirmed", f"The order is {_STATUS[self.status].lower()} already.")]
        reasons = []
        if not self.lines:
            reasons.append(Blocker("no_lines", "The order has no line."))
        if not self.is_active:
            sentence = f"{self.customer} may not order: the account is closed."
            reasons.append(Blocker("customer_closed", sentence, self._customer_page()))
        if self.inactive:
            reasons.append(Blocker("not_sold", f"No longer sold: {self.inactive}."))
        if not self.has_address:
            reasons.append(Blocker("no_address", "The ship-to address lacks a street or a city."))
        if self.room and (over := self.room.blocker(self.gross, self.currency, taken)):
            reasons.append(replace(over, link=self._customer_page()))
        return reasons

    def _customer_page(self) -> str:
        return reverse("orders:customer", args=[self.customer_id])


def confirm_facts(order_ids: Collection[int]) -> dict[int, ConfirmFacts]:
    """Return what decides whether orders can be confirmed. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql.CONFIRM_FACTS, [bulk.array(order_ids)])
        rows = cursor.fetchall()
    found = {}
    for order_id, *facts, credit_currency, ceiling, balance, is_prepay, invoice_on, policy, minimum, days, kept in rows:
        room = None if ceiling is None else CreditRoom(credit_currency, ceiling, balance, is_prepay)
        found[order_id] = ConfirmFacts(*[*facts, invoice_on, policy, minimum, days, kept, room])
    return found


def confirm_blockers_together(
    facts_of: Mapping[int, ConfirmFacts], passed: Collection[str] = ()
) -> dict[int, list[Blocker]]:
    """Return why orders that are confirmed together cannot be: as `blockers`, and what goes takes of its credit.

    Orders against which there are only reasons whose codes are `passed` will be confirmed all the same.
    """
    found, taken = {}, defaultdict[int, Decimal](Decimal)
    for order_id, facts in sorted(facts_of.items()):
        reasons = facts.blockers(taken[facts.customer_id])
        if reasons:
            found[order_id] = reasons
        if all(reason.code in passed for reason in reasons):
            taken[facts.customer_id] += facts.gross
    return found


def _draft_blockers(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    """A draft can be changed and discarded; what was confirmed has frozen terms, and what was cancelled is over."""
    frozen = SalesOrder.objects.filter(pk__in=order_ids).exclude(status__in=DRAFTS).order_by()
    found = {}
    for pk, status, number in frozen.values_list("pk", "status", "number"):
        sentence = f"{number or f'Draft {pk}'} is {_STATUS[status].lower()}: it cannot be changed as a draft."
        found[pk] = [Blocker("already_no_draft", sentence, reverse("orders:detail", args=[pk]))]
    return found


def _allocate_blockers(order_ids: Collection[int]) -> dict[int, list[Blocker]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.ALLOCATE_FACTS, [bulk.array(order_ids)])
        facts: list[tuple[int, str, Decimal, Decimal, Decimal]] = cursor.fetchall()
    found: dict[int, list[Blocker]] = {}
    for order_id, status, waiting, held, free in facts:
        reasons = found.setdefault(order_id, [])
        if status in {SalesOrder.Status.COMPLETED, SalesOrder.Status.CLOSED}:
            reasons.append(Blocker("already_completed", f"The order is {_STATUS[status].lower()}."))
        elif status not in {SalesOrder.Status.CONFIRMED, SalesOrder.Status.RELEASED}:
            said = "a draft" if status == SalesOrder.Status.DRAFT else _STATUS[status].lower()
            reasons.append(Blocker("not_open", f"The order is {said}."))
        elif waiting <= 0 < held:
            reasons.append(Blocker("on_hold", "What waits for stock is on hold: lift the hold first."))
        elif waiting <= 0:
            reasons.append(Blocker("already_allocated", "Nothing of this order waits for stock."))
        elif free <= 0:
            reasons.append(Blocker("no_stock", f"{waiting.normalize():f} units wait, and none of them is in stock."))
    return found
