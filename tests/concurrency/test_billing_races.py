"""Many people bill and pay at once: no gap, no duplicate, nothing billed or settled twice, and what for each lock."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing import audit, queries, services, tasks
from billing.models import Invoice, InvoiceDocument, Payment, Settlement
from billing.services import Receipt, posting
from core import sql
from core.models import NumberSeries
from core.refusals import Refused
from orders.models import Facet, SalesOrder, SalesOrderLine
from tests.factories.billing import AT, Trade
from tests.race import race
from tests.soak import count
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)


POSTINGS = count(short=60, full=240)


class Undone(Exception):
    """What a thread raises after it has posted, so that its transaction is rolled back."""


@pytest.fixture
def trade() -> Trade:
    trade = Trade.start()
    assert trade.accountant.verbs  # read once, so that threads do not
    return trade


def shipped_orders(trade: Trade, number: int) -> list[SalesOrder]:
    goods = trade.product("2.55")
    orders = trade.orders([[(goods, "3")]] * number)
    for order in orders:
        trade.ship(order)
    return orders


def post(trade: Trade, orders: list[SalesOrder], *, undone: Callable[[SalesOrder], bool]) -> int:
    """Post orders one by one, each in its own transaction, and undo some after their number was taken."""
    posted = 0
    for order in orders:
        try:
            with transaction.atomic():
                result = services.invoice_orders(order_ids=[order.pk], actor=trade.accountant, at=AT)[order.pk]
                assert isinstance(result, Invoice), result
                if undone(order):
                    raise Undone
            posted += 1
        except Undone:
            pass
    return posted


def assert_gapless(trade: Trade, number: int) -> None:
    numbers = Invoice.objects.filter(company=trade.company).order_by("number").values_list("number", flat=True)
    assert list(numbers) == [f"INV-2025-{value:06}" for value in range(1, number + 1)]
    assert NumberSeries.objects.get(company=trade.company).next_value == number + 1
    for check in audit.CHECKS:
        assert check.find()[1] == [], check.name


class MeetAfter:
    """Makes callers of a function meet once it has returned; where one waits for a lock instead, the others go on."""

    def __init__(self, function: Callable[..., Any], parties: int = 2) -> None:
        self.function, self.barrier = function, threading.Barrier(parties)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.function(*args, **kwargs)
        with contextlib.suppress(threading.BrokenBarrierError):
            self.barrier.wait(1)
        return result


@pytest.mark.soak("T3")
class TestNumbers:
    """Gapless and unique, whoever posts and whatever is undone (T3, PRODUCT.md case 83)."""

    def test_have_no_gap_where_a_fifth_of_twelve_threads_postings_is_undone(self, trade: Trade) -> None:
        orders = shipped_orders(trade, POSTINGS)
        shares = [orders[start::12] for start in range(12)]
        undone = {order.pk for order in orders[::5]}
        results = race(*(partial(post, trade, share, undone=lambda order: order.pk in undone) for share in shares))
        assert [result for result in results if isinstance(result, Exception)] == []
        assert sum(results) == POSTINGS * 4 // 5
        assert_gapless(trade, POSTINGS * 4 // 5)

    def test_are_forty_five_where_five_of_fifty_postings_fail(self, trade: Trade) -> None:
        orders = shipped_orders(trade, 50)
        failing = {order.pk for order in orders[::10]}
        results = race(*(partial(post, trade, [order], undone=lambda order: order.pk in failing) for order in orders))
        assert sorted(map(str, results)) == ["0"] * 5 + ["1"] * 45
        assert_gapless(trade, 45)

    def test_of_many_orders_at_once_are_one_chain(self, trade: Trade) -> None:
        orders = shipped_orders(trade, 24)
        ids = [order.pk for order in orders]
        bulk = partial(services.invoice_orders, actor=trade.accountant, at=AT)
        results = race(*(partial(bulk, order_ids=ids[start::4]) for start in range(4)))
        assert sum(len(result) for result in results) == 24
        assert_gapless(trade, 24)

    @pytest.mark.parametrize("is_locked", [True, False])
    def test_are_taken_twice_without_the_lock(
        self, trade: Trade, monkeypatch: pytest.MonkeyPatch, is_locked: bool
    ) -> None:
        """The control: the same race fails once the statement reads the series without holding it."""
        if not is_locked:
            statement = sql.TAKE_GAPLESS.replace(" FOR NO KEY UPDATE OF s", "")
            assert statement != sql.TAKE_GAPLESS
            monkeypatch.setattr(sql, "TAKE_GAPLESS", statement)
        take = posting._take_numbers

        def take_and_linger(*args: Any) -> None:
            take(*args)
            time.sleep(0.3)  # the other's statement begins before this transaction ends

        monkeypatch.setattr(posting, "_take_numbers", take_and_linger)
        trade.invoiced()
        orders = shipped_orders(trade, 2)
        results = race(*(partial(post, trade, [order], undone=lambda _: False) for order in orders))
        if is_locked:
            assert results == [1, 1]
            assert_gapless(trade, 3)
        else:
            assert sum(isinstance(result, IntegrityError) for result in results) == 1


class TestOneOrder:
    """Two clicks at once do it once."""

    def invoice_twice(
        self, trade: Trade, monkeypatch: pytest.MonkeyPatch, *, locks: bool = True
    ) -> tuple[SalesOrder, list[Any]]:
        """Ship a part of an order and invoice it twice at once, both having read what is due."""
        order = trade.order((trade.product("10"), "9"))
        trade.ship(order, {1: "3"})
        monkeypatch.setattr(queries, "billing_facts", MeetAfter(queries.billing_facts))
        if not locks:
            take_locks_away(monkeypatch, pause=0)
        invoice = partial(services.invoice_orders, order_ids=[order.pk], actor=trade.accountant, at=AT)
        return order, race(invoice, invoice)

    def test_is_invoiced_once(self, trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
        order, results = self.invoice_twice(trade, monkeypatch)
        first, second = (result[order.pk] for result in results)
        assert first.pk == second.pk
        assert Invoice.objects.count() == 1
        assert SalesOrderLine.objects.get(order=order).invoiced == 3

    def test_is_invoiced_twice_without_the_lock(self, trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
        order, _results = self.invoice_twice(trade, monkeypatch, locks=False)
        assert Invoice.objects.count() == 2
        assert SalesOrderLine.objects.get(order=order).invoiced == 6

    def pay_twice(
        self, trade: Trade, monkeypatch: pytest.MonkeyPatch, percent: int | None, *, locks: bool = True
    ) -> tuple[Invoice, list[Any]]:
        """Pay an invoice twice at once, both having read what is open of it."""
        invoice = trade.invoiced((trade.product("10"), "3"))
        monkeypatch.setattr(queries, "last_payments", MeetAfter(queries.last_payments))
        if not locks:
            take_locks_away(monkeypatch, pause=0)
        receipts = [Receipt(invoice.order_id, amount=None if percent is None else invoice.gross * percent / 100)]
        pay = partial(services.record_payments, receipts=receipts, actor=trade.accountant, at=AT)
        results = race(pay, pay)
        return Invoice.objects.get(pk=invoice.pk), [
            result if isinstance(result, Exception) else result[0] for result in results
        ]

    def test_is_paid_in_full_once(self, trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
        invoice, results = self.pay_twice(trade, monkeypatch, None)
        assert isinstance(results[0], Payment)
        assert results[0] == results[1]
        assert (invoice.settled, Payment.objects.count(), Settlement.objects.count()) == (36, 1, 1)

    def test_is_not_paid_beyond_what_is_open(self, trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
        invoice, results = self.pay_twice(trade, monkeypatch, 75)
        assert sorted(isinstance(result, Payment) for result in results) == [False, True]
        refusal = next(result for result in results if isinstance(result, Refused))
        assert "Only 9.00 GBP is open" in str(refusal)
        assert (invoice.settled, Payment.objects.count()) == (27, 1)

    def test_is_known_as_paid_after_two_halves(self, trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
        invoice, _results = self.pay_twice(trade, monkeypatch, 50)
        assert (invoice.settled, SalesOrder.objects.get(pk=invoice.order_id).payment) == (36, Facet.FULL)

    def test_is_refused_by_the_table_alone_without_the_lock(
        self, trade: Trade, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _invoice, results = self.pay_twice(trade, monkeypatch, None, locks=False)
        assert sum(isinstance(result, IntegrityError) for result in results) == 1

    def test_has_one_paper_however_many_print_it(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        assert race(*[partial(tasks.render_invoices, [invoice.pk])] * 3) == [None] * 3
        assert InvoiceDocument.objects.count() == 1
