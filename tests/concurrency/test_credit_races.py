"""Credit under contention: a limit holds against orders confirmed at once, and who sets one misses nobody's entry."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from core.models import User
from core.refusals import Blocked
from core.roles import Role
from orders import audit, queries, services, sql
from orders.models import CreditAccount, Customer
from orders.queries.credit import exposures
from orders.services import crediting
from tests.factories.core import person
from tests.factories.orders import AT, CustomerFactory, draft, priced, take_in
from tests.race import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer() -> Customer:
    return CustomerFactory()


@pytest.fixture
def manager(customer: Customer) -> User:
    manager = person(Role.SALES_MANAGER, company=customer.company)
    assert manager.verbs  # read once, so that threads do not
    return manager


class Pause:
    """Lets the first caller of a function wait, once it has returned, until another has come or waited a second."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.reached, self.go_on = function, threading.Event(), threading.Event()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.function(*args, **kwargs)
        if not self.reached.is_set():
            self.reached.set()
            self.go_on.wait(1)
        return result


def no_account(*_ids: Any) -> None:
    """Lock no account; the watch over the order of locks still sees a lock on one, on no row."""
    list(CreditAccount.objects.filter(pk=0).locked())


def locked_orders_alone(company_ids: Any, order_ids: Any) -> Any:
    """Lock the orders alone."""
    no_account()
    return queries.locked_orders(company_ids, order_ids)


def drift() -> list[str]:
    return [found.subject for check in audit.CHECKS for found in check.find()[1]]


def confirmed(customer: Customer, manager: User, drafts: Sequence[Any]) -> list[Callable[[], list[Any]]]:
    """Return calls that confirm orders, each of which was taken in before."""

    def confirm(order_id: int) -> list[Any]:
        return list(services.confirm_orders(order_ids=[order_id], actor=manager, at=AT).values())

    return [partial(confirm, order.pk) for order in take_in(drafts, company=customer.company)]


def made_and_confirmed(_customer: Customer, manager: User, drafts: Sequence[Any]) -> list[Callable[[], list[Any]]]:
    """Return calls that take orders in and confirm them at once."""

    def make(one: Any) -> list[Any]:
        (taken,) = services.create_and_confirm_orders(drafts=[one], actor=manager, at=AT)
        assert isinstance(taken, services.Taken)
        return [taken.confirmed]

    return [partial(make, one) for one in drafts]


class TestLimit:
    def two_at_once(self, ways: Any, customer: Customer, manager: User, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        services.set_credit_terms(customer_id=customer.pk, limit=Decimal(60), is_prepay=False, actor=manager)
        products = [priced(customer, price="40"), priced(customer, price="40")]
        drafts = [draft(customer, (product, 1), po_number=f"PO-{n}") for n, product in enumerate(products)]
        calls = ways(customer, manager, drafts)
        barrier = threading.Barrier(2)
        look = queries.confirm_facts

        def look_together(ids: Any) -> Any:
            found = look(ids)
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(1)
            return found

        monkeypatch.setattr(queries, "confirm_facts", look_together)
        results = race(*calls)
        assert [result for result in results if isinstance(result, Exception)] == []
        return [outcome for result in results for outcome in result if not isinstance(outcome, Blocked)]

    @pytest.mark.parametrize("ways", [confirmed, made_and_confirmed])
    def test_lets_one_of_two_orders_through_that_fit_singly(
        self, ways: Any, customer: Customer, manager: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert len(self.two_at_once(ways, customer, manager, monkeypatch)) == 1
        assert CreditAccount.objects.get(pk=customer.pk).balance == 48
        assert drift() == []

    @pytest.mark.parametrize(
        ("ways", "lock", "without"),
        [
            (confirmed, "locked_orders_after_credit", locked_orders_alone),
            (made_and_confirmed, "locked_accounts", no_account),
        ],
    )
    def test_would_let_both_through_without_the_lock(
        self, ways: Any, lock: str, without: Any, customer: Customer, manager: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries, lock, without)
        assert len(self.two_at_once(ways, customer, manager, monkeypatch)) == 2
        assert CreditAccount.objects.get(pk=customer.pk).balance == 96


class TestSetCreditTerms:
    """Somebody confirms an order of 12.00 while a limit is set, in either order; the balance must count it once."""

    def both(self, customer: Customer, manager: User, first: Pause, *, confirm_first: bool) -> None:
        (order,) = take_in([draft(customer, (priced(customer, price="10"), 1))], company=customer.company)
        confirm = partial(services.confirm_orders, order_ids=[order.pk], actor=manager, at=AT)
        limit = partial(
            services.set_credit_terms, customer_id=customer.pk, limit=Decimal(100), is_prepay=False, actor=manager
        )

        def second() -> Any:
            assert first.reached.wait(30)
            try:
                return (limit if confirm_first else confirm)()
            finally:
                first.go_on.set()

        results = race(confirm if confirm_first else limit, second)
        assert [result for result in results if isinstance(result, Exception)] == []
        assert exposures([customer.pk]) == {customer.pk: {"GBP": 12}}

    @pytest.mark.parametrize("confirm_first", [True, False])
    @pytest.mark.parametrize("is_locked", [True, False])
    def test_misses_no_entry_as_long_as_the_entries_share_the_lock(
        self,
        customer: Customer,
        manager: User,
        monkeypatch: pytest.MonkeyPatch,
        *,
        confirm_first: bool,
        is_locked: bool,
    ) -> None:
        if not is_locked:
            monkeypatch.setattr(sql, "MOVE_CREDIT", sql.MOVE_CREDIT.replace("FOR SHARE", ""))
        if confirm_first:
            pause = Pause(services.confirming.move_credit)
            monkeypatch.setattr(services.confirming, "move_credit", pause)
        else:
            pause = Pause(crediting.exposures)
            monkeypatch.setattr(crediting, "exposures", pause)
        self.both(customer, manager, pause, confirm_first=confirm_first)
        assert CreditAccount.objects.get(pk=customer.pk).balance == (12 if is_locked else 0)
        assert (drift() == []) is is_locked
