"""Returns beside returns, and beside billing: no unit comes, goes or is made good twice; and what for each lock."""

import threading
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, OperationalError

from billing import queries as billing_queries
from billing import services as billing_services
from billing.models import Invoice, InvoiceLine, Payment, Settlement
from core.refusals import ChangedMeanwhile, Refused
from inventory.models import StockLevel
from orders.models import LinePart, SalesOrder
from returns import queries, services
from returns.models import Grade, QuarantineExit, ReturnCredit, ReturnOrder, ReturnSettlement
from shipping import services as shipping_services
from shipping.models import Shipment
from tests.factories.house import AT, House
from tests.factories.proof import drift
from tests.factories.returns import again, asked, decided, parts_of, received
from tests.factories.shipping import dispatched
from tests.race import race
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)

Kind, Status = ReturnSettlement.Kind, ReturnOrder.Status


@pytest.fixture
def house():
    """A company whose people's roles are read already: threads share the person."""
    house = House.open()
    assert house.boss.verbs
    return house


@pytest.fixture
def product(house):
    return house.product([20], price="10")


@pytest.fixture
def order(house, product):
    """Five units that have left, billed and paid, at 12.00 with tax."""
    order = dispatched(house, (product, 5))
    billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT)
    billing_services.record_payments(receipts=[billing_services.Receipt(order.pk)], actor=house.boss, at=AT)
    return order


def refused(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, Refused)]


