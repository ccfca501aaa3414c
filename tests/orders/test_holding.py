"""Holds: what stops, what goes on, whose stock it is meanwhile, and what comes of lifting one."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from core.refusals import Blocked, Refused
from core.roles import Role
from inventory.models import Demand, StockLevel
from orders import services
from orders.models import Hold, LinePart, OrderEvent, SalesOrder, SalesOrderLine
from tests.factories.core import person, signed_in
from tests.factories.house import AT, TODAY, House
from tests.factories.proof import drift
from tests.factories.shipping import dispatch, dispatched
from tests.factories.warehouse import Statements, picked, released, snapshot
from warehouse import queries as warehouse_queries
from warehouse import services as warehouse_services
from warehouse.models import Parcel, PickTask

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A company with one warehouse; whatever a test does to it must be provable afterwards."""
    house = House.open()
    yield house
    assert drift() == []


def terms(kind="CUSTOMER", *, keep=True, **fields):
    return services.HoldTerms(kind=Hold.Kind(kind), keep_reservation=keep, **fields)


def hold(house, order, actor=None, **fields):
    held = services.hold_orders(order_ids=[order.pk], terms=terms(**fields), actor=actor or house.boss, at=AT)
    return held[order.pk]


def hold_line(house, order, position, **fields):
    line = SalesOrderLine.objects.get(order=order, position=position)
    return services.hold_lines(line_ids=[line.pk], terms=terms(**fields), actor=house.boss, at=AT)[line.pk]


def lift(house, held, actor=None):
    return services.release_holds(hold_ids=[held.hold_id], actor=actor or house.boss, at=AT)[held.hold_id]


def release(house, order):
    return warehouse_services.release_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]


def pick(house, order):
    return warehouse_services.pick_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]


def pack(house, order):
    return warehouse_services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]


def fresh(order):
    return SalesOrder.objects.get(pk=order.pk)


def free(product):
    level = StockLevel.objects.get(product=product)
    return level.sellable - level.allocated


class TestHoldOrders:
    def test_stops_release_and_says_why(self, house):
        order = house.order((house.product([9]), 4))
        hold(house, order, reason="Mr Day is on holiday")
        refusal = release(house, order)
        assert refusal.sentence == "On hold: customer asked – Mr Day is on holiday."
        facts = warehouse_queries.order_facts([order.pk])[order.pk]
        assert (facts.to_release, facts.held, facts.holds) == (0, 1, [refusal.sentence])

    def test_with_its_stock_kept_leaves_it_promised(self, house):
        product = house.product([9])
        order = house.order((product, 4))
        held = hold(house, order)
        assert (free(product), fresh(order).allocation) == (5, "FULL")
        lift(house, held)
        assert not isinstance(release(house, order), Refused)

    def test_without_keeping_gives_the_stock_free_at_once(self, house):
        product = house.product([9])
        order = house.order((product, 4))
        assert hold(house, order, keep=False).undone.freed == 4
        assert (free(product), fresh(order).allocation) == (9, "NONE")
        assert house.order((product, 9)).allocation == "FULL"

    def test_lets_a_started_pick_go_on_and_stops_the_dispatch(self, house):
        order = released(house, (house.product([9]), 4))
        held = hold(house, order)
        pick(house, order)
        pack(house, order)
        assert isinstance(dispatch(house, order)[order.pk], Blocked)
        lift(house, held)
        assert not isinstance(dispatch(house, order)[order.pk], Refused)

    def test_without_keeping_calls_off_only_what_nobody_picked(self, house):
        product = house.product([[2, 3]])
        order = released(house, (product, 5))
        first, second = PickTask.objects.order_by("pk")
        warehouse_services.pick_tasks(task_ids=[first.pk], actor=house.boss, at=AT)
        undone = hold(house, order, keep=False).undone
        assert (undone.freed, undone.tasks, undone.put_back) == (3, 1, 0)
        assert PickTask.objects.get(pk=second.pk).status == "CANCELLED"
        assert (LinePart.objects.get().picked, free(product)) == (2, 3)
        assert fresh(order).status == "RELEASED"

    def test_without_keeping_takes_the_order_back_where_nothing_is_picked(self, house):
        order = released(house, (house.product([9]), 4))
        hold(house, order, keep=False)
        assert fresh(order).status == "CONFIRMED"

    def test_keeps_new_stock_away_until_it_is_lifted(self, house):
        product = house.product()
        order = house.order((product, 4))
        held = hold(house, order, keep=False)
        house.receive(product, 4)
        refusal = services.allocate_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]
        assert refusal.blockers[0].code == "on_hold"
        assert lift(house, held).allocated == 4

    def test_sent_again_returns_what_stands(self, house):
        order = house.order((house.product([9]), 4))
        held = hold(house, order)
        before = snapshot()
        assert hold(house, order) == held
        assert isinstance(hold(house, order, keep=False), Blocked)
        assert (snapshot(), Hold.objects.count()) == (before, 1)

    def test_of_two_kinds_stands_until_both_are_lifted(self, house):
        product = house.product([9])
        order = house.order((product, 4))
        first = hold(house, order, keep=False)
        second = hold(house, order, kind="CREDIT", keep=False)
        assert lift(house, first).allocated == 0
        assert isinstance(release(house, order), Blocked)
        assert lift(house, second).allocated == 4

    @pytest.mark.parametrize("reach", ["draft", "dispatched", "cancelled"])
    def test_is_refused_where_there_is_nothing_to_hold(self, house, reach):
        line = (house.product([9]), 4)
        order = {"draft": house.draft, "dispatched": lambda line: dispatched(house, line), "cancelled": house.order}[
            reach
        ](line)
        if reach == "cancelled":
            services.cancel_orders(order_ids=[order.pk], reason="LATE", actor=house.boss, at=AT)
        assert isinstance(hold(house, order), Blocked)
        assert not Hold.objects.exists()

    def test_is_told_in_the_timeline_without_the_words(self, house):
        order = house.order((house.product([9]), 4))
        hold(house, order, keep=False, reason="Mr Day is ill")
        assert OrderEvent.objects.get(order=order, kind="HELD").data == {
            "hold": "CUSTOMER",
            "keeps": False,
            "freed": "4",
        }

    def test_takes_as_many_statements_for_five_as_for_one(self, house):
        counts = []
        for number in (1, 5):
            orders = [released(house, (house.product([9]), 4), (house.product([9]), 2)) for _ in range(number)]
            with Statements(house.boss) as statements:
                services.hold_orders(
                    order_ids=[order.pk for order in orders], terms=terms(keep=False), actor=house.boss, at=AT
                )
            counts.append(len(statements))
        assert counts[0] == counts[1]

    def test_the_database_refuses_a_second_open_hold_of_a_kind(self, house):
        order = house.order((house.product([9]), 4))
        held = Hold.objects.get(pk=hold(house, order).hold_id)
        held.pk = None
        with pytest.raises(IntegrityError, match="hold_one_open_per_order_and_kind"), transaction.atomic():
            held.save(force_insert=True)


