"""Reservations under pressure: what is kept is taken over once, and either taken over or given back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core import registry
from inventory import services as inventory_services
from inventory.models import Demand
from orders import services
from orders.models import Reservation, ReservationUse
from tests.factories.house import AT, TODAY, House
from tests.factories.supply import arrive, sent
from tests.race import race
from tests.soak import count
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

BUYERS = count(short=3, full=8)


def drift() -> list[str]:
    return [check.name for check in registry.audit_checks if check.find()[1] and "facet" not in check.name]


def reserved(house: House, product, quantity: int, **terms) -> Reservation:
    """Keep units for the house's customer through today."""
    pk = services.make_reservation(
        product_id=product.pk,
        quantity=Decimal(quantity),
        wanted_on=TODAY,
        expires_on=TODAY,
        customer_id=house.customer.pk,
        actor=house.boss,
        at=AT,
        **terms,
    )
    return Reservation.objects.get(pk=pk)


class TestTwoOrders:
    def race(self) -> tuple[Reservation, list[object]]:
        """Confirm several orders of the customer that each want all that is kept."""
        house = House.open()
        product = house.product([4])
        kept = reserved(house, product, 4)
        drafts = [house.draft((product, 4)) for _ in range(BUYERS)]
        outcomes = race(*(lambda draft=draft: house.confirm(draft) for draft in drafts))
        return kept, outcomes

    def test_take_it_over_once(self):
        kept, outcomes = self.race()
        assert [one for one in outcomes if isinstance(one, Exception)] == []
        assert ReservationUse.objects.count() == 1
        kept = Reservation.objects.get(pk=kept.pk)
        assert (kept.status, kept.taken) == ("TAKEN", 4)
        assert sorted(Demand.objects.filter(quantity=4).values_list("allocated", flat=True)) == [0] * (BUYERS - 1) + [4]
        assert drift() == []

    def test_take_it_over_twice_without_the_lock(self, monkeypatch):
        """The control: the second is stopped by the guard on the status, or by what is left of the demand."""
        take_locks_away(monkeypatch, Reservation, pause=0.3)
        _kept, outcomes = self.race()
        assert any(isinstance(one, Exception) for one in outcomes)


class TestExpiryAgainstConfirming:
    def race(self) -> tuple[Reservation, list[object]]:
        """Let a reservation expire while an order takes it over."""
        house = House.open()
        product = house.product([4])
        kept = reserved(house, product, 4)
        draft = house.draft((product, 3))
        outcomes = race(lambda: house.confirm(draft), lambda: services.expire_reservations(at=AT + timedelta(days=1)))
        return Reservation.objects.get(pk=kept.pk), outcomes

    def test_ends_in_one_of_two_ways(self):
        kept, outcomes = self.race()
        assert [one for one in outcomes if isinstance(one, Exception)] == []
        assert (kept.status, kept.taken) in {("EXPIRED", 0), ("EXPIRED", 3)}
        assert ReservationUse.objects.count() == (1 if kept.taken else 0)
        assert sorted(Demand.objects.values_list("quantity", "allocated")) == [(0, 0), (3, 3)]
        assert drift() == []

    def test_ends_in_neither_without_the_lock(self, monkeypatch):
        """The control: both act on what they read, and one finds the demand or the status changed."""
        take_locks_away(monkeypatch, Reservation, pause=0.3)
        _kept, outcomes = self.race()
        assert any(isinstance(one, Exception) for one in outcomes) or drift()


class TestTakingOverAgainstReceiving:
    def test_gives_every_unit_that_came_to_somebody(self):
        house = House.open()
        product = house.product([2])
        coming = sent(house, (product, 6, 3))
        kept = reserved(house, product, 6)
        drafts = [house.draft((product, 2)) for _ in range(2)]
        outcomes = race(
            lambda: arrive(house, coming, 6),
            *(lambda draft=draft: house.confirm(draft) for draft in drafts),
            lambda: services.free_reservations(reservation_ids=[kept.pk], reason="Off", actor=house.boss, at=AT),
        )
        assert [one for one in outcomes if isinstance(one, Exception)] == []
        # Whoever asked when nothing was free yet asks again
        waiting = list(Demand.objects.values_list("pk", flat=True))
        inventory_services.allocate_demands(demand_ids=waiting, at=AT)
        rows = Demand.objects.exclude(quantity=0).values_list("quantity", "allocated")
        assert sorted(rows) == [(2, 2), (2, 2)]
        assert drift() == []
