"""Two people settle or credit the same thing at once: nothing is used twice, and what for each lock."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError

from billing import audit, services
from billing.models import Invoice, Payment, Settlement
from core.refusals import Refused
from tests.factories.billing import AT, Trade
from tests.race import race
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trade() -> Trade:
    trade = Trade.start()
    assert trade.accountant.verbs  # read once, so that threads do not
    return trade


def drift() -> list[str]:
    return [f"{check.name}: {found}" for check in audit.CHECKS for found in check.find()[1]]


class TestApplyCredit:
    """Twenty waits to be applied, and two people apply fifteen each to two invoices."""

    def apply_twice(self, trade: Trade, unlocked: pytest.MonkeyPatch | None = None) -> tuple[Payment, list[Any]]:
        payment = services.receive_payment(
            customer_id=trade.customer.pk,
            currency="GBP",
            amount=Decimal(20),
            actor=trade.accountant,
            at=AT,
        )
        invoices = [trade.invoiced(), trade.invoiced()]
        apply = partial(services.apply_credit, payment_id=payment.pk, actor=trade.accountant, at=AT)
        if unlocked:
            take_locks_away(unlocked)
        results = race(*(partial(apply, shares={invoice.pk: Decimal(15)}) for invoice in invoices))
        return Payment.objects.get(pk=payment.pk), results

    def test_is_applied_once(self, trade: Trade) -> None:
        payment, results = self.apply_twice(trade)
        assert sorted(isinstance(result, Refused) for result in results) == [False, True]
        assert (payment.settled, Settlement.objects.count()) == (15, 1)
        assert drift() == []

    def test_is_refused_by_the_table_alone_without_the_lock(
        self, trade: Trade, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _payment, results = self.apply_twice(trade, monkeypatch)
        assert sum(isinstance(result, IntegrityError) for result in results) == 1


class TestRefundPayment:
    """Of twenty that wait one person applies fifteen while another pays ten back."""

    def apply_and_refund(self, trade: Trade, unlocked: pytest.MonkeyPatch | None = None) -> tuple[Payment, list[Any]]:
        payment = services.receive_payment(
            customer_id=trade.customer.pk, currency="GBP", amount=Decimal(20), actor=trade.accountant, at=AT
        )
        invoice = trade.invoiced()
        do: dict[str, Any] = {"payment_id": payment.pk, "actor": trade.accountant, "at": AT}
        if unlocked:
            take_locks_away(unlocked, Payment)
        results = race(
            partial(services.apply_credit, shares={invoice.pk: Decimal(15)}, **do),
            partial(services.refund_payment, amount=Decimal(10), **do),
        )
        return Payment.objects.get(pk=payment.pk), results

    def test_is_applied_or_goes_back_and_never_both(self, trade: Trade) -> None:
        payment, results = self.apply_and_refund(trade)
        assert sorted(isinstance(result, Refused) for result in results) == [False, True]
        assert payment.settled in (15, 10)
        assert drift() == []

    def test_is_refused_by_the_table_alone_without_the_lock(
        self, trade: Trade, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _payment, results = self.apply_and_refund(trade, monkeypatch)
        assert sum(isinstance(result, IntegrityError) for result in results) == 1


class TestPostCreditNote:
    """Of four units two people credit three each."""

    def credit_twice(self, trade: Trade, unlocked: pytest.MonkeyPatch | None = None) -> tuple[Invoice, list[Any]]:
        invoice = trade.invoiced((trade.product("10"), "4"))
        line = invoice.lines.get().pk
        credit = partial(
            services.post_credit_note,
            invoice_id=invoice.pk,
            lines=[services.CreditedLine(line, Decimal(3))],
            reason="Goodwill",
            bills_again=False,
            actor=trade.accountant,
            at=AT,
        )
        if unlocked:
            take_locks_away(unlocked)
        results = race(credit, credit)
        return Invoice.objects.get(pk=invoice.pk), results

    def test_credits_no_unit_twice(self, trade: Trade) -> None:
        invoice, results = self.credit_twice(trade)
        assert sorted(isinstance(result, Refused) for result in results) == [False, True]
        assert invoice.credited == 36
        assert drift() == []

    def test_is_refused_by_the_table_alone_without_the_lock(
        self, trade: Trade, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _invoice, results = self.credit_twice(trade, monkeypatch)
        assert sum(isinstance(result, IntegrityError) for result in results) == 1


class TestUndoSettlement:
    def test_is_undone_once_however_many_ask(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        services.pay_invoices(invoice_ids=[invoice.pk], actor=trade.accountant, at=AT)
        one = Settlement.objects.get()
        undo = partial(services.undo_settlement, settlement_id=one.pk, actor=trade.accountant, at=AT)
        first, second = race(undo, undo)
        assert first == second
        assert Settlement.objects.count() == 2
        assert Invoice.objects.get(pk=invoice.pk).settled == 0
        assert drift() == []