class TestHoldLines:
    def test_frees_the_stock_of_a_line_and_the_other_ships(self, house):
        """PRODUCT.md case 99."""
        kept, stopped = house.product([9]), house.product([9])
        order = house.order((kept, 4), (stopped, 3))
        held = hold_line(house, order, 2, keep=False, reason="New label")
        assert (free(kept), free(stopped)) == (5, 9)
        for verb in (release, pick, pack):
            assert not isinstance(verb(house, order), Refused)
        dispatch(house, order)
        assert fresh(order).fulfilment == "PART"
        assert release(house, order).task_ids
        facts = warehouse_queries.order_facts([order.pk])[order.pk]
        assert facts.holds == ["Line 2 is on hold: customer asked – New label."]
        taken = house.order((stopped, 8))
        lifted = lift(house, held)
        assert (lifted.allocated, lifted.backordered) == (1, 2)
        assert taken.allocation == "FULL"

    def test_with_its_stock_kept_is_left_out_of_the_release(self, house):
        order = house.order((house.product([9]), 4), (house.product([9]), 3))
        hold_line(house, order, 2)
        release(house, order)
        assert PickTask.objects.get().part.line.position == 1

    def test_that_is_picked_stays_in_its_tote_while_the_others_are_packed(self, house):
        order = picked(house, (house.product([9]), 4), (house.product([9]), 3))
        held = hold_line(house, order, 2)
        pack(house, order)
        assert [content.quantity for content in Parcel.objects.get().contents.all()] == [4]
        assert pack(house, order).sentence == "Line 2 is on hold: customer asked."
        lift(house, held)
        pack(house, order)
        assert Parcel.objects.count() == 2

    def test_that_is_packed_keeps_its_parcel_at_the_dock_and_no_other(self, house):
        order = released(house, (house.product([9]), 4), (house.product([9]), 3))
        for task in PickTask.objects.order_by("pk"):
            warehouse_services.pick_tasks(task_ids=[task.pk], actor=house.boss, at=AT)
            pack(house, order)
        hold_line(house, order, 2)
        dispatch(house, order)
        assert list(LinePart.objects.order_by("pk").values_list("shipped", flat=True)) == [4, 0]
        assert isinstance(dispatch(house, order)[order.pk], Blocked)

    def test_of_another_company_is_not_found(self, house):
        order = house.order((house.product([9]), 4))
        elsewhere = House.open()
        line = SalesOrderLine.objects.get(order=order)
        assert services.hold_lines(line_ids=[line.pk], terms=terms(), actor=elsewhere.boss, at=AT) == {}


