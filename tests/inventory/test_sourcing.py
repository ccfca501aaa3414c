"""From where: the nearest warehouse that can fill, fewest parcels, lanes, working days, and why the others were not."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models import Company
from inventory.decide import Route, Supply, Want, decide
from inventory.geography import kilometres_between
from inventory.models import Allocation, Calendar, Demand, Lane, Warehouse
from inventory.models.routes import dispatch_day
from orders.models import OrderEvent
from tests.factories.house import AT, TODAY, House

LONDON = ZoneInfo("Europe/London")


def supply(product: int, site: int, free: int) -> Supply:
    return Supply(product * 10 + site, product, site, f"Site {site}", site, Decimal(free))


def want(index: int, product: int, quantity: int) -> Want:
    return Want(index, 1, product, Decimal(quantity), destination="Leeds")


class TestDecide:
    def test_takes_the_nearest_that_can_fill_and_says_why_not_the_others(self) -> None:
        routes = {("Leeds", 1): Route(km=300), ("Leeds", 2): Route(km=10, words="10 km"), ("Leeds", 3): Route(km=1)}
        (grant,) = decide([want(0, 1, 2)], [supply(1, 1, 9), supply(1, 2, 9), supply(1, 3, 1)], routes)
        assert (grant.level_id, grant.reason) == (12, "Site 2 (10 km) can fill the order")
        assert grant.rejected == ("Site 3 has 0 of 1 products in full", "Site 1 is farther than Site 2")

    @pytest.mark.parametrize(
        ("near", "why"),
        [
            (Route(days=2, km=1), "Site 1 would take longer than Site 2"),
            (Route(days=1, cost=Decimal(9), km=1), "Site 1 would cost more than Site 2"),
            (Route(days=1, cost=Decimal(5), km=None), "Site 1 is farther than Site 2"),
            (Route(days=1, cost=Decimal(5), km=20), "Site 2 comes after Site 1"),
        ],
    )
    def test_sooner_comes_before_cheaper_before_nearer_before_rank(self, near: Route, why: str) -> None:
        routes = {("Leeds", 1): near, ("Leeds", 2): Route(days=1, cost=Decimal(5), km=20)}
        (grant,) = decide([want(0, 1, 2)], [supply(1, 1, 9), supply(1, 2, 9)], routes)
        assert grant.rejected == (why,)

    def test_takes_the_fewest_warehouses_where_none_has_all(self) -> None:
        """One by one, the nearest first, it would be three: PRODUCT.md F2."""
        supplies = [supply(1, 1, 1), supply(1, 2, 2), supply(1, 3, 3), supply(2, 3, 1)]
        grants = decide([want(0, 1, 5), want(1, 2, 1)], supplies)
        assert [(g.level_id, g.quantity, g.reason) for g in grants] == [
            (12, 2, "Site 2 has part of the line"),
            (13, 3, "Site 3 has part of the line"),
            (23, 1, "Site 3 can fill the line"),
        ]
        assert grants[0].rejected == ("Site 1 has 0 of 2 products in full",)

    def test_gives_what_there_is_where_all_together_have_too_little(self) -> None:
        grants = decide([want(0, 1, 9), want(1, 2, 1)], [supply(1, 1, 1), supply(2, 2, 1), supply(1, 2, 2)])
        assert [(g.index, g.level_id, g.quantity) for g in grants] == [(0, 11, 1), (0, 12, 2), (1, 22, 1)]

    @given(
        st.lists(st.integers(0, 6), min_size=1, max_size=6),
        st.lists(st.integers(0, 6), min_size=6, max_size=6),
        st.integers(1, 12),
        st.integers(1, 12),
    )
    def test_never_needs_more_warehouses_than_the_fewest(
        self, first: list[int], second: list[int], one: int, other: int
    ) -> None:
        supplies = [supply(1, site, free) for site, free in enumerate(first) if free]
        supplies += [supply(2, site, free) for site, free in enumerate(second[: len(first)]) if free]
        used = {grant.level_id % 10 for grant in decide([want(0, 1, one), want(1, 2, other)], supplies)}
        needed = {1: min(one, sum(first)), 2: min(other, sum(second[: len(first)]))}
        for chosen in range(2 ** len(first)):
            sites = {site for site in range(len(first)) if chosen >> site & 1}
            have = {n: sum(s.free for s in supplies if s.product_id == n and s.warehouse_id in sites) for n in needed}
            if all(have[n] >= needed[n] for n in needed):
                assert len(used) <= len(sites)

    def test_tries_no_combinations_of_many_sites(self) -> None:
        """Two at most, then all in their order: 2^40 sets of sites would never end."""
        grants = decide([want(0, 1, 40)], [supply(1, site, 1) for site in range(1, 41)])
        assert len(grants) == 40


class TestDistances:
    @pytest.mark.parametrize(
        ("here", "there", "km"),
        [
            (("GB", "LS1 6DT"), ("GB", "ls27 0aa"), 0),
            (("GB", "EC1A 1BB"), ("FR", "75001"), None),
            (("GB", ""), ("GB", "LS1"), None),
        ],
    )
    def test_of_the_same_area_and_of_unknown_ones(self, here: tuple[str, str], there: tuple[str, str], km: int) -> None:
        assert kilometres_between(*here, *there) == km

    @pytest.mark.parametrize(
        ("here", "there", "low", "high"),
        [
            (("GB", "EC1A 1BB"), ("GB", "EH1 1AA"), 500, 560),  # London to Edinburgh, 534 km
            (("US", "10001"), ("US", "90210"), 3_850, 4_000),  # New York to Beverly Hills, 3,940 km
            (("DE", "10115"), ("AT", "1010"), 480, 560),  # Berlin to Vienna, 524 km
            (("IE", "D02 AF30"), ("GB", "L1 8JQ"), 190, 240),  # Dublin to Liverpool, 217 km
        ],
    )
    def test_are_about_those_of_an_atlas(
        self, here: tuple[str, str], there: tuple[str, str], low: int, high: int
    ) -> None:
        km = kilometres_between(*here, *there)
        assert km is not None
        assert low <= km <= high


class TestWorkingDays:
    """PRODUCT.md V1."""

    def test_until_the_cut_off_it_leaves_today_and_after_it_on_the_next_working_day(self) -> None:
        calendar = Calendar(weekdays=[1, 2, 3, 4, 5], holidays=[date(2026, 11, 30)])
        friday = datetime(2026, 11, 27, 14, 59, tzinfo=LONDON)
        assert dispatch_day(calendar, time(15), friday) == date(2026, 11, 27)
        assert dispatch_day(calendar, time(15), friday + timedelta(minutes=1)) == date(2026, 12, 1)
        assert dispatch_day(Company(), None, friday) == date(2026, 11, 27)

    def test_a_calendar_without_an_open_day_ends_somewhere(self) -> None:
        closed = Calendar(weekdays=[1], holidays=[date(2026, 11, 23) + timedelta(weeks=n) for n in range(80)])
        assert closed.working_day(date(2026, 11, 23)) > date(2027, 11, 23)


def two_sites(stock: tuple[int, int]) -> tuple[House, object]:
    """Open a house whose default site is in Exeter and whose other one is beside the customer, in Wakefield."""
    house = House.open(warehouses=2)
    for site, (name, postcode) in zip(house.warehouses, [("Exeter", "EX1 1AA"), ("Wakefield", "WF1 1AA")], strict=True):
        site.name, site.postcode = name, postcode
        site.save()
    return house, house.product(stock)


@pytest.mark.django_db
class TestConfirm:
    def test_takes_the_near_site_and_tells_the_order_why(self) -> None:
        """PRODUCT.md case 103."""
        house, product = two_sites((9, 9))
        order = house.order((product, 3))
        assert Allocation.objects.get().reason == "Wakefield (20 km) can fill the order"
        event = OrderEvent.objects.get(order=order, kind=OrderEvent.Kind.CONFIRMED)
        assert event.data["sources"] == [
            "Wakefield (20 km) can fill the order",
            "Exeter (366 km) is farther than Wakefield",
        ]

    def test_takes_the_far_one_where_its_lane_is_faster_or_it_alone_works_today(self) -> None:
        house, product = two_sites((9, 9))
        exeter, wakefield = house.warehouses
        Lane.objects.create(warehouse=exeter, country="GB", days=1, cost=4)
        Lane.objects.create(warehouse=wakefield, country="GB", days=3, cost=4)
        Lane.objects.create(warehouse=wakefield, country="GB", area="LS1 6", days=2, cost=1)
        house.order((product, 1))
        assert Allocation.objects.get().reason == "Exeter (1 day, 366 km) can fill the order"
        Lane.objects.filter(area="LS1 6").update(days=1)
        house.order((product, 1))
        assert Allocation.objects.latest("pk").reason == "Wakefield (1 day, 20 km) can fill the order"
        wakefield.cut_off = time(9)
        wakefield.save()
        house.order((product, 1))
        assert Allocation.objects.latest("pk").reason == "Exeter (1 day, 366 km) can fill the order"

    def test_does_not_cross_a_border_without_a_lane(self) -> None:
        house, product = two_sites((9, 9))
        exeter, wakefield = house.warehouses
        Lane.objects.create(warehouse=wakefield, country="FR", days=1)
        Lane.objects.create(warehouse=exeter, country="GB", days=9)
        house.order((product, 1))
        assert Allocation.objects.get().reason == "Exeter (9 days, 366 km) can fill the order"

    def test_promises_the_first_working_day_after_the_cut_off(self) -> None:
        """AT is a Monday at ten."""
        house, product = two_sites((0, 2))
        site = house.warehouses[1]
        site.calendar = Calendar.objects.create(company=house.company, name="Four days", weekdays=[1, 3, 4, 5])
        site.save()
        order = house.order((product, 1))
        assert Demand.objects.get(pk__in=house.demands(order)).promised_on == TODAY
        site.cut_off = time(9, 30)
        site.save()
        order = house.order((product, 1))
        assert AT.astimezone(house.company.zone).time() > site.cut_off
        assert Demand.objects.get(pk__in=house.demands(order)).promised_on == TODAY + timedelta(days=2)

    def test_works_on_the_company_s_days_where_it_has_no_calendar(self) -> None:
        """AT is a Monday."""
        house, product = two_sites((0, 9))
        Company.objects.filter(pk=house.company.pk).update(weekdays=[1, 2, 3, 4, 5], holidays=[TODAY])
        order = house.order((product, 1))
        assert Demand.objects.get(pk__in=house.demands(order)).promised_on == TODAY + timedelta(days=1)
        own = Calendar.objects.create(company=house.company, name="Own", weekdays=[1])
        Warehouse.objects.filter(pk=house.warehouses[1].pk).update(calendar=own)
        order = house.order((product, 1))
        assert Demand.objects.get(pk__in=house.demands(order)).promised_on == TODAY
