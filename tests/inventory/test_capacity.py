"""A site that sends so many lines a day: later days, other sites, and nothing asked where no site has a limit."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.roles import Role
from inventory import services
from inventory.models import Allocation, Calendar, Demand, Warehouse
from inventory.strategies import Strategy
from orders import services as orders_services
from orders.models import Reservation
from tests.factories.core import person, signed_in
from tests.factories.house import AT, TODAY, House
from tests.factories.supply import arrive, sent

pytestmark = pytest.mark.django_db

# AT is a Monday
TUESDAY, WEDNESDAY = TODAY + timedelta(days=1), TODAY + timedelta(days=2)


def limit(site: Warehouse, lines: int, *weekdays: int) -> None:
    site.lines_a_day = lines
    if weekdays:
        site.calendar = Calendar.objects.create(company=site.company, name="Open days", weekdays=weekdays)
    site.save()


def days(house: House, order: Any) -> list[date | None]:
    return [d.promised_on for d in Demand.objects.filter(pk__in=house.demands(order)).order_by("pk")]


class TestOneSite:
    def test_what_a_full_day_has_no_room_for_leaves_on_the_next_and_says_why(self) -> None:
        """PRODUCT.md F1."""
        house = House.open()
        product = house.product([99])
        limit(house.warehouses[0], 3)
        assert days(house, house.order((product, 1), (product, 1))) == [TODAY] * 2
        assert Allocation.objects.latest("pk").reason == "Site 1 can fill the order"
        # An order leaves whole: its second line would have no room today
        assert days(house, house.order((product, 1), (product, 1))) == [TUESDAY] * 2
        assert Allocation.objects.latest("pk").reason == "Site 1 (full on 23 Nov: leaves on 24 Nov) can fill the order"
        assert days(house, house.order((product, 1))) == [TODAY]
        assert days(house, house.order((product, 1))) == [TUESDAY]
        # More than it ever sends in a day: never refused, and the first empty day is its own
        assert days(house, house.order(*[(product, 1)] * 5)) == [WEDNESDAY] * 5
        assert (
            Allocation.objects.latest("pk").reason == "Site 1 (full until 24 Nov: leaves on 25 Nov) can fill the order"
        )

    def test_days_on_which_it_does_not_work_have_no_room(self) -> None:
        house = House.open()
        product = house.product([99])
        limit(house.warehouses[0], 1, 1, 4)
        thursday, monday = TODAY + timedelta(days=3), TODAY + timedelta(days=7)
        assert [days(house, house.order((product, 1)))[0] for _order in range(3)] == [TODAY, thursday, monday]
        assert (
            Allocation.objects.latest("pk").reason == "Site 1 (full until 26 Nov: leaves on 30 Nov) can fill the order"
        )

    def test_what_is_late_fills_today_and_what_is_given_up_makes_room(self) -> None:
        house = House.open()
        product = house.product([99])
        limit(house.warehouses[0], 1)
        (first,) = house.demands(house.order((product, 1)))
        Demand.objects.filter(pk=first).update(promised_on=TODAY - timedelta(days=4))
        assert days(house, house.order((product, 1))) == [TUESDAY]
        promises = services.lock_promises(demand_ids=[first])
        services.free_allocations(cuts=promises[first].firm, at=AT)
        services.cancel_demand(cancelled={first: 1}, at=AT)
        assert days(house, house.order((product, 1))) == [TODAY]

    def test_what_waited_leaves_on_the_day_with_room_when_it_gets_its_stock(self) -> None:
        house = House.open()
        product, other = house.product([]), house.product([9])
        limit(house.warehouses[0], 1)
        waits = [house.order((product, 1)) for _order in range(2)]
        house.order((other, 1))
        house.receive(product, 2)
        services.allocate_demands(demand_ids=[pk for order in waits for pk in house.demands(order)], at=AT)
        assert [days(house, order) for order in waits] == [[TUESDAY], [WEDNESDAY]]

    @pytest.mark.parametrize(("wanted", "on"), [(1, TODAY), (2, TUESDAY)])
    def test_what_is_taken_from_another_leaves_on_the_day_with_room(self, wanted: int, on: date) -> None:
        """A line that had some already takes no more room than one."""
        house = House.open()
        product = house.product([wanted])
        limit(house.warehouses[0], 1)
        assert days(house, house.order((house.product([9]), 1))) == [TODAY]
        loser, winner = house.order((product, 1)), house.order((product, wanted), requested_on=on)
        assert [days(house, order) for order in (loser, winner)] == [[TUESDAY], [None]]
        strategies = dict(zip(house.demands(loser) + house.demands(winner), (Strategy.LOSE, Strategy.WIN), strict=True))
        services.reallocate_demands(strategies=strategies, at=AT)
        assert [days(house, order) for order in (loser, winner)] == [[None], [TUESDAY]]

    def test_what_comes_leaves_on_the_day_with_room(self) -> None:
        house = House.open()
        product = house.product([])
        limit(house.warehouses[0], 1)
        coming = sent(house, (product, 2, 0))
        waits = [house.order((product, 1)) for _order in range(2)]
        services.peg_demands(product_ids=[product.pk], at=AT)
        assert [days(house, order) for order in waits] == [[TODAY]] * 2, "on the day on which it comes"
        arrive(house, coming, 2)
        assert [days(house, order) for order in waits] == [[TODAY], [TUESDAY]]

    def test_what_comes_for_a_line_that_has_some_already_needs_no_more_room(self) -> None:
        house = House.open()
        product = house.product([1])
        limit(house.warehouses[0], 1)
        coming, order = sent(house, (product, 1, 0)), house.order((product, 2))
        services.peg_demands(product_ids=[product.pk], at=AT)
        arrive(house, coming, 1)
        assert days(house, order) == [TODAY]

    def test_what_is_kept_for_later_takes_its_room_and_hands_it_to_the_order_that_takes_it_over(self) -> None:
        house = House.open()
        product = house.product([9])
        limit(house.warehouses[0], 1)
        house.order((house.product([9]), 1))
        kept = orders_services.make_reservation(
            product_id=product.pk,
            quantity=Decimal(1),
            wanted_on=TODAY,
            expires_on=TUESDAY,
            customer_id=house.customer.pk,
            actor=house.boss,
            at=AT,
        )
        assert Reservation.objects.get(pk=kept).demand.promised_on == TUESDAY
        # One line, of which a unit was kept
        assert days(house, house.order((product, 2))) == [TUESDAY]
        reasons = Allocation.objects.filter(status="FIRM").order_by("pk").values_list("reason", flat=True)
        assert list(reasons)[1:] == [f"RV-{kept:06} kept it", "Site 1 can fill the order"]
        assert days(house, house.order((product, 1))) == [WEDNESDAY]

    def test_its_page_says_when_what_is_promised_now_leaves(self) -> None:
        house = House.open()
        client: Client = signed_in(person(Role.WAREHOUSE_MANAGER, company=house.company))
        (site,) = house.warehouses
        limit(site, 1)
        (demand,) = house.demands(house.order((house.product([9]), 1)))
        seen = []
        for full_on in (TODAY + timedelta(days=9_000), None):
            Demand.objects.filter(pk=demand).update(promised_on=full_on or seen[0])
            seen.append(client.get(reverse("sites:warehouse", args=[site.pk])).context["leaves_on"])
        assert seen[1] == seen[0] + timedelta(days=1)


class TestManySites:
    def test_another_site_gives_where_the_first_choice_is_full(self) -> None:
        house = House.open(warehouses=2)
        product = house.product([9, 9])
        limit(house.warehouses[0], 1)
        orders = [house.order((product, 1)) for _order in range(2)]
        assert [days(house, order) for order in orders] == [[TODAY], [TODAY]]
        assert Allocation.objects.latest("pk").reason == "Site 2 can fill the order"
        (said,) = orders[1].events.filter(kind="CONFIRMED").values_list("data__sources", flat=True)
        assert "Site 1 (full on 23 Nov: leaves on 24 Nov) would take longer than Site 2" in said
        # Goods that the other site has not got leave late
        assert days(house, house.order((house.product([9]), 1))) == [TUESDAY]

    def test_orders_that_are_promised_together_see_each_other(self) -> None:
        house = House.open(warehouses=2)
        product = house.product([9, 9])
        limit(house.warehouses[0], 1)
        limit(house.warehouses[1], 1)
        place = services.Destination("GB", "LS1 6DT")
        promises = services.place_demand(
            requests=[
                services.DemandRequest(house.company.pk, product.pk, 1, TODAY, group, place)  # type: ignore[arg-type]
                for group in range(3)
            ],
            at=AT,
        )
        assert [promise.promised_on for promise in promises] == [TODAY, TODAY, TUESDAY]

    def test_one_statement_more_with_a_limit_and_none_without(self) -> None:
        house = House.open(warehouses=2)
        product = house.product([99, 99])
        house.order((product, 1))  # what is asked once only
        asked = []
        for lines in (None, 50):
            Warehouse.objects.update(lines_a_day=lines)
            draft = house.draft((product, 1))
            with CaptureQueriesContext(connection) as queries:
                house.confirm(draft)
            asked.append([q["sql"] for q in queries])
        without, limited = asked
        assert len(limited) == len(without) + 1
        assert not any("greatest(coalesce(d.promised_on" in sql for sql in without)
