"""What planning says of stock: classes, cover, and what is dead, too much or too little, against figures by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.models import Company
from core.refusals import NotAllowed
from core.roles import Role
from inventory import services
from inventory.models import (
    Bin,
    Calendar,
    PlanningFigure,
    Product,
    ReorderRule,
    StockMove,
    StockPosting,
    WarehouseAccess,
)
from inventory.services.posting import post
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House
from tests.factories.supply import sent, supplier
from tests.factories.transfers import drafted

pytestmark = pytest.mark.django_db
SHORT, OVER, DEAD, FINE = PlanningFigure.State


def moved(house: House, product: Product, days_ago: int, units: Any, *, came: bool = False, cost: int = 5) -> None:
    """Post in the ledger alone that units left to a customer, or came from a supplier, so many days ago."""
    kind = StockPosting.Kind.RECEIPT if came else StockPosting.Kind.ISSUE
    shelf: Bin = house.shelves[house.warehouses[0].pk][0]
    outside = StockMove.Place.SUPPLIER if came else StockMove.Place.CUSTOMER
    place = {"from_place": outside, "to_place": "BIN", "to_bin": shelf}
    if not came:
        place = {"from_place": "BIN", "from_bin": shelf, "to_place": outside}
    move = StockMove(
        company=house.company, product=product, quantity=Decimal(units), value=Decimal(units) * cost, **place
    )
    at = AT - timedelta(days=days_ago)
    post(StockPosting(company=house.company, kind=kind, reference="P", actor=house.boss, at=at), [move])


def known(house: House, days: int, *issues: tuple[int, Any], cost: int = 5) -> Product:
    """Add a product that came first so many days ago, and of which units left so many days ago each."""
    product = house.product()
    moved(house, product, days, 1, came=True)
    for days_ago, units in issues:
        moved(house, product, days_ago, units, cost=cost)
    return product


def reckoned(house: House, at: datetime = AT) -> dict[int, PlanningFigure]:
    """Reckon the house's figures and return them by product."""
    services.reckon_planning(actor=house.boss, at=at)
    return {row.product_id: row for row in PlanningFigure.objects.filter(company=house.company)}


@pytest.fixture
def house() -> House:
    return House.open()


