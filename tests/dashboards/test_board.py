"""The manager's page: what its tiles say, of which days and places, and what it costs to ask."""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from billing import services as billing_services
from core.roles import Role
from dashboards import services
from dashboards.models import DayFigure
from dashboards.queries import board, period_of
from dashboards.queries.percentiles import percentile, said, upper_end
from inventory.models import WarehouseAccess
from tests.dashboards.test_rolling import deliver, roll_up
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House
from tests.factories.shipping import dispatched
from tests.factories.warehouse import Statements
from tests.pinned import assert_pinned

pytestmark = pytest.mark.django_db


def tiles(house: House, user=None, today=TODAY + timedelta(days=1), site=None, **asked: str) -> dict[str, object]:
    """Return the tiles of the page by name."""
    shown = board(user or house.boss, period_of(asked, today), site)
    return {tile.kind.slug: tile for tile in shown.tiles}


class TestBoard:
    def test_says_what_was_delivered_as_promised_with_what_happened_since_the_roll_up(self):
        house = House.open()
        product = house.product([20], price="10")
        kept, late = (dispatched(house, (product, units)) for units in (3, 5))
        roll_up(house)
        deliver(house, kept, AT)
        deliver(house, late, AT + timedelta(days=2))
        billing_services.invoice_orders(order_ids=[kept.pk], actor=house.boss, at=AT)
        shown = tiles(house)
        assert (shown["first"].value, shown["first"].note) == (50, "1 of 2 lines")
        assert (shown["fill"].value, shown["line_fill"].value, shown["revenue"].value) == (100, 100, 30)
        assert shown["revenue"].note == "1 invoices, 0 credit notes"
        # The day of the promise is over for both only by the day after it
        assert tiles(house, today=TODAY)["first"].value is None
        roll_up(house)
        assert tiles(house) == shown
        assert tiles(house, since="2026-11-01", until="2026-11-22")["revenue"].value == 0

    def test_keeps_to_the_warehouses_in_which_a_person_works(self):
        house = House.open(warehouses=2)
        north, south = house.product([5, 0]), house.product([0, 5])
        dispatched(house, (north, 1))
        dispatched(house, (south, 2))
        services.rebuild(company_id=house.company.pk, at=AT)
        manager = person(Role.MANAGER, company=house.company)
        assert tiles(house, manager)["fill"].note == "3 of 3 units"
        assert tiles(house, manager, site=house.warehouses[0].pk)["fill"].note == "1 of 1 units"
        WarehouseAccess.objects.create(user=manager, warehouse=house.warehouses[1])
        assert tiles(house, manager)["fill"].note == "2 of 2 units"
        # Asked for another one, they see their own
        assert tiles(house, manager, site=house.warehouses[0].pk)["fill"].note == "2 of 2 units"

    def test_shows_nothing_of_another_company(self):
        house, other = House.open(), House.open()
        dispatched(house, (house.product([5]), 1))
        services.roll_up_all(at=AT)
        assert tiles(other)["fill"].value is None

    def test_takes_five_statements_whatever_the_rows_and_the_period(self):
        house = House.open()
        product = house.product([300])
        visitor = Client()
        visitor.force_login(house.boss)

        def cost(period: str) -> int:
            with Statements(house.boss) as asked:
                assert visitor.get(f"/manager/?{period}").status_code == 200
            return len(asked)

        for units in (1, 2, 3):
            dispatched(house, (product, units))
        few = cost("")
        roll_up(house)
        with connection.cursor() as cursor:
            cursor.execute(
                'INSERT INTO dashboards_dayfigure (company_id, "on", measure, cause, number, amount, whole)'
                " SELECT %s, %s::date - n, m, CASE m WHEN 'T_PICK' THEN '7' ELSE '' END, 9, 8, 10"
                " FROM generate_series(1, 400) n, unnest(%s::text[]) m",
                [house.company.pk, timezone.now().date(), ["FIRST", "FILL", "INVOICE", "T_PICK"]],
            )
        for units in range(1, 4):
            house.order((product, units), (house.product([1]), 1))
        assert (few, cost("since=2025-11-01"), cost("since=2026-11-20")) == (5, 5, 5)
        assert_pinned("dashboards:board", few)

    def test_reads_an_address_that_says_nothing_sensible_as_the_last_thirty_days(self, client):
        house = House.open()
        client.force_login(house.boss)
        for asked in (
            "since=x&until=y&site=z",
            "since=0001-01-01&until=9999-12-31",
            "site=99999999999999999999",
            "until=1999-01-01",
        ):
            assert client.get(f"/manager/?{asked}").status_code == 200
        assert period_of({"since": "x"}, TODAY).days == 30
        swapped = period_of({"since": "2026-11-20", "until": "2026-11-10"}, TODAY)
        assert (swapped.first.day, swapped.last.day) == (10, 20)
        assert [period_of({"since": day}, TODAY).step for day in ("2026-10-01", "2025-11-24", "2016-01-01")] == [
            1,
            7,
            91,
        ]

    def test_says_what_is_still_to_leave_each_warehouse_on_each_day_against_what_it_can_send(self, client):
        house = House.open(warehouses=2)
        north, south = house.product([9, 0]), house.product([0, 9])
        for requested_on in (TODAY, TODAY, TODAY + timedelta(days=9)):
            house.order((north, 1), requested_on=requested_on)
        house.order((south, 1), (house.product([0, 0]), 1), requested_on=TODAY)
        dispatched(house, (north, 1))
        roll_up(house)
        site = house.warehouses[0]
        site.lines_a_day, site.cut_off = 1, time(15)
        site.save()
        rows = {row.site_id: row for row in board(house.boss, period_of({}, TODAY), None).load}
        first, second = (rows[warehouse.pk] for warehouse in house.warehouses)
        # Nothing of what waits for stock, nothing of what has left
        assert (sum(first.cells), sum(second.cells)) == (3, 1)
        assert (first.note, second.note) == ("1 a day, cut-off 15:00", "")
        client.force_login(house.boss)
        page = client.get("/manager/").content.decode()
        assert "more than 1: " in page
        behind = client.get(f"/manager/lines/?of=to-send&site={house.warehouses[0].pk}")
        assert behind.context["count"].number == 3


class TestPercentile:
    def test_reads_times_to_within_their_range_and_adds_up_over_days(self):
        assert percentile({}, 50) is None
        monday, tuesday = {3: 4}, {3: 1, 20: 5}
        both = {3: 5, 20: 5}
        assert percentile(monday, 50) == (upper_end(2) + upper_end(3)) / 2
        assert {place: monday.get(place, 0) + tuesday.get(place, 0) for place in both} == both
        assert percentile(both, 50) == upper_end(3)
        assert upper_end(19) < percentile(both, 90) < upper_end(20)
        assert [said(Decimal(minutes)) for minutes in (5, 90, 3000)] == ["5 min", "1.5 h", "2.1 d"]

    def test_puts_a_time_into_the_range_whose_end_it_does_not_pass(self):
        house = House.open()
        order = dispatched(house, (house.product([5]), 1))
        deliver(house, order, AT + timedelta(minutes=100))
        roll_up(house)
        place = int(DayFigure.objects.get(measure="T_DELIVER").cause)
        assert upper_end(place - 1) < 100 <= upper_end(place)
