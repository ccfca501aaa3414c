"""The pages of sites: what they show and keep, and that what they keep decides from where goods come, and when."""

from datetime import date, time

import pytest
from django.test import Client
from django.urls import reverse

from core.roles import Role
from inventory.models import Calendar, Demand, Lane, Warehouse, WarehouseAccess
from tests.factories.core import person, signed_in
from tests.factories.house import AT, House

pytestmark = pytest.mark.django_db

PLACE = {"name": "Exeter", "priority": "10", "country": "GB", "postcode": "EX1 1AA", "address": "1 Quay"}


@pytest.fixture
def house() -> House:
    return House.open(warehouses=2)


@pytest.fixture
def keeper(house) -> Client:
    return signed_in(person(Role.WAREHOUSE_MANAGER, company=house.company))


def text(client: Client, name: str, *args) -> str:
    response = client.get(reverse(f"sites:{name}", args=args))
    assert response.status_code == 200, response.content
    return response.content.decode()


class TestWarehouses:
    def test_are_ranked_given_a_cut_off_and_say_when_goods_leave(self, house, keeper):
        site = house.warehouses[0]
        weekdays = Calendar.objects.create(company=house.company, name="Weekdays")
        edit = reverse("sites:edit_warehouse", args=[site.pk])
        form = {**PLACE, "cut_off": "14:30", "calendar": weekdays.pk, "lines_a_day": "300"}
        assert keeper.post(edit, form).status_code == 302
        site.refresh_from_db()
        assert (site.name, site.priority, site.cut_off, site.calendar) == ("Exeter", 10, time(14, 30), weekdays)
        assert site.lines_a_day == 300
        assert "Exeter" in text(keeper, "warehouses")
        page = text(keeper, "warehouse", site.pk)
        assert "14:30" in page
        assert "Weekdays" in page
        assert "300 lines a day" in page
        none = keeper.post(edit, {**form, "lines_a_day": "0"})
        assert (none.status_code, "one line a day at least" in none.content.decode()) == (422, True)
        wrong = keeper.post(edit, {**form, "cut_off": "late"})
        assert (wrong.status_code, "late" in wrong.content.decode()) == (422, True)

    def test_take_no_calendar_of_another_company(self, house, keeper):
        other = Calendar.objects.create(company=House.open().company, name="Theirs")
        answer = keeper.post(
            reverse("sites:edit_warehouse", args=[house.warehouses[0].pk]), {**PLACE, "calendar": other.pk}
        )
        assert answer.status_code == 422

    def test_are_kept_by_those_who_work_there(self, house):
        here, there = house.warehouses
        kept = person(Role.WAREHOUSE_MANAGER, company=house.company)
        WarehouseAccess.objects.create(user=kept, warehouse=here)
        client = signed_in(kept)
        lane = Lane.objects.create(warehouse=there, country="GB", days=1)
        assert there.name not in text(client, "warehouses")
        for name, args in (
            ("warehouse", [there.pk]),
            ("edit_warehouse", [there.pk]),
            ("create_lane", [there.pk]),
            ("edit_lane", [there.pk, lane.pk]),
            ("edit_lane", [here.pk, lane.pk]),
        ):
            assert client.get(reverse(f"sites:{name}", args=args)).status_code == 404
        for site in (here, there):
            assert client.post(reverse("sites:drop_lane", args=[site.pk, lane.pk])).status_code == 404
        assert Lane.objects.filter(pk=lane.pk).exists()


class TestLanes:
    def test_decide_from_where_goods_come(self, house, keeper):
        near, far = house.warehouses
        new = [reverse("sites:create_lane", args=[site.pk]) for site in (near, far)]
        assert keeper.post(new[0], {"country": "GB", "days": "4", "cost": "1"}).status_code == 302
        assert keeper.post(new[1], {"country": "GB", "area": "ex1 1", "days": "2", "cost": "9.50"}).status_code == 302
        assert list(Lane.objects.values_list("warehouse", "area")) == [(near.pk, ""), (far.pk, "EX11")]
        assert "9.50" in text(keeper, "warehouse", far.pk)
        far_lane = Lane.objects.get(warehouse=far)
        Lane.objects.create(warehouse=far, country="FR", days=1)
        edit = reverse("sites:edit_lane", args=[far.pk, far_lane.pk])
        assert keeper.post(edit, {"country": "GB", "area": "", "days": "2", "cost": "9.50"}).status_code == 302
        house.order((house.product([5, 5]), 1))
        assert Demand.objects.get().allocations.get().level.warehouse == far
        assert keeper.post(reverse("sites:drop_lane", args=[far.pk, far_lane.pk])).status_code == 302
        house.order((house.product([5, 5]), 1))
        assert Demand.objects.latest("pk").allocations.get().level.warehouse == near

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"country": "GB", "days": "2"}, "There is a lane to there already"),
            ({"country": "FR", "days": "soon"}, "Key whole days"),
            ({"country": "FR", "days": "2", "cost": "-1"}, "costs nothing or more"),
        ],
    )
    def test_are_refused_in_words(self, house, keeper, typed, said):
        site = house.warehouses[0]
        Lane.objects.create(warehouse=site, country="GB", days=1)
        answer = keeper.post(reverse("sites:create_lane", args=[site.pk]), {"cost": "0", **typed})
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert Lane.objects.count() == 1


class TestCalendars:
    def test_say_on_which_days_goods_leave(self, house, keeper):
        form = {"name": "Weekdays", "weekdays": ["1", "2", "3", "4", "5"], "holidays": "2026-12-25\n\n2026-12-24\n"}
        assert keeper.post(reverse("sites:create_calendar"), form).status_code == 302
        calendar = Calendar.objects.get()
        assert calendar.weekdays == [1, 2, 3, 4, 5]
        assert calendar.holidays == [date(2026, 12, 24), date(2026, 12, 25)]
        assert "Mon, Tue, Wed, Thu, Fri" in text(keeper, "calendars")
        assert "2026-12-24" in text(keeper, "edit_calendar", calendar.pk)
        Warehouse.objects.update(calendar=calendar)
        closed = {**form, "holidays": AT.date().isoformat()}
        assert keeper.post(reverse("sites:edit_calendar", args=[calendar.pk]), closed).status_code == 302
        house.order((house.product([5, 5]), 1), requested_on=AT.date())
        assert Demand.objects.get().promised_on == calendar_after(AT.date())

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"weekdays": []}, "one day of the week at least"),
            ({"holidays": "2026-12-25\nChristmas"}, "Line 2: “Christmas” is no day"),
            ({"name": "Weekdays"}, "already"),
        ],
    )
    def test_are_refused_in_words_and_keep_what_was_typed(self, house, keeper, typed, said):
        Calendar.objects.create(company=house.company, name="Weekdays")
        form = {"name": "Other", "weekdays": ["1"], "holidays": "2026-12-25", **typed}
        answer = keeper.post(reverse("sites:create_calendar"), form)
        assert answer.status_code == 422
        page = answer.content.decode()
        assert said in page
        assert form["holidays"] in page.replace("\r", "")


def calendar_after(day: date) -> date:
    """Return the first working day after a day."""
    return Calendar(weekdays=[1, 2, 3, 4, 5], holidays=[day]).working_day(day)
