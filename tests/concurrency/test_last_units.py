"""The last units under pressure: exactly what is there is promised, whoever comes at once (PRODUCT.md cases 1-3)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction

from inventory.models import Demand, Product, StockLevel
from orders import services
from orders.models import SalesOrder
from tests.caller import Caller
from tests.factories.house import AT, House
from tests.race import race
from tests.soak import count
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

THREADS = count(short=8, full=20)
EACH = count(short=3, full=10)
UNITS = THREADS * EACH // 2
SECONDS = count(short=3, full=60)


def promised(house: House) -> tuple[int, int]:
    rows = Demand.objects.filter(company=house.company).values_list("allocated", "backordered")
    return int(sum(row[0] for row in rows)), int(sum(row[1] for row in rows))


def confirm(house: House, order: SalesOrder) -> None:
    house.boss.__dict__.pop("membership", None)
    services.confirm_orders(order_ids=[order.pk], actor=house.boss, at=AT)


def deadlocks() -> int:
    """Return how many deadlocks PostgreSQL has seen in this database: those who ended them have left by now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_clear_snapshot(), deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[1])


def confirm_over_http(live_server, house: House, product: Product) -> list[int]:
    """Let twenty people send ten orders of one unit each to be confirmed, and return the statuses they got."""
    orders = [house.draft((product, 1)) for _ in range(THREADS * EACH)]

    def send(caller: Caller, mine: list[SalesOrder]) -> list[int]:
        return [caller.post("/orders/confirm/", id=order.pk).status for order in mine]

    caller = Caller(live_server.url, house.boss)
    outcomes = race(*(partial(send, caller, orders[start::THREADS]) for start in range(THREADS)))
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    return [status for statuses in outcomes for status in statuses]


class TestSoldOut:
    def test_who_wants_of_what_is_promised_to_the_last_unit_waits_for_nobody(self):
        house = House.open()
        product = house.product([1])
        house.order((product, 1))
        late = house.draft((product, 1))
        with transaction.atomic():
            assert list(StockLevel.objects.filter(product=product).locked())
            assert race(partial(confirm, house, late), patience=20) == [None]
        assert promised(house) == (1, 1)


@pytest.mark.soak("T1")
class TestOverHttp:
    def test_as_many_units_are_promised_as_there_are(self, live_server):
        house = House.open()
        product = house.product([UNITS])
        assert set(confirm_over_http(live_server, house, product)) == {302}
        assert promised(house) == (UNITS, UNITS)
        assert StockLevel.objects.get(product=product).allocated == UNITS

    @pytest.mark.soak("T2")
    def test_more_are_promised_without_the_lock(self, live_server, monkeypatch):
        """The control: a plain read of the levels, and the constraint on them taken away, or it would refuse."""
        house = House.open()
        product = house.product([UNITS])
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE inventory_stocklevel DROP CONSTRAINT stocklevel_allocated_within_sellable")
        take_locks_away(monkeypatch, StockLevel, pause=0.05)
        confirm_over_http(live_server, house, product)
        assert promised(house)[0] > UNITS


class TestTheLastUnits:
    def test_one_unit_goes_to_one_of_twenty(self):
        house = House.open()
        product = house.product([1])
        orders = [house.draft((product, 1)) for _ in range(20)]
        outcomes = race(*(partial(confirm, house, order) for order in orders))
        assert [o for o in outcomes if o is not None] == []
        assert promised(house) == (1, 19)
        assert StockLevel.objects.get(product=product).allocated == 1

    def test_two_promises_at_once_are_both_counted(self):
        """Case 2: the counter loses no update."""
        house = House.open()
        product = house.product([5])
        orders = [house.draft((product, 1)) for _ in range(2)]
        race(*(partial(confirm, house, order) for order in orders))
        assert StockLevel.objects.get(product=product).allocated == 2

    @pytest.mark.soak("T2")
    def test_without_the_lock_the_constraint_is_the_second_net(self, monkeypatch):
        house = House.open()
        product = house.product([1])
        orders = [house.draft((product, 1)) for _ in range(4)]
        take_locks_away(monkeypatch, StockLevel)
        outcomes = race(*(partial(confirm, house, order) for order in orders))
        oversold = [o for o in outcomes if "stocklevel_allocated_within_sellable" in str(o)]
        assert oversold
        assert promised(house)[0] == 1