def failed(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def unlocked(monkeypatch, *models, meet, at):
    """Take locks away, and let two racers leave the reads named together only: each reads before the other writes."""
    take_locks_away(monkeypatch, *models, pause=0)
    barrier = threading.Barrier(2)
    for name in meet:
        read = getattr(at, name)

        def read_and_wait(*given, read=read):
            found = read(*given)
            barrier.wait(30)
            return found

        monkeypatch.setattr(at, name, read_and_wait)


def part_of(order):
    return LinePart.objects.get(order=order).pk


class TestAuthorize:
    """Of five units two people let three come back each."""

    def authorize_twice(self, house, order, product):
        return race(*[partial(asked, house, order, {product: 3})] * 2)

    def test_lets_no_unit_come_back_twice(self, house, order, product):
        outcomes = self.authorize_twice(house, order, product)
        assert [type(refusal) for refusal in refused(outcomes)] == [services.MoreThanShipped]
        assert ReturnOrder.objects.count() == 1
        assert drift() == []

    def test_awaits_six_of_five_without_the_lock_of_the_order(self, house, order, product, monkeypatch):
        unlocked(monkeypatch, SalesOrder, meet=["lines_in_reach"], at=queries)
        assert failed(self.authorize_twice(house, order, product)) == []
        assert any("awaited, than left" in found for found in drift())


class TestReceive:
    """Two people scan the same parcel of five units."""

    def receive_twice(self, house, order, product, apart=lambda: None):
        made = asked(house, order, {product: 5})
        apart()
        receive = partial(
            services.receive_return,
            return_id=made.pk,
            arrival=services.Arrival(parts_of(order, {product: 5})),
            actor=house.boss,
            at=AT,
        )
        return race(receive, receive)

    def test_takes_a_parcel_in_once(self, house, order, product):
        outcomes = self.receive_twice(house, order, product)
        assert [type(refusal) for refusal in refused(outcomes)] == [services.MoreThanShipped]
        assert (LinePart.objects.get().returned, StockLevel.objects.get().blocked) == (5, 5)
        assert drift() == []

    def test_is_seen_by_the_return_s_state_alone_without_the_lock_of_the_order(
        self, house, order, product, monkeypatch
    ):
        apart = partial(unlocked, monkeypatch, SalesOrder, meet=["lines_of_returns"], at=queries)
        outcomes = self.receive_twice(house, order, product, apart)
        assert [type(error) for error in failed(outcomes)] == [ChangedMeanwhile]


class TestReceiveBlind:
    """Two people scan the same parcel of five units, which nobody announced."""

    def receive_twice(self, house, order, product):
        receive = partial(
            services.receive_blind,
            draft=services.ReturnDraft(order.pk, {}),
            arrival=services.Arrival(parts_of(order, {product: 5})),
            actor=house.boss,
            at=AT,
        )
        return race(receive, receive)

    def test_makes_one_return(self, house, order, product):
        outcomes = self.receive_twice(house, order, product)
        assert [type(refusal) for refusal in refused(outcomes)] == [services.MoreThanShipped]
        assert ReturnOrder.objects.count() == 1
        assert drift() == []

    def test_is_refused_by_the_table_alone_without_the_lock_of_the_order(self, house, order, product, monkeypatch):
        unlocked(monkeypatch, SalesOrder, meet=["lines_in_reach"], at=queries)
        outcomes = self.receive_twice(house, order, product)
        assert [type(error) for error in failed(outcomes)] == [IntegrityError]


class TestInspect:
    """Two people grade the same three units."""

    def inspect_twice(self, house, order, product, apart=lambda: None):
        made = received(house, order, {product: 3})
        apart()
        graded = [services.Graded(part_of(order), Grade.A, Decimal(3))]
        inspect = partial(services.inspect_return, return_id=made.pk, graded=graded, actor=house.boss, at=AT)
        return race(inspect, inspect)

    def test_grades_each_unit_once(self, house, order, product):
        outcomes = self.inspect_twice(house, order, product)
        assert len(refused(outcomes)) == 1
        assert drift() == []

    def test_is_seen_by_the_return_s_state_alone_without_the_lock_of_the_order(
        self, house, order, product, monkeypatch
    ):
        apart = partial(unlocked, monkeypatch, SalesOrder, meet=["lines_of_returns"], at=queries)
        outcomes = self.inspect_twice(house, order, product, apart)
        assert [type(error) for error in failed(outcomes)] == [ChangedMeanwhile]


class TestClearQuarantine:
    """Two people take the same three units out of quarantine, one for the shelf and one for scrap."""

    def clear_twice(self, house, order, product, apart=lambda: None):
        made = decided(house, order, {product: 3}, grade=Grade.B)
        apart()
        return race(
            *(
                partial(
                    services.clear_quarantine,
                    return_id=made.pk,
                    cleared=[services.Cleared(part_of(order), kind, Decimal(3))],
                    actor=house.boss,
                    at=AT,
                )
                for kind in QuarantineExit.Kind
            )
        )

    def test_takes_each_unit_out_once(self, house, order, product):
        outcomes = self.clear_twice(house, order, product)
        assert len(refused(outcomes)) == 1
        assert QuarantineExit.objects.count() == 1
        assert drift() == []

    def test_is_refused_by_the_stock_alone_without_the_lock_of_the_order(self, house, order, product, monkeypatch):
        apart = partial(unlocked, monkeypatch, SalesOrder, meet=["lines_of_returns"], at=queries)
        outcomes = self.clear_twice(house, order, product, apart)
        assert len(failed(outcomes)) == 1


class TestSettle:
    """Two people settle the same return of three units by a refund."""

    def settle_twice(self, house, order, product, apart=lambda: None):
        made = decided(house, order, {product: 3})
        apart()
        settle = partial(services.settle_return, return_id=made.pk, kind=Kind.REFUND, actor=house.boss, at=AT)
        return race(settle, settle)

    def test_gives_the_one_effect_to_both(self, house, order, product):
        first, second = self.settle_twice(house, order, product)
        assert first == second
        assert ReturnCredit.objects.count() == 1
        assert Payment.objects.get(amount__lt=0).amount == -36
        assert drift() == []

    def test_is_refused_by_the_table_alone_without_locks(self, house, order, product, monkeypatch):
        apart = partial(unlocked, monkeypatch, SalesOrder, Invoice, meet=["lines_of_returns"], at=queries)
        assert len(failed(self.settle_twice(house, order, product, apart))) == 1


class TestSettleBesideTheAccountant:
    """Three of five units came back, and an accountant credits four of them out of goodwill."""

    def settle_and_credit(self, house, order, product, apart=lambda: None):
        made = decided(house, order, {product: 3})
        apart()
        line = InvoiceLine.objects.get(invoice__kind="INVOICE")
        by = {"actor": house.boss, "at": AT}
        return race(
            partial(services.settle_return, return_id=made.pk, kind=Kind.REFUND, **by),
            partial(
                billing_services.post_credit_note,
                invoice_id=line.invoice_id,
                lines=[billing_services.CreditedLine(line.pk, Decimal(4))],
                reason="Goodwill",
                bills_again=False,
                **by,
            ),
        )

    def test_credits_no_unit_twice(self, house, order, product):
        outcomes = self.settle_and_credit(house, order, product)
        assert len(refused(outcomes)) == 1
        assert Invoice.objects.filter(kind="CREDIT_NOTE").count() == 1
        assert drift() == []

    def test_is_refused_by_the_table_alone_without_locks(self, house, order, product, monkeypatch):
        apart = partial(unlocked, monkeypatch, SalesOrder, Invoice, meet=["left_to_credit"], at=billing_queries)
        outcomes = self.settle_and_credit(house, order, product, apart)
        assert [type(error) for error in failed(outcomes)] == [IntegrityError]

    def test_refunds_no_more_than_is_paid_where_the_payment_is_taken_away(self, house, order, product):
        made = decided(house, order, {product: 3})
        row = Settlement.objects.get()
        by = {"actor": house.boss, "at": AT}
        outcomes = race(
            partial(services.settle_return, return_id=made.pk, kind=Kind.REFUND, **by),
            partial(billing_services.undo_settlement, settlement_id=row.pk, **by),
        )
        # Settled first, 36 of the 60 are paid back and the payment stays; otherwise they come off what is open again
        kept = sum(Payment.objects.values_list("amount", flat=True))
        assert (len(refused(outcomes)), len(failed(outcomes)), kept) in {(1, 1, 24), (0, 0, 60)}
        assert drift() == []


class TestFoundBesideSettled:
    """A lost parcel turns up while somebody refunds it."""

    @pytest.fixture
    def lost(self, house, order):
        ids = list(Shipment.objects.values_list("pk", flat=True))
        shipping_services.lose_shipments(shipment_ids=ids, claim="", note="", actor=house.boss, at=AT)
        return ReturnOrder.objects.get()

    def find_and_settle(self, house, order, product, lost):
        by = {"actor": house.boss, "at": AT}
        draft = services.ReturnDraft(order.pk, {}, kind=ReturnOrder.Kind.DELIVERY_FAILURE, shipment_id=lost.shipment_id)
        arrival = services.Arrival(parts_of(order, {product: 5}))
        return race(
            partial(services.receive_blind, draft=draft, arrival=arrival, **by),
            partial(services.settle_return, return_id=lost.pk, kind=Kind.REFUND, **by),
        )

    def make_good(self, house, order, lost):
        """Go on with what turned up, where it was received: it is made good unless the lost parcel was."""
        found = ReturnOrder.objects.filter(is_blind=True).first()
        if found:
            graded = [services.Graded(part_of(order), Grade.A, Decimal(5), disposition="RESTOCK")]
            services.inspect_return(return_id=found.pk, graded=graded, actor=house.boss, at=AT)
            settled = again(lost).status != Status.CANCELLED
            with pytest.raises(services.MadeGood) if settled else nullcontext():
                services.settle_return(return_id=found.pk, kind=Kind.REFUND, actor=house.boss, at=AT)
        assert sum(Payment.objects.values_list("amount", flat=True)) == 0
        assert drift() == []

    def test_is_made_good_once(self, house, order, product, lost):
        outcomes = self.find_and_settle(house, order, product, lost)
        assert bool(refused(outcomes)) == (again(lost).status == Status.CANCELLED)
        self.make_good(house, order, lost)

    def test_is_seen_by_the_return_s_state_alone_without_the_lock_of_the_order(
        self, house, order, product, lost, monkeypatch
    ):
        unlocked(monkeypatch, SalesOrder, meet=["lines_in_reach", "lines_of_returns"], at=queries)
        outcomes = self.find_and_settle(house, order, product, lost)
        monkeypatch.undo()
        # Whoever changes the return's state first is seen by the other; or each waits for the other's row, until
        # PostgreSQL ends it
        assert [type(error) for error in failed(outcomes)] in ([], [ChangedMeanwhile], [OperationalError])
        self.make_good(house, order, lost)


class TestExpire:
    """Goods come in the moment in which their return is given up."""

    def receive(self, house, order, product, made):
        arrival = services.Arrival(parts_of(order, {product: 3}))
        return services.receive_return(return_id=made.pk, arrival=arrival, actor=house.boss, at=AT)

    def expire(self):
        return services.expire_returns(at=AT + timedelta(days=40))

    def test_has_one_winner(self, house, order, product):
        made = asked(house, order, {product: 3})
        expired, came = race(self.expire, partial(self.receive, house, order, product, made))
        if isinstance(came, Refused):
            assert (expired, again(made).status) == (1, Status.EXPIRED)
        else:
            assert (expired, again(made).status) == (0, Status.RECEIVED)
        assert drift() == []

    def test_is_seen_by_the_return_s_state_alone_without_the_lock_of_the_order(
        self, house, order, product, monkeypatch
    ):
        made = asked(house, order, {product: 3})
        was_read, is_expired = threading.Event(), threading.Event()
        take_locks_away(monkeypatch, SalesOrder, pause=0)
        read = queries.lines_of_returns

        def read_and_wait(*given):
            found = read(*given)
            was_read.set()
            is_expired.wait(30)
            return found

        def expire():
            was_read.wait(30)
            expired = self.expire()
            is_expired.set()
            return expired

        monkeypatch.setattr(queries, "lines_of_returns", read_and_wait)
        expired, came = race(expire, partial(self.receive, house, order, product, made))
        assert expired == 1
        assert isinstance(came, ChangedMeanwhile)