class TestReckonPlanning:
    def test_reckons_nothing_of_nothing_and_leaves_others_alone(self, house):
        elsewhere = House.open()
        known(elsewhere, 10, (1, 1))
        house.product()
        assert reckoned(house) == {}
        assert not PlanningFigure.objects.exists()
        assert services.reckon_planning(actor=None, at=AT) == 1
        with pytest.raises(NotAllowed):
            services.reckon_planning(actor=person(Role.PICKER, company=house.company), at=AT)

    def test_ranks_by_value_that_left_and_by_how_steadily_units_do(self, house):
        """80 of 100 stand before the second, 95 before the third: it is the value before a product that tells."""
        first = known(house, 400, (5, 16))
        second = known(house, 400, (5, 3))
        third = known(house, 400, (5, 1))
        # 90 days are three full months; of one, one and three hundredths the variation is 0.566
        steady = known(house, 90, (5, "0.01"), (35, "0.01"), (65, "0.01"), cost=0)
        varies = known(house, 90, (5, "0.01"), (35, "0.01"), (65, "0.03"), cost=0)
        erratic = known(house, 120, (5, "0.04"), cost=0)
        young = known(house, 89, (5, "0.01"), (35, "0.01"), (65, "0.01"), cost=0)
        old = known(house, 400, (361, 100))
        found = reckoned(house)
        classes = {pk: row.value_class + row.unit_class for pk, row in found.items()}
        assert [classes[one.pk] for one in (first, second, third)] == ["AZ", "BZ", "CZ"]
        assert [classes[one.pk] for one in (steady, varies, erratic, young)] == ["CX", "CY", "CZ", "C"]
        assert old.pk not in found
        assert (found[first.pk].units_left, found[first.pk].value_left) == (16, 80)

    @pytest.mark.parametrize(
        ("units", "letter"), [((3, 1, 2), "X"), ((1, 1, 4), "Y"), ((0, 0, 1), "Z"), ((0, 1, 2), "Y")]
    )
    def test_draws_the_line_between_steady_and_not(self, house, units, letter):
        """The variations are 0.408, 0.707, 1.414 and 0.816."""
        product = known(house, 90, *((30 * month + 3, n) for month, n in enumerate(units) if n))
        assert reckoned(house)[product.pk].unit_class == letter

    @pytest.mark.parametrize(
        ("on_hand", "coming", "lead_days", "state", "concerned", "worth"),
        [
            (40, 10, 100, FINE, 0, 0),  # lasts 100 days
            (40, 10, 101, SHORT, 1, "2.5"),  # half a unit lacks, which is one at what the supplier asks
            (0, 0, 14, SHORT, 7, "17.5"),
            (40, 50, 14, FINE, 0, 0),  # lasts 180 days
            (40, 51, 14, OVER, 1, 5),
            (40, 200, 14, OVER, 40, 200),  # no more than lies there
        ],
    )
    def test_says_how_long_what_is_there_lasts(self, house, on_hand, coming, lead_days, state, concerned, worth):
        """180 units in 360 days are one in two days."""
        product = known(house, 360, (350, 90), (10, 90))
        supplier(house, product, lead_days=lead_days)
        if on_hand:
            house.receive(product, on_hand)
        if coming:
            sent(house, (product, coming, 5))
        row = reckoned(house)[product.pk]
        assert (row.daily, row.cover_days, row.lead_days) == (Decimal("0.5"), (on_hand + coming) * 2, lead_days)
        assert (row.state, row.concerned, row.worth) == (state, concerned, Decimal(worth))
        assert (row.on_hand, row.free, row.coming, row.value) == (on_hand, on_hand, coming, on_hand * 5)

    def test_calls_dead_what_neither_left_nor_came_for_long(self, house):
        dead, sold, filled = house.product([10]), house.product([10]), house.product([10])
        moved(house, sold, -1, 1)
        moved(house, filled, -1, 1, came=True)
        day = AT + timedelta(days=180)
        assert {row.state for row in reckoned(house, day - timedelta(seconds=1)).values()} <= {FINE, OVER}
        found = reckoned(house, day)
        assert [found[one.pk].state for one in (dead, sold, filled)] == [DEAD, OVER, FINE]
        assert (found[dead.pk].concerned, found[dead.pk].worth, found[dead.pk].cover_days) == (10, 50, None)

    def test_counts_what_another_warehouse_sends_as_coming(self):
        house = House.open(warehouses=2)
        product = house.product([0, 10])
        drafted(house, (product, 4))
        services.reckon_planning(actor=house.boss, at=AT)
        found = PlanningFigure.objects.filter(product=product).order_by("warehouse__priority")
        assert [(row.free, row.coming) for row in found] == [(0, 4), (6, 0)]

    def test_keeps_a_row_where_it_stands_and_takes_it_away_with_the_last_unit(self, house):
        product, other = known(house, 20, (5, 3)), house.product([1])
        before = reckoned(house)
        after = reckoned(house, AT + timedelta(days=354))
        assert [before[product.pk].pk, before[other.pk].pk] == [after[product.pk].pk, after[other.pk].pk]
        assert (before[product.pk].daily, after[product.pk].daily) == (Decimal("0.1"), Decimal("0.008333"))
        assert reckoned(house, AT + timedelta(days=355)).keys() == {other.pk}


class TestPlanningPage:
    def test_shows_what_each_tab_is_for_and_reckons_anew(self, house):
        """What one is kept from is not shown: other companies, and warehouses in which one does not work."""
        house.warehouse("North")
        fast, there = known(house, 400, (5, 16)), house.product([0, 7])
        elsewhere = House.open()
        theirs = elsewhere.product([1], gtin="4006381333931")
        services.reckon_planning(actor=elsewhere.boss, at=AT)
        user = person(Role.WAREHOUSE_MANAGER, company=house.company)
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        where = reverse("supply:planning")
        assert "No figures yet" in client.get(where).content.decode()
        assert client.post(reverse("supply:reckon_planning"), follow=True).redirect_chain == [(where, 302)]
        with CaptureQueriesContext(connection) as one, CaptureQueriesContext(connection) as two:
            client.get(where, {"tab": "a"})
            before = len(one)
            client.get(where)
        assert len(two) == 2 * before
        for tab, shown in (("all", {fast, there}), ("a", {fast}), ("short", {fast}), ("over", set()), ("dead", set())):
            page = client.get(where, {"tab": tab}).context["rows"]
            assert {row.product for row in page} == shown, tab
        assert "35.00" in client.get(where).content.decode()
        assert client.get(where, {"unit_class": "Z"}).context["rows"][0].product == fast
        sheet = b"".join(client.get(where, {"format": "csv"}).streaming_content).decode()
        assert fast.sku in sheet
        WarehouseAccess.objects.create(user=user, warehouse=house.warehouses[0])
        assert {row.product for row in client.get(where).context["rows"]} == {fast}
        assert theirs.pk not in {row.product_id for row in client.get(where).context["rows"]}