@pytest.mark.soak("T15")
class TestDeadlocks:
    def test_never_happen_to_orders_with_shuffled_products(self):
        """Eight threads take in and confirm orders whose lines name the same products in every order."""
        house = House.open()
        products = [house.product([100_000]) for _ in range(8)]
        assert house.boss.verbs
        until = time.monotonic() + SECONDS

        def work(thread: int) -> int:
            chance, done = random.Random(thread), 0
            while time.monotonic() < until:
                lines = [(product, 1) for product in chance.sample(products, 5)]
                orders = [house.draft(*chance.sample(lines, 5), po_number=f"T{thread}N{done + n}") for n in range(2)]
                services.confirm_orders(order_ids=[order.pk for order in orders], actor=house.boss, at=AT)
                done += 2
            return done

        outcomes = race(*(partial(work, thread) for thread in range(8)), patience=SECONDS + 60)
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        assert deadlocks() == 0
        assert sum(promised(house)) == sum(outcomes) * 5
        allocated = StockLevel.objects.filter(company=house.company).values_list("allocated", flat=True)
        assert sum(allocated) == promised(house)[0]

    def test_are_counted_where_two_lock_each_other_s_row(self):
        """The control: what the test above reads does rise."""
        house = House.open()
        first, second = (StockLevel.objects.get(product=house.product([1])).pk for _ in range(2))
        meet = threading.Barrier(2)

        def lock(*ids: int) -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                for pk in ids:
                    cursor.execute("SELECT FROM inventory_stocklevel WHERE id = %s FOR NO KEY UPDATE", [pk])
                    if pk == ids[0]:
                        meet.wait(10)

        outcomes = race(partial(lock, first, second), partial(lock, second, first))
        assert sum(isinstance(getattr(o, "__cause__", None), psycopg.errors.DeadlockDetected) for o in outcomes) == 1
        assert deadlocks() == 1


@contextmanager
def held(product: Product) -> Iterator[None]:
    """Let somebody hold a product's stock rows meanwhile."""
    is_held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(StockLevel.objects.filter(product=product).locked())
            is_held.set()
            done.wait(30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert is_held.wait(10)
        yield
    finally:
        done.set()
        holder.join()


class TestAHeldRow:
    """T16: somebody holds the stock row for half a minute."""

    def test_is_waited_for_no_longer_than_the_limit(self):
        house = House.open()
        product = house.product([5])
        order = house.draft((product, 1))
        with held(product):
            begun = time.monotonic()
            with pytest.raises(OperationalError, match="lock timeout"):
                confirm(house, order)
            assert time.monotonic() - begun < 5
        assert promised(house) == (0, 0)

    def test_is_said_on_the_page_and_lets_everybody_else_work(self, live_server):
        house = House.open()
        product, other = house.product([5]), house.product([5])
        order, another = house.draft((product, 1)), house.draft((other, 1))
        more = [house.draft((product, 1)) for _ in range(4)]
        caller = Caller(live_server.url, house.boss)
        caller.get("/orders/")
        with held(product):
            begun = time.monotonic()
            reply = caller.post("/orders/confirm/", id=order.pk)
            assert time.monotonic() - begun < 5
            assert reply.status == 409
            assert "Somebody else is working on this right now. Nothing was changed" in reply.text
            assert caller.post("/orders/confirm/", id=another.pk).status == 302

            def timed(order: SalesOrder) -> tuple[int, float]:
                begun = time.monotonic()
                return caller.post("/orders/confirm/", id=order.pk).status, time.monotonic() - begun

            # The limit is one of each wait: who stands second in the queue for a row waits for the place of the first
            # and then for the row.
            waiting = race(*(partial(timed, order) for order in more))
            assert {status for status, _seconds in waiting} == {409}
            assert max(seconds for _status, seconds in waiting) < 5
        assert SalesOrder.objects.get(pk=order.pk).status == SalesOrder.Status.DRAFT
        assert caller.post("/orders/confirm/", id=order.pk).status == 302
        assert promised(house) == (2, 0)
