"""The last units under pressure: exactly what is there is promised, whoever comes at once (PRODUCT.md cases 1-3, TRUST
1, 2, 15, 16).
"""

import threading
import time
from functools import partial
from itertools import cycle

import pytest
from django.db import OperationalError, connection, transaction

from inventory.models import Demand, StockLevel
from orders import services
from tests.factories.house import AT, House
from tests.race import race
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)


def promised(house: House) -> tuple[int, int]:
    rows = Demand.objects.filter(company=house.company).values_list("allocated", "backordered")
    return int(sum(row[0] for row in rows)), int(sum(row[1] for row in rows))


def confirm(house: House, order) -> None:
    house.boss.__dict__.pop("membership", None)
    services.confirm_orders(order_ids=[order.pk], actor=house.boss, at=AT)


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

    def test_without_the_lock_the_same_race_goes_wrong(self, monkeypatch):
        """The control (T2): a plain read of the levels instead of the lock promises the unit to several at once.

        The constraint on the level is the second net, so the oversale shows as its error.
        """
        house = House.open()
        product = house.product([1])
        orders = [house.draft((product, 1)) for _ in range(4)]
        take_locks_away(monkeypatch, StockLevel, pause=0.2)
        outcomes = race(*(partial(confirm, house, order) for order in orders))
        oversold = [o for o in outcomes if "stocklevel_allocated_within_sellable" in str(o)]
        assert oversold
        assert promised(house)[0] == 1

    def test_orders_with_shuffled_products_never_deadlock(self):
        """T15, short: ten threads confirm orders whose lines name the same products in every order."""
        house = House.open()
        products = [house.product([500]) for _ in range(5)]
        orders = []
        for turn, start in zip(range(20), cycle(range(5)), strict=False):
            lines = products[start:] + products[:start]
            orders.append(house.draft(*[(p, 2) for p in (lines if turn % 2 else lines[::-1])]))

        def confirm_some(mine) -> None:
            for order in mine:
                confirm(house, order)

        outcomes = race(*(partial(confirm_some, orders[n::10]) for n in range(10)))
        assert [o for o in outcomes if o is not None] == []
        assert all(row.allocated == 40 for row in StockLevel.objects.filter(company=house.company))
        with connection.cursor() as cursor:
            cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            assert cursor.fetchone()[0] == 0

    def test_waits_for_a_held_row_no_longer_than_its_limit(self):
        """T16: somebody holds the stock row; the answer comes before five seconds and nothing is changed."""
        house = House.open()
        product = house.product([5])
        order = house.draft((product, 1))
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with transaction.atomic():
                list(StockLevel.objects.filter(product=product).locked())
                held.set()
                done.wait(20)
            connection.close()

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            assert held.wait(10)
            begun = time.monotonic()
            with pytest.raises(OperationalError, match="lock timeout"):
                confirm(house, order)
            assert time.monotonic() - begun < 5
        finally:
            done.set()
            holder.join()
        assert promised(house) == (0, 0)