class TestServiceLevel:
    def test_keeps_so_much_that_it_runs_out_seldom_while_more_is_bought(self, house):
        """Three months of 30, 60 and 30: 40 a month, give or take 14.14; of 30 days as many, of 120 twice that."""
        product = known(house, 90, (5, 30), (35, 60), (65, 30), cost=1)
        seller = supplier(house, product, lead_days=30)
        row = reckoned(house)[product.pk]
        # Class A at 98 %: 2.054 times 14.14 is 29.04, beside the 40 that leave meanwhile, at 2.5 each
        assert (row.value_class, row.safety_stock, row.reorder_point, row.safety_worth) == ("A", 30, 70, 75)
        seller.lead_days = 120
        seller.save()
        assert reckoned(house)[product.pk].safety_stock == 59
        services.keep_service_level(
            levels={"a": Decimal(50), "b": Decimal(90), "c": Decimal(90)}, actor=house.boss, at=AT
        )
        row = PlanningFigure.objects.get(product=product)
        assert (row.safety_stock, row.reorder_point) == (0, 160)
        elsewhere = House.open()
        other = known(elsewhere, 90, (5, 30), (35, 60), (65, 30), cost=1)
        supplier(elsewhere, other, lead_days=30)
        services.reckon_planning(actor=None, at=AT)
        assert PlanningFigure.objects.get(product=other).safety_stock == 30
        with pytest.raises(NotAllowed):
            services.keep_service_level(levels={}, actor=person(Role.PICKER, company=house.company), at=AT)

    @pytest.mark.parametrize("weekdays", [[], [1, 2, 3, 4, 5], [2, 4]])
    @pytest.mark.parametrize("lead_days", [0, 1, 7])
    def test_counts_the_days_on_which_a_supplier_works_as_their_orders_do(self, house, weekdays, lead_days):
        """AT is a Monday at eleven in London, and on the same day in Kiritimati it is Tuesday."""
        closed = [TODAY + timedelta(days=days) for days in (0, 3, 8)]
        Company.objects.filter(pk=house.company.pk).update(
            weekdays=weekdays, holidays=closed, time_zone="Pacific/Kiritimati"
        )
        product = known(house, 90, (5, 30))
        seller = supplier(house, product, lead_days=lead_days)
        comes = Company.objects.get(pk=house.company.pk).working_day(TODAY + timedelta(days=1), after=lead_days)
        assert reckoned(house)[product.pk].lead_days == (comes - TODAY).days - 1
        seller.calendar = Calendar.objects.create(company=house.company, name="Own", holidays=[TODAY, *closed])
        seller.save()
        comes = seller.calendar.working_day(TODAY + timedelta(days=1), after=lead_days)
        assert reckoned(house)[product.pk].lead_days == (comes - TODAY).days - 1

    def test_is_unknown_where_the_lead_time_is_or_how_steadily_it_goes(self, house):
        unsold, young = known(house, 90, (5, 30), (35, 60)), known(house, 60, (5, 30))
        supplier(house, young)
        found = reckoned(house)
        assert [found[one.pk].safety_stock for one in (unsold, young)] == [None, None]

    def test_is_set_on_a_page_and_shown_beside_the_rule(self, house, client):
        product = known(house, 90, (5, 30), (35, 60), (65, 30))
        supplier(house, product, lead_days=30)
        ReorderRule.objects.create(
            company=house.company, product=product, warehouse=house.warehouses[0], reorder_point=77, order_up_to=99
        )
        client.force_login(person(Role.PURCHASER, company=house.company))
        page = reverse("supply:service_level")
        assert "98" in client.get(page).content.decode()
        assert client.post(page, {"a": "49", "b": "90", "c": "x"}).status_code == 422
        assert client.post(page, {"a": "97.5", "b": "95", "c": "90"}).status_code == 302
        shown = client.get(reverse("supply:planning")).content.decode()
        assert "A 97.5" in shown
        assert "77" in shown
