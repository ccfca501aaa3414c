"""Channels that want one level at the same time: nothing kept is promised twice, and every promise counts."""

import io
import time
from threading import Event

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Sum

from inventory.models import Allocation, Demand, StockLevel
from tests.factories.house import House
from tests.race import PATIENCE, race
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)

WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"


@pytest.fixture
def house():
    return House.open()


def audit():
    call_command("audit_ledger", stdout=io.StringIO())


def overlapping(first, second):
    """Carry out a verb, and another that begins before the first commits, which it does once the other waits for it."""
    done = Event()

    def slowly():
        with transaction.atomic(), connection.cursor() as cursor:
            outcome = first()
            done.set()
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:
                cursor.execute(WAITS)
                if cursor.fetchone()[0]:
                    return outcome
                time.sleep(0.01)
            raise TimeoutError("Nobody waited.")

    def after():
        done.wait(PATIENCE)
        return second()

    return race(slowly, after)


def two_channels_beside_a_third(house):
    """Confirm orders of two channels, each for all that is not kept for a third; return what each got."""
    web, shop, fair = (house.channel(name) for name in ("Web", "Shop", "Fair"))
    product = house.product([10])
    house.pool(web, product, 6)
    house.pool(shop, product, overflow="SHARED")
    drafts = [house.draft((product, 4), sold_through_id=one.pk) for one in (shop, fair)]
    outcomes = overlapping(*[lambda draft=draft: house.confirm(draft) for draft in drafts])
    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    return sorted(int(units) for units in Demand.objects.values_list("allocated", flat=True))


class TestWhatIsKept:
    def test_is_promised_to_no_other_channel(self, house):
        assert two_channels_beside_a_third(house) == [0, 4]
        audit()

    def test_would_be_without_the_levels_lock(self, house, monkeypatch):
        take_locks_away(monkeypatch, StockLevel, pause=0)
        assert two_channels_beside_a_third(house) == [4, 4]


def a_pool_made_while_an_order_is_confirmed(house):
    """Keep units for a channel while an order of it is confirmed; return how many units count in the pool."""
    web, product = house.channel("Web"), house.product([9])
    house.order((product, 2), sold_through_id=web.pk)
    draft = house.draft((product, 3), sold_through_id=web.pk)
    outcomes = overlapping(lambda: house.pool(web, product, 4), lambda: house.confirm(draft))
    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    return Allocation.objects.filter(pool__isnull=False).aggregate(units=Sum("quantity"))["units"]


class TestAPoolMadeMeanwhile:
    def test_counts_every_promise(self, house):
        assert a_pool_made_while_an_order_is_confirmed(house) == 5
        audit()

    def test_would_miss_one_without_the_levels_lock(self, house, monkeypatch):
        take_locks_away(monkeypatch, StockLevel, pause=0)
        assert a_pool_made_while_an_order_is_confirmed(house) == 2