class TestReleaseHolds:
    def test_reports_the_shortage_where_the_stock_went_to_somebody_else(self, house):
        product = house.product([9])
        order = house.order((product, 4))
        held = hold(house, order, keep=False)
        house.order((product, 8))
        lifted = lift(house, held)
        assert (lifted.allocated, lifted.backordered) == (1, 3)
        assert (fresh(order).allocation, Demand.objects.order_by("pk").first().is_held) == ("PART", False)

    @pytest.mark.parametrize("role", [Role.ACCOUNTANT, Role.CREDIT_CONTROLLER])
    def test_of_credit_is_for_those_who_give_credit(self, house, role):
        order = house.order((house.product([9]), 4))
        held = hold(house, order, kind="CREDIT")
        before = snapshot()
        assert isinstance(lift(house, held, person(Role.SALES_ADMIN, company=house.company)), Blocked)
        assert (snapshot(), Hold.objects.get().released_at) == (before, None)
        lift(house, held, person(role, company=house.company))
        assert Hold.objects.get().released_at == AT

    def test_sent_again_changes_nothing(self, house):
        order = house.order((house.product([9]), 4))
        held = hold(house, order, keep=False)
        lift(house, held)
        before = snapshot()
        lift(house, held)
        assert snapshot() == before

    def test_of_several_orders_at_once(self, house):
        orders = [house.order((house.product([9]), 4)) for _ in range(3)]
        for order in orders:
            hold(house, order, keep=False)
        ids = [order.pk for order in orders]
        lifted = services.release_holds_of_orders(order_ids=ids, actor=house.boss, at=AT)
        assert {pk: result.allocated for pk, result in lifted.items()} == dict.fromkeys(ids, 4)

    def test_refuses_an_order_of_which_one_hold_is_not_theirs_to_lift(self, house):
        order = house.order((house.product([9]), 4))
        hold(house, order)
        hold(house, order, kind="CREDIT")
        actor = person(Role.SALES_ADMIN, company=house.company)
        result = services.release_holds_of_orders(order_ids=[order.pk], actor=actor, at=AT)[order.pk]
        assert isinstance(result, Blocked)
        assert not Hold.objects.filter(released_at__isnull=False).exists()

    def test_of_an_order_cancelled_meanwhile_promises_nothing(self, house):
        product = house.product([9])
        order = house.order((product, 4))
        held = hold(house, order, keep=False)
        services.cancel_orders(order_ids=[order.pk], reason="LATE", actor=house.boss, at=AT)
        assert lift(house, held).allocated == 0
        assert free(product) == 9


class TestReleaseExpiredHolds:
    def test_lifts_what_has_come_to_its_day_at_the_company(self, house):
        house.company.time_zone = "Pacific/Auckland"
        house.company.save()
        order, later = house.order((house.product([9]), 4)), house.order((house.product([9]), 4))
        hold(house, order, keep=False, expires_on=TODAY + timedelta(days=1))
        hold(house, later, expires_on=TODAY + timedelta(days=2))
        assert services.release_expired_holds(at=AT) == 0
        assert services.release_expired_holds(at=AT + timedelta(hours=2)) == 1  # midnight in Auckland
        assert services.release_expired_holds(at=AT + timedelta(hours=2)) == 0
        assert fresh(order).allocation == "FULL"
        assert Hold.objects.get(order=order).released_by is None


class TestHoldOrdersView:
    """The page that the orders' list opens for those that are selected."""

    def test_asks_why_and_holds_them_all(self, house):
        client = signed_in(house.boss)
        product = house.product([9])
        orders = [house.order((product, 1)) for _ in range(2)]
        ids = [order.pk for order in orders]
        address = reverse("orders:hold_many")
        asked = client.post(address, {"id": ids, "ask": "Hold"})
        page = asked.content.decode()
        assert (asked.status_code, all(str(order) in page for order in orders), 'name="kind"' in page) == (
            200,
            True,
            True,
        )
        assert not Hold.objects.exists()
        refused = client.post(address, {"id": ids, "asked": "Hold", "kind": "OTHER", "expires_on": "2001-01-01"})
        assert (refused.status_code, "has come already" in refused.content.decode()) == (422, True)
        done = client.post(address, {"id": ids, "asked": "Hold", "kind": "OTHER", "reason": "Asked to wait"})
        assert done.status_code == 302
        assert set(Hold.objects.values_list("order", "kind", "reason", "keep_reservation")) == {
            (pk, "OTHER", "Asked to wait", False) for pk in ids
        }

    def test_holds_those_that_can_be_and_names_the_others(self, house):
        client = signed_in(house.boss)
        product = house.product([9])
        good, draft = house.order((product, 1)), house.draft((product, 1))
        answer = client.post(reverse("orders:hold_many"), {"id": [good.pk, draft.pk], "kind": "OTHER"})
        assert "needs no hold" in answer.content.decode()
        assert [hold.order_id for hold in Hold.objects.all()] == [good.pk]
