"""What stands behind the figures, as lists and files; and the targets."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from core.refusals import NotAllowed
from core.roles import Role
from dashboards import services
from dashboards.models import Target
from dashboards.queries import behind, board, period_of
from orders import services as orders_services
from orders.models import Hold
from tests.dashboards.test_rolling import deliver, roll_up
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House
from tests.factories.shipping import dispatched
from tests.factories.warehouse import Statements, released
from warehouse import services as warehouse_services
from warehouse.models import PickTask

pytestmark = pytest.mark.django_db
ALL = [
    *(f"lines/?of={what}" for what in behind.LINES),
    *(f"orders/?of={what}" for what in behind.ORDERS),
    *(f"occurrences/?of={what}" for what in behind.OCCURRENCES),
]


@pytest.fixture
def house() -> House:
    """A house in which one order was late, one waits for stock and is on hold, and one was picked short."""
    house = House.open()
    product, scarce = house.product([20], price="7"), house.product([1])
    deliver(house, dispatched(house, (product, 2)), AT + timedelta(days=2))
    deliver(house, dispatched(house, (product, 2)), AT)
    waits = house.order((scarce, 3))
    terms = orders_services.HoldTerms(Hold.Kind.CREDIT, True)
    orders_services.hold_orders(order_ids=[waits.pk], terms=terms, actor=house.boss, at=AT)
    task = PickTask.objects.get(order=released(house, (product, 4)))
    short = warehouse_services.Short(task.pk, Decimal(1), PickTask.Reason.DAMAGED)
    warehouse_services.pick_short(shorts=[short], actor=house.boss, at=AT)
    roll_up(house)
    return house


@pytest.fixture
def client(house: House) -> Client:
    client = Client()
    client.force_login(person(Role.MANAGER, company=house.company))
    return client


def test_as_many_rows_stand_behind_each_figure_as_it_counts(house: House):
    period = period_of({"since": "2026-11-01"}, TODAY + timedelta(days=3))
    shown = board(house.boss, period, None)

    def lines(what: str) -> int:
        return behind.lines_behind(house.boss, what, period).count()

    missed = next(tile for tile in shown.tiles if tile.kind.slug == "first")
    assert lines("first") == sum(row.number for row in shown.misses) == 2
    assert missed.note == "1 of 3 lines"
    assert (lines("late"), lines("risk")) == (shown.late_lines, shown.risk_lines) == (2, 0)
    assert lines("waiting") == sum(next(row for row in shown.ages if row.slug == "WAITING").cells) == 2
    for stage in shown.flow:
        assert behind.orders_behind(house.boss, stage.slug.lower(), period).count() == stage.number
    for clock in shown.clocks:
        assert behind.orders_behind(house.boss, f"time-{clock.slug.lower()}", period).count() == clock.number
    assert [row.label for row in shown.shorts] == ["Damaged"]
    assert behind.occurrences_behind(house.boss, "shorts", period).get().amount == 3
    assert behind.occurrences_behind(house.boss, "open-holds", period).get().cause == "CREDIT"


def test_each_list_opens_as_page_and_file_and_says_why(client: Client, house: House):
    for address in ALL:
        assert client.get(f"/manager/{address}&since=2026-11-01").status_code == 200, address
    answer = client.get("/manager/occurrences/?of=shorts&since=2026-11-01&until=2026-12-31&format=csv")
    assert "Damaged" in b"".join(answer.streaming_content).decode()
    assert client.get("/manager/lines/?of=nothing").status_code == 404
    held = client.get("/manager/lines/?of=waiting&cause=HOLD").content.decode()
    assert "On hold" in held
    assert "Nothing matches" in client.get("/manager/lines/?of=waiting&cause=PICK").content.decode()


def test_a_list_takes_as_many_statements_for_many_rows_as_for_few(house: House):
    client = Client()
    client.force_login(house.boss)

    def cost() -> int:
        with Statements(house.boss) as asked:
            assert client.get("/manager/orders/?of=release").status_code == 200
        return len(asked)

    few = cost()
    product = house.product([99])
    for _ in range(6):
        house.order((product, 1))
    roll_up(house)
    assert few == cost()


class TestTargets:
    def test_are_set_shown_and_taken_away(self, client: Client, house: House):
        answer = client.post("/manager/targets/", {"first": "97.5", "lead": "72"})
        assert answer.status_code == 302
        assert list(Target.objects.values_list("figure", "value")) == [("first", Decimal("97.5")), ("lead", 72)]
        period = period_of({"since": "2026-11-01"}, TODAY + timedelta(days=3))
        missed = {tile.kind.slug: tile.is_missed for tile in board(house.boss, period, None).tiles}
        # Of what should be least more is wrong, of the others less; without a target nothing is
        assert (missed["first"], missed["lead"], missed["fill"]) == (True, False, False)
        assert "target 97.5 %" in client.get("/manager/?since=2026-11-01").content.decode()
        assert 'value="97.5"' in client.get("/manager/targets/").content.decode()
        client.post("/manager/targets/", {"lead": "72"})
        assert Target.objects.get().figure == "lead"

    def test_are_refused_beyond_all_percent_and_from_others(self, client: Client, house: House):
        assert client.post("/manager/targets/", {"first": "101"}).status_code == 422
        clerk = person(Role.ACCOUNTANT, company=house.company)
        with pytest.raises(NotAllowed):
            services.set_targets(company_id=house.company.pk, targets=[], actor=clerk, at=AT)
