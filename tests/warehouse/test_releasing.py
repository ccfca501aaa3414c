"""Releasing: what is allocated becomes tasks along the walk, once, and the rest can come later."""

from decimal import Decimal

import pytest

from core.refusals import NotAllowed, Refused
from core.roles import Role
from inventory.models import Allocation, BinStock, WarehouseAccess
from inventory.queries.places import warehouse_ids
from orders import services as orders_services
from orders.models import CancelReason, Hold, OrderEvent, SalesOrder
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.proof import drift
from tests.factories.warehouse import Statements, picked, released, snapshot
from warehouse import events, services
from warehouse.models import PickTask, Wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A company with two warehouses."""
    return House.open(warehouses=2)


def release(house, *orders, actor=None):
    return services.release_orders(order_ids=[order.pk for order in orders], actor=actor or house.boss, at=AT)


class TestToRelease:
    """Whether there is something to release stands on the order; the audit proves it, and so does every case here."""

    def stands(self, order):
        assert drift() == []
        return SalesOrder.objects.get(pk=order.pk).to_release

    def test_from_the_first_promise_until_all_of_it_is_with_a_warehouse(self, house):
        product = house.product([2])
        order, waiting = house.order((product, 5)), house.order((product, 1))
        assert (self.stands(order), self.stands(waiting)) == (True, False)
        release(house, order)
        assert not self.stands(order)
        house.receive(product, 3)
        orders_services.allocate_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        assert self.stands(order)

    def test_while_a_line_on_hold_stays(self, house):
        order = house.order((house.product([9]), 4), (house.product([9]), 1))
        line = order.lines.first()
        terms = orders_services.HoldTerms(Hold.Kind.OTHER, keep_reservation=True)
        orders_services.hold_lines(line_ids=[line.pk], terms=terms, actor=house.boss, at=AT)
        release(house, order)
        assert PickTask.objects.count() == 1
        assert self.stands(order)

    def test_while_some_lies_where_the_actor_sends_nobody(self, house):
        actor = person(Role.WAREHOUSE_MANAGER, company=house.company)
        WarehouseAccess.objects.create(user=actor, warehouse=house.warehouses[0])
        order = house.order((house.product([9]), 4), (house.product([0, 9]), 1))
        release(house, order, actor=actor)
        assert PickTask.objects.count() == 1
        assert self.stands(order)
        release(house, order)
        assert not self.stands(order)

    def test_no_longer_once_it_is_cancelled(self, house):
        order = house.order((house.product([9]), 4))
        orders_services.cancel_orders(order_ids=[order.pk], reason=CancelReason.CUSTOMER, actor=house.boss, at=AT)
        assert not self.stands(order)


class TestReleaseOrders:
    def test_makes_a_task_for_every_allocation_and_one_wave_per_warehouse(self, house):
        here, there = house.product([9]), house.product([0, 9])
        first, second = house.order((here, 2), (there, 3)), house.order((here, 4))
        results = release(house, first, second)
        waves = {wave.warehouse_id: wave for wave in Wave.objects.all()}
        assert {pk: wave.status for pk, wave in waves.items()} == {w.pk: "RELEASED" for w in house.warehouses}
        tasks = PickTask.objects.values_list("order_id", "product_id", "quantity", "wave__warehouse_id").order_by("pk")
        assert sorted(tasks) == sorted(
            [
                (first.pk, here.pk, Decimal(2), house.warehouses[0].pk),
                (first.pk, there.pk, Decimal(3), house.warehouses[1].pk),
                (second.pk, here.pk, Decimal(4), house.warehouses[0].pk),
            ]
        )
        assert set(results[first.pk].wave_ids) == {wave.pk for wave in waves.values()}
        assert results[second.pk].wave_ids == (waves[house.warehouses[0].pk].pk,)

    def test_numbers_the_tasks_of_a_wave_along_the_walk(self, house):
        shelves = house.shelves[house.warehouses[0].pk]
        far, near = house.product([[0, 0, 5]]), house.product([[5, 0, 0]])
        release(house, house.order((far, 1), (near, 1)), house.order((near, 1), (far, 1)))
        codes = list(PickTask.objects.order_by("pk").values_list("bin__code", flat=True))
        assert codes == [shelves[0].code, shelves[0].code, shelves[2].code, shelves[2].code]

    def test_reserves_the_bins_and_marks_order_allocation_and_timeline(self, house):
        product = house.product([9])
        order = released(house, (product, 4))
        assert order.status == SalesOrder.Status.RELEASED
        assert Allocation.objects.get().status == Allocation.Status.RELEASED
        assert BinStock.objects.get(product=product, bin__kind="PICK", quantity=9).allocated == 4
        event = OrderEvent.objects.get(order=order, kind=OrderEvent.Kind.RELEASED)
        assert (event.actor, event.at) == (house.boss, AT)
        assert event.data == {"waves": [Wave.objects.get().number], "tasks": 1, "units": "4"}

    def test_takes_only_what_is_allocated_and_the_rest_when_it_has_come(self, house):
        product = house.product([2])
        order = released(house, (product, 5))
        assert [task.quantity for task in PickTask.objects.all()] == [2]
        house.receive(product, 3)
        orders_services.allocate_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        release(house, order)
        assert sorted(task.quantity for task in PickTask.objects.all()) == [2, 3]
        assert Wave.objects.count() == 2

    @pytest.mark.parametrize("pick_first", [False, True])
    def test_returns_what_stands_and_writes_nothing_when_sent_again(self, house, pick_first):
        order = (picked if pick_first else released)(house, (house.product([9]), 4))
        before = snapshot()
        result = release(house, order)[order.pk]
        assert (result.wave_ids, result.task_ids) == ((Wave.objects.get().pk,), (PickTask.objects.get().pk,))
        assert snapshot() == before

    def test_refuses_each_blocked_order_with_its_reason_and_releases_the_others(self, house):
        stocked, missing = house.product([9]), house.product()
        draft, waiting, good = house.draft((stocked, 1)), house.order((missing, 1)), house.order((stocked, 1))
        results = release(house, draft, waiting, good)
        assert results[draft.pk].blockers[0].code == "not_confirmed"
        assert results[waiting.pk].sentence == "Nothing is allocated yet: 1 line waits for stock."
        assert not isinstance(results[good.pk], Refused)
        assert {task.order_id for task in PickTask.objects.all()} == {good.pk}

    def test_does_not_see_another_companys_order(self, house):
        other = House.open()
        order = other.order((other.product([9]), 1))
        assert release(house, order) == {}
        assert not PickTask.objects.exists()

    def test_refuses_who_may_not(self, house):
        order = house.order((house.product([9]), 1))
        before = snapshot()
        with pytest.raises(NotAllowed):
            release(house, order, actor=person(Role.PICKER, company=house.company))
        assert snapshot() == before

    def test_tells_the_floors_above_in_the_transaction(self, house):
        order = house.order((house.product([9]), 1))
        before = snapshot()

        def fail(sender, event, **_):
            assert event == events.OrdersReleased((order.pk,), (Wave.objects.get().pk,), AT)
            raise RuntimeError("a receiver that fails")

        events.orders_released.connect(fail)
        try:
            with pytest.raises(RuntimeError, match="a receiver"):
                release(house, order)
        finally:
            events.orders_released.disconnect(fail)
        assert snapshot() == before

    def test_takes_as_many_statements_for_ten_orders_as_for_one(self, house):
        warehouse_ids(house.boss)  # asked once for each person
        products = [house.product([50]) for _ in range(3)]
        one, *ten = [house.order(*((product, 1) for product in products)) for _ in range(11)]
        with Statements(house.boss) as alone:
            release(house, one)
        with Statements(house.boss) as together:
            release(house, *ten)
        assert len(alone) == len(together) <= 11


class TestCompleteWaves:
    def test_closes_a_wave_when_its_last_task_is_picked_and_only_then(self, house):
        first = house.product([9])
        order = released(house, (first, 1), (house.product([9]), 1))
        one, two = PickTask.objects.order_by("pk")
        services.pick_tasks(task_ids=[one.pk], actor=house.boss, at=AT)
        assert services.complete_waves(at=AT) == 0
        services.pick_tasks(task_ids=[two.pk], actor=house.boss, at=AT)
        assert services.complete_waves(at=AT) == 1
        wave = Wave.objects.get()
        assert (wave.status, wave.done_at) == (Wave.Status.DONE, AT)
        assert services.complete_waves(at=AT) == 0
        assert order.status == SalesOrder.Status.RELEASED

    def test_takes_one_statement_where_there_is_nothing_to_do(self, house):
        released(house, (house.product([9]), 1))
        with Statements(house.boss) as statements:
            services.complete_waves(at=AT)
        assert len(statements) == 1
