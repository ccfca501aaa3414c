"""Money beyond the straight way: parts, too much, amounts chosen, one settlement undone, money paid back."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing import audit, queries, services
from billing.models import Invoice, Payment, Settlement
from billing.services import CreditedLine, PaymentInvalid, Receipt, SettlementInvalid
from core.refusals import Blocked, NotAllowed
from core.roles import Role
from orders.models import CreditEntry, Facet, OrderEvent, SalesOrder
from orders.queries.credit import exposures
from tests.factories.billing import AT, Trade
from tests.factories.core import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade() -> Trade:
    return Trade.start()


def receive(trade: Trade, amount: str, **fields: object) -> Payment:
    words = {"customer_id": trade.customer.pk, "currency": "GBP", "actor": trade.accountant, "at": AT, **fields}
    return services.receive_payment(amount=Decimal(amount), **words)  # type: ignore[arg-type]


def settled(*invoices: Invoice) -> list[Decimal]:
    return [Invoice.objects.get(pk=invoice.pk).settled for invoice in invoices]


def credited(trade: Trade, invoice: Invoice, units: str = "1") -> Invoice:
    return services.post_credit_note(
        invoice_id=invoice.pk,
        lines=[CreditedLine(invoice.lines.get().pk, Decimal(units))],
        reason="Goodwill",
        bills_again=False,
        actor=trade.accountant,
        at=AT,
    )


@pytest.fixture(autouse=True)
def _books_are_clean():
    yield
    assert [(check.name, found) for check in audit.CHECKS for found in check.find()[1]] == []


class TestReceivePayment:
    def test_settles_the_oldest_first_and_keeps_the_rest_as_the_customers_credit(self, trade: Trade) -> None:
        first, second = trade.invoiced(), trade.invoiced()
        payment = receive(trade, "50")
        assert settled(first, second) == [36, 14]
        assert (payment.amount, payment.settled) == (50, 50)
        rest = receive(trade, "30")
        assert (rest.settled, settled(second)) == (22, [36])
        (left,) = queries.unapplied_of(trade.accountant, trade.customer.pk, "GBP")
        assert (left.kind, left.number, left.left) == ("payment", rest.number, 8)
        assert exposures([trade.customer.pk])[trade.customer.pk] == {"GBP": -8}

    def test_settles_what_was_chosen_by_invoice(self, trade: Trade) -> None:
        first, second = trade.invoiced(), trade.invoiced()
        receive(trade, "40", shares={second.pk: Decimal(30), first.pk: Decimal("0.5")})
        assert settled(first, second) == [Decimal("0.5"), 30]

    def test_is_the_customers_credit_where_nothing_is_open_and_its_event_hangs_on_the_entry(self, trade: Trade) -> None:
        payment = receive(trade, "25", reference=" BACS 7 ")
        (entry,) = CreditEntry.objects.all()
        assert (entry.kind, entry.amount, entry.order, entry.reference) == ("PAID", -25, None, payment.number)
        assert (payment.settled, payment.reference) == (0, "BACS 7")
        assert not OrderEvent.objects.exists()

    def test_tells_the_orders_and_sets_their_facets(self, trade: Trade) -> None:
        first, second = trade.invoiced(), trade.invoiced()
        receive(trade, "40")
        assert [SalesOrder.objects.get(pk=i.order_id).payment for i in (first, second)] == [Facet.FULL, Facet.PART]
        events = OrderEvent.objects.filter(kind=OrderEvent.Kind.PAID).order_by("order_id")
        assert [(event.order_id, Decimal(event.data["amount"])) for event in events] == [
            (first.order_id, 36),
            (second.order_id, 4),
        ]

    @pytest.mark.parametrize(
        ("amount", "fields", "sentence"),
        [
            ("0", {}, "more than zero"),
            ("-5", {}, "more than zero"),
            ("1.001", {}, "2 decimals"),
            ("5", {"received_on": date(2030, 1, 1)}, "future"),
            ("5", {"received_on": AT.date() - timedelta(days=400)}, "year"),
            ("5", {"method": "SHELLS"}, "how it was paid"),
        ],
    )
    def test_refuses_what_is_no_payment(self, trade: Trade, amount: str, fields: dict, sentence: str) -> None:
        with pytest.raises(PaymentInvalid, match=sentence):
            receive(trade, amount, **fields)
        assert not Payment.objects.exists()

    def test_refuses_more_than_is_open_or_came_in(self, trade: Trade) -> None:
        invoice, other = trade.invoiced(), trade.invoiced()
        elsewhere = Trade.start().invoiced()
        for shares, sentence in [
            ({invoice.pk: "37"}, "Only 36.00 GBP is open"),
            ({invoice.pk: "30", other.pk: "30"}, "come to 60.00 GBP, and there is only 50.00"),
            ({invoice.pk: "-1"}, "Key an amount"),
            ({elsewhere.pk: "1"}, "no such invoice"),
        ]:
            with pytest.raises(SettlementInvalid, match=sentence):
                receive(trade, "50", shares={pk: Decimal(share) for pk, share in shares.items()})
        assert settled(invoice, other) == [0, 0]
        assert not Payment.objects.exists()

    def test_is_not_for_a_seller(self, trade: Trade) -> None:
        with pytest.raises(NotAllowed):
            receive(trade, "5", actor=trade.seller)


class TestRecordPayments:
    def test_keeps_the_rest_where_that_is_said(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        receipt = Receipt(invoice.order_id, Decimal(40), invoice.pk)
        (refusal,) = services.record_payments(receipts=[receipt], actor=trade.accountant, at=AT)
        assert "keep the rest" in str(refusal)
        (payment,) = services.record_payments(
            receipts=[Receipt(invoice.order_id, Decimal(40), invoice.pk, keeps_rest=True)],
            actor=trade.accountant,
            at=AT,
        )
        assert (payment.amount, payment.settled) == (40, 36)
        assert SalesOrder.objects.get(pk=invoice.order_id).payment == Facet.FULL


class TestApplyCredit:
    def test_applies_a_payments_rest_in_amounts_chosen(self, trade: Trade) -> None:
        payment = receive(trade, "100")
        first, second = trade.invoiced(), trade.invoiced()
        services.apply_credit(payment_id=payment.pk, shares={first.pk: Decimal(10)}, actor=trade.accountant, at=AT)
        assert (queries.unapplied_of(trade.accountant, trade.customer.pk, "GBP")[0].left, settled(first)) == (90, [10])
        services.apply_credit(
            payment_id=payment.pk,
            shares={first.pk: Decimal(26), second.pk: Decimal(36)},
            actor=trade.accountant,
            at=AT,
        )
        assert settled(first, second) == [36, 36]
        assert SalesOrder.objects.get(pk=first.order_id).payment == Facet.FULL
        assert OrderEvent.objects.filter(kind=OrderEvent.Kind.CREDIT_APPLIED).count() == 3
        assert CreditEntry.objects.filter(kind="PAID").count() == 1

    def test_applies_a_credit_note_to_another_invoice(self, trade: Trade) -> None:
        paid, other = trade.invoiced(), trade.invoiced()
        services.pay_invoices(invoice_ids=[paid.pk], actor=trade.accountant, at=AT)
        note = credited(trade, paid)
        assert SalesOrder.objects.get(pk=paid.order_id).payment == Facet.OVER
        services.apply_credit(credit_note_id=note.pk, shares={other.pk: Decimal(12)}, actor=trade.accountant, at=AT)
        assert (settled(note, other)) == [-12, 12]
        assert SalesOrder.objects.get(pk=paid.order_id).payment == Facet.FULL
        assert SalesOrder.objects.get(pk=other.order_id).payment == Facet.PART

    def test_never_applies_more_than_is_left_or_open(self, trade: Trade) -> None:
        payment = receive(trade, "50")
        invoice = trade.invoiced()
        for share, sentence in (("36.01", "Only 36.00 GBP is open"), ("0", "at least one invoice")):
            with pytest.raises(SettlementInvalid, match=sentence):
                services.apply_credit(
                    payment_id=payment.pk, shares={invoice.pk: Decimal(share)}, actor=trade.accountant, at=AT
                )
        receive(trade, "1", shares={})
        others = [trade.invoiced(), trade.invoiced()]
        with pytest.raises(SettlementInvalid, match=r"only 50\.00 to apply"):
            services.apply_credit(
                payment_id=payment.pk, shares={i.pk: Decimal(30) for i in others}, actor=trade.accountant, at=AT
            )
        with pytest.raises(Blocked):
            services.apply_credit(
                payment_id=payment.pk,
                shares={invoice.pk: Decimal(1)},
                actor=person(Role.ACCOUNTANT),
                at=AT,
            )
        assert not Settlement.objects.exists()

    def test_is_held_by_the_tables_too(self, trade: Trade) -> None:
        payment, invoice = receive(trade, "5"), trade.invoiced()
        for change in ("settled = 5.01", "settled = -1"):
            with pytest.raises(IntegrityError), transaction.atomic():
                Payment.objects.filter(pk=payment.pk).update(settled=Decimal(change.split()[-1]))
        for value in ("36.01", "-0.01"):
            with pytest.raises(IntegrityError), transaction.atomic():
                Invoice.objects.filter(pk=invoice.pk).update(settled=Decimal(value))


class TestUndoSettlement:
    def test_undoes_one_and_no_other(self, trade: Trade) -> None:
        first, second = trade.invoiced(), trade.invoiced()
        payment = receive(trade, "72")
        one = Settlement.objects.get(invoice=first)
        undone = services.undo_settlement(settlement_id=one.pk, actor=trade.accountant, at=AT)
        assert (undone.amount, undone.undoes_id) == (-36, one.pk)
        assert settled(first, second) == [0, 36]
        assert Payment.objects.get(pk=payment.pk).settled == 36
        assert [SalesOrder.objects.get(pk=i.order_id).payment for i in (first, second)] == [Facet.NONE, Facet.FULL]
        again = services.undo_settlement(settlement_id=one.pk, actor=trade.accountant, at=AT)
        assert (again.pk, Settlement.objects.count()) == (undone.pk, 3)
        assert OrderEvent.objects.filter(kind=OrderEvent.Kind.UNSETTLED).count() == 1

    def test_gives_a_credit_note_back_what_was_applied_of_it(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        note = credited(trade, invoice)
        one = Settlement.objects.get(credit_note=note)
        services.undo_settlement(settlement_id=one.pk, actor=trade.accountant, at=AT)
        assert settled(note, invoice) == [0, 0]
        services.apply_credit(credit_note_id=note.pk, shares={invoice.pk: Decimal(12)}, actor=trade.accountant, at=AT)
        assert settled(note, invoice) == [-12, 12]

    def test_keeps_on_an_invoice_what_its_credit_note_gave_back_of_it(self, trade: Trade) -> None:
        invoice, other = trade.invoiced(), trade.invoiced()
        paid = [receive(trade, amount, shares={invoice.pk: Decimal(amount)}) for amount in ("30", "6")]
        note = credited(trade, invoice)
        services.refund_credit(credit_note_id=note.pk, amount=Decimal(4), actor=trade.accountant, at=AT)
        services.apply_credit(credit_note_id=note.pk, shares={other.pk: Decimal(3)}, actor=trade.accountant, at=AT)
        first, second = Settlement.objects.filter(payment__in=paid).order_by("pk")
        with pytest.raises(Blocked, match=f"credit note of {invoice.number} gave back what this paid"):
            services.undo_settlement(settlement_id=first.pk, actor=trade.accountant, at=AT)
        services.undo_settlement(settlement_id=second.pk, actor=trade.accountant, at=AT)
        with pytest.raises(Blocked):
            services.undo_settlement(settlement_id=first.pk, actor=trade.accountant, at=AT)
        assert settled(invoice, other, note) == [30, 3, -7]

    def test_refuses_an_undoing_a_refund_and_anothers(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        services.pay_invoices(invoice_ids=[invoice.pk], actor=trade.accountant, at=AT)
        note = credited(trade, invoice)
        refund = services.refund_credit(credit_note_id=note.pk, actor=trade.accountant, at=AT)
        one = Settlement.objects.get(invoice=invoice)
        other = trade.invoiced()
        services.pay_invoices(invoice_ids=[other.pk], actor=trade.accountant, at=AT)
        taken_back = Settlement.objects.get(invoice=other)
        undone = services.undo_settlement(settlement_id=taken_back.pk, actor=trade.accountant, at=AT)
        for row, actor, sentence in (
            (undone, trade.accountant, "settle it anew"),
            (refund.settlements.get(), trade.accountant, "does not return"),
            (one, person(Role.ACCOUNTANT), "no such settlement"),
        ):
            with pytest.raises(Blocked, match=sentence):
                services.undo_settlement(settlement_id=row.pk, actor=actor, at=AT)


class TestRefundCredit:
    def test_is_a_payment_with_a_negative_amount_settled_against_the_note(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        services.pay_invoices(invoice_ids=[invoice.pk], actor=trade.accountant, at=AT)
        note = credited(trade, invoice)
        part = services.refund_credit(credit_note_id=note.pk, amount=Decimal(5), actor=trade.accountant, at=AT)
        assert (part.amount, part.settled, settled(note)) == (-5, -5, [-5])
        rest = services.refund_credit(credit_note_id=note.pk, actor=trade.accountant, at=AT)
        assert (rest.amount, settled(note)) == (-7, [-12])
        assert SalesOrder.objects.get(pk=invoice.order_id).payment == Facet.FULL
        assert exposures([trade.customer.pk])[trade.customer.pk] == {"GBP": 0}
        assert OrderEvent.objects.filter(kind=OrderEvent.Kind.REFUNDED, order=invoice.order_id).count() == 2

    def test_never_pays_back_more_than_is_left(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        services.pay_invoices(invoice_ids=[invoice.pk], actor=trade.accountant, at=AT)
        note = credited(trade, invoice)
        with pytest.raises(PaymentInvalid, match=r"Only 12\.00 GBP"):
            services.refund_credit(credit_note_id=note.pk, amount=Decimal("12.01"), actor=trade.accountant, at=AT)
        services.refund_credit(credit_note_id=note.pk, actor=trade.accountant, at=AT)
        with pytest.raises(Blocked, match="Nothing is left"):
            services.refund_credit(credit_note_id=note.pk, actor=trade.accountant, at=AT)
        with pytest.raises(Blocked, match="no such credit note"):
            services.refund_credit(credit_note_id=invoice.pk, actor=trade.accountant, at=AT)
        with pytest.raises(NotAllowed):
            services.refund_credit(credit_note_id=note.pk, actor=trade.seller, at=AT)
        assert Payment.objects.filter(amount__lt=0).count() == 1

    def test_never_pays_back_what_was_not_paid_of_the_invoice(self, trade: Trade) -> None:
        invoice, other = trade.invoiced(), trade.invoiced()
        receive(trade, "5", shares={invoice.pk: Decimal(5)})
        note = credited(trade, invoice)
        applied = Settlement.objects.get(credit_note=note)
        services.undo_settlement(settlement_id=applied.pk, actor=trade.accountant, at=AT)
        sentence = rf"Only 5\.00 GBP is left of what was paid of {invoice.number}: apply {note.number} to it"
        with pytest.raises(Blocked, match=sentence):
            services.refund_credit(credit_note_id=note.pk, amount=Decimal("5.01"), actor=trade.accountant, at=AT)
        elsewhere = {other.pk: Decimal("5.01"), invoice.pk: Decimal(1)}
        with pytest.raises(Blocked, match=sentence):
            services.apply_credit(credit_note_id=note.pk, shares=elsewhere, actor=trade.accountant, at=AT)
        services.refund_credit(credit_note_id=note.pk, amount=Decimal(5), actor=trade.accountant, at=AT)
        services.apply_credit(credit_note_id=note.pk, shares={invoice.pk: Decimal(7)}, actor=trade.accountant, at=AT)
        assert settled(invoice, note) == [12, -12]


class TestRefundPayment:
    def test_pays_back_what_no_invoice_took_up_and_no_more(self, trade: Trade) -> None:
        invoice = trade.invoiced()
        payment = receive(trade, "50")
        part = services.refund_payment(payment_id=payment.pk, amount=Decimal(4), actor=trade.accountant, at=AT)
        assert (part.amount, part.settled, part.pays_back) == (-4, -4, payment)
        with pytest.raises(PaymentInvalid, match=r"Only 10\.00 GBP is left: pay back no more"):
            services.refund_payment(payment_id=payment.pk, amount=Decimal("10.01"), actor=trade.accountant, at=AT)
        rest = services.refund_payment(payment_id=payment.pk, actor=trade.accountant, at=AT)
        assert (rest.amount, Payment.objects.get(pk=payment.pk).settled) == (-10, 50)
        with pytest.raises(Blocked, match="Nothing is left"):
            services.refund_payment(payment_id=payment.pk, actor=trade.accountant, at=AT)
        assert settled(invoice) == [36]
        assert queries.unapplied_of(trade.accountant, trade.customer.pk, "GBP") == []

    def test_moves_the_credit_account_and_tells_no_order(self, trade: Trade) -> None:
        payment = receive(trade, "25")
        refund = services.refund_payment(payment_id=payment.pk, actor=trade.accountant, at=AT)
        entry = CreditEntry.objects.get(kind=CreditEntry.Kind.REFUNDED)
        assert (entry.amount, entry.order, entry.reference) == (25, None, refund.number)
        assert exposures([trade.customer.pk])[trade.customer.pk] == {"GBP": 0}
        assert not OrderEvent.objects.exists()

    def test_is_for_those_who_may_refund_of_a_payment_that_came_in_to_their_company(self, trade: Trade) -> None:
        payment, elsewhere = receive(trade, "25"), receive(Trade.start(), "25")
        with pytest.raises(NotAllowed):
            services.refund_payment(payment_id=payment.pk, actor=trade.seller, at=AT)
        back = services.refund_payment(payment_id=payment.pk, amount=Decimal(1), actor=trade.accountant, at=AT)
        for other in (elsewhere, back):
            with pytest.raises(Blocked, match="no such payment"):
                services.refund_payment(payment_id=other.pk, actor=trade.accountant, at=AT)

    def test_is_refused_by_the_tables_themselves_where_more_would_go_back(self, trade: Trade) -> None:
        payment = receive(trade, "25")
        back = services.refund_payment(payment_id=payment.pk, amount=Decimal(1), actor=trade.accountant, at=AT)
        for pk, more in ((payment.pk, 26), (back.pk, Decimal("-0.5"))):
            with pytest.raises(IntegrityError), transaction.atomic():
                Payment.objects.filter(pk=pk).update(settled=more)

    def test_is_seen_by_the_audit_where_what_went_back_is_another_sum(self, trade: Trade) -> None:
        payment = receive(trade, "25")
        services.refund_payment(payment_id=payment.pk, amount=Decimal(5), actor=trade.accountant, at=AT)
        point = transaction.savepoint()
        Payment.objects.filter(pk=payment.pk).update(settled=4)
        found = [drift.subject for check in audit.CHECKS for drift in check.find()[1]]
        assert found == [f"payment {payment.pk}"]
        transaction.savepoint_rollback(point)
