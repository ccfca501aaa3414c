"""The run over everything that waits: whom it serves in which turn, in slices, stopped and gone on with."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from core.refusals import Blocked, ChangedMeanwhile, NotAllowed
from core.roles import Role
from inventory.models import Demand, StockLevel
from orders import services, tasks
from orders.models import AllocationRun, LinePart, OrderEvent, Rule, SalesOrder
from orders.services.running import FIRST_SLICE, LARGEST_SLICE, SLICE_MS, fitting
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House

pytestmark = pytest.mark.django_db

RUNS = reverse("orders:runs")


@pytest.fixture
def house() -> House:
    return House.open()


@pytest.fixture
def waiting(house: House) -> list[SalesOrder]:
    """Four orders that wait for 4, 2, 3 and 2 of what there are now 6, requested on one day after the other backwards.

    And two lines that no run may touch: one on hold, and one of which there is nothing.
    """
    product, other = house.product(), house.product()
    orders = []
    for number, units in enumerate((4, 2, 3, 2)):
        order = house.order((product, units), requested_on=TODAY + timedelta(days=9 - number))
        SalesOrder.objects.filter(pk=order.pk).update(confirmed_at=AT + timedelta(hours=number))
        orders.append(order)
    held = house.order((product, 9), requested_on=TODAY)
    terms = services.HoldTerms("OTHER", keep_reservation=False, reason="")
    services.hold_orders(order_ids=[held.pk], terms=terms, actor=house.boss, at=AT)
    house.order((other, 1), requested_on=TODAY)
    house.receive(product, 6)
    return orders


def waits(orders: list[SalesOrder]) -> list[Decimal]:
    return [LinePart.objects.get(order=order).demand.backordered for order in orders]


def begin(house: House, rule: str = Rule.DUE) -> AllocationRun:
    return AllocationRun.objects.get(pk=services.begin_run(rule=rule, actor=house.boss, at=AT))


def to_its_end(run: AllocationRun, lines: int) -> AllocationRun:
    while services.advance_run(run_id=run.pk, lines=lines, at=AT):
        pass
    return AllocationRun.objects.get(pk=run.pk)


class TestAdvanceRun:
    @pytest.mark.parametrize("lines", [1, 3, 500])
    @pytest.mark.parametrize(
        ("rule", "left"),
        [(Rule.DUE, [4, 1, 0, 0]), (Rule.WAITING, [0, 0, 3, 2]), (Rule.COMPLETES, [4, 0, 1, 0])],
    )
    def test_serves_by_the_rule_whatever_a_slice_holds(
        self, house: House, waiting: list[SalesOrder], rule: Rule, left: list[int], lines: int
    ) -> None:
        run = begin(house, rule)
        assert (run.waiting, run.to_handle) == (5, 4)
        ended = to_its_end(run, lines)
        assert waits(waiting) == left
        assert (ended.status, ended.handled, ended.finished_at) == ("DONE", 4, AT)
        assert (ended.served, ended.filled) == ({Rule.DUE: 3, Rule.WAITING: 2, Rule.COMPLETES: 3}[rule], left.count(0))

    def test_tells_the_orders_and_has_their_facet_set_by_a_job(self, house: House, waiting: list[SalesOrder]) -> None:
        run = to_its_end(begin(house), 2)
        events = OrderEvent.objects.filter(kind=OrderEvent.Kind.ALLOCATED).order_by("order_id")
        assert [(event.order_id, event.data, event.actor) for event in events] == [
            (waiting[1].pk, {"allocated": "1.000000", "run": run.pk}, house.boss),
            (waiting[2].pk, {"allocated": "3.000000", "run": run.pk}, house.boss),
            (waiting[3].pk, {"allocated": "2.000000", "run": run.pk}, house.boss),
        ]
        for job in ProcrastinateJob.objects.filter(task_name="orders.note_allocation"):
            tasks.note_allocation(**job.args)
        facets = [SalesOrder.objects.get(pk=order.pk).allocation for order in waiting]
        assert facets == ["NONE", "PART", "FULL", "FULL"]

    def test_serves_a_higher_priority_first_and_nobody_who_was_put_on_hold_since(
        self, house: House, waiting: list[SalesOrder]
    ) -> None:
        first = LinePart.objects.get(order=waiting[0])
        Demand.objects.filter(pk=first.demand_id).update(priority=10)
        run = begin(house)
        assert run.demand_ids[0] == first.demand_id
        Demand.objects.filter(pk=first.demand_id).update(is_held=True)
        to_its_end(run, 1)
        assert waits(waiting) == [4, 1, 0, 0]

    def test_leaves_nothing_of_a_slice_that_fails(
        self, house: House, waiting: list[SalesOrder], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = begin(house)
        services.advance_run(run_id=run.pk, lines=1, at=AT)
        with monkeypatch.context() as patched:
            patched.setattr("orders.services.running.note_allocated", lambda **_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                services.advance_run(run_id=run.pk, lines=1, at=AT)
        assert AllocationRun.objects.get().handled == 1
        assert StockLevel.objects.get().allocated == 2
        to_its_end(run, 1)
        assert waits(waiting) == [4, 1, 0, 0]


class TestStopAndGoOn:
    def test_leaves_off_behind_a_slice_and_goes_on_there(self, house: House, waiting: list[SalesOrder]) -> None:
        run, by = begin(house), {"actor": house.boss, "at": AT}
        services.advance_run(run_id=run.pk, lines=2, at=AT)
        services.stop_run(run_id=run.pk, **by)
        assert services.advance_run(run_id=run.pk, lines=2, at=AT) is False
        assert waits(waiting) == [4, 2, 0, 0]
        with pytest.raises(ChangedMeanwhile):
            services.stop_run(run_id=run.pk, **by)
        services.go_on_with_run(run_id=run.pk, **by)
        tasks.advance_run(run_id=run.pk)
        assert waits(waiting) == [4, 1, 0, 0]
        assert ProcrastinateJob.objects.filter(task_name="orders.advance_run").count() == 2

    def test_is_one_run_at_a_time(self, house: House, waiting: list[SalesOrder]) -> None:
        run, by = begin(house), {"actor": house.boss, "at": AT}
        with pytest.raises(Blocked, match="under way"):
            begin(house)
        services.stop_run(run_id=run.pk, **by)
        later = begin(house)
        with pytest.raises(Blocked, match="under way"):
            services.go_on_with_run(run_id=run.pk, **by)
        to_its_end(later, 9)
        with pytest.raises(Blocked, match="Nothing"):
            begin(house)

    def test_is_for_those_who_confirm_in_their_own_company(self, house: House, waiting: list[SalesOrder]) -> None:
        run, picker, other = begin(house), person(Role.PICKER, company=house.company), person(Role.SALES_ADMIN)
        for act in (services.stop_run, services.go_on_with_run):
            with pytest.raises(NotAllowed):
                act(run_id=run.pk, actor=picker, at=AT)
            with pytest.raises(AllocationRun.DoesNotExist):
                act(run_id=run.pk, actor=other, at=AT)
        with pytest.raises(NotAllowed):
            services.begin_run(rule=Rule.DUE, actor=picker, at=AT)
        assert AllocationRun.objects.get().status == "RUNNING"


class TestBeginNightlyRuns:
    def test_begins_where_something_can_be_given(self, house: House, waiting: list[SalesOrder]) -> None:
        House.open().product([5])
        tasks.begin_nightly_runs(timestamp=0)
        run = AllocationRun.objects.get()
        assert (run.company, run.actor, run.rule) == (house.company, None, Rule.DUE)
        assert services.begin_nightly_runs(at=AT) == []


class TestFitting:
    @pytest.mark.parametrize(
        ("lines", "ms", "wanted"),
        [
            (400, SLICE_MS, 400),
            (400, SLICE_MS * 2, 200),
            (400, SLICE_MS // 9, 800),
            (400, 60_000, FIRST_SLICE),
            (LARGEST_SLICE, 0, LARGEST_SLICE),
        ],
    )
    def test_holds_locks_for_about_as_long(self, lines: int, ms: int, wanted: int) -> None:
        assert fitting(lines, ms) == wanted


class TestPage:
    def test_begins_shows_stops_and_goes_on(self, house: House, waiting: list[SalesOrder], client: Client) -> None:
        client.force_login(house.boss)
        assert client.get(RUNS).context["can_be_filled"] == 4
        assert client.post(RUNS, {"rule": Rule.DUE}).status_code == 302
        run = AllocationRun.objects.get()
        assert run.actor == house.boss
        services.advance_run(run_id=run.pk, lines=1, at=AT)
        for url in (RUNS, reverse("orders:backorders")):
            shown = client.get(url).content.decode()
            assert "Allocating everything that waits" in shown
            assert "every 2s" in shown
        fragment = client.post(reverse("orders:stop_run", args=[run.pk]), headers={"HX-Request": "true"})
        shown = fragment.content.decode()
        assert "The run was stopped" in shown
        assert "every 2s" not in shown
        assert client.post(reverse("orders:go_on_with_run", args=[run.pk])).status_code == 302
        to_its_end(run, 9)
        assert "The run is done" in client.get(RUNS, headers={"HX-Request": "true"}).content.decode()
        assert "The run is done" not in client.get(reverse("orders:backorders")).content.decode()
        assert "Earliest requested first" in client.get(RUNS).content.decode()
