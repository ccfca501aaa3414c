"""Picking: what tasks ask for moves from shelf to tote, once, without the order's lock."""

from decimal import Decimal

import pytest

from core import transitions
from core.refusals import NotAllowed
from core.roles import Role
from inventory.models import Allocation, BinStock, Demand, StockLevel, StockMove, StockPosting
from inventory.services import StockMoved
from orders.models import LinePart, OrderEvent
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.warehouse import Statements, picked, released, snapshot
from warehouse import events, services
from warehouse.models import PickTask, Wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A company with a warehouse."""
    return House.open()


def pick(house, *tasks, actor=None):
    return services.pick_tasks(task_ids=[task.pk for task in tasks], actor=actor or house.boss, at=AT)


class TestPickTasks:
    def test_moves_the_goods_into_the_tote_and_counts_them_everywhere(self, house):
        product = house.product([9])
        order = released(house, (product, 4))
        task = PickTask.objects.get()
        assert pick(house, task)[task.pk].order_id == order.pk
        task = PickTask.objects.get()
        assert (task.status, task.picked, task.picked_by, task.picked_at) == ("PICKED", 4, house.boss, AT)
        part, demand, allocation = LinePart.objects.get(), Demand.objects.get(), Allocation.objects.get()
        assert (part.picked, demand.allocated, demand.picked) == (4, 0, 4)
        assert (allocation.status, allocation.picked) == (Allocation.Status.PICKED, 4)
        level = StockLevel.objects.get()
        assert (level.sellable, level.allocated, level.staged) == (5, 0, 4)
        shelf, tote = (BinStock.objects.get(product=product, bin=place) for place in (task.bin, task.tote))
        assert (shelf.quantity, shelf.allocated, tote.quantity) == (5, 0, 4)
        move = StockMove.objects.get(posting=task.posting)
        assert (move.from_bin, move.to_bin, move.quantity, move.value) == (task.bin, task.tote, 4, 0)
        assert (move.posting.kind, move.posting.reference) == (StockPosting.Kind.PICK, Wave.objects.get().number)

    def test_leaves_the_order_to_others(self, house):
        """A scan neither locks nor writes the order: pickers would queue behind each other (ADR 0002)."""
        released(house, (house.product([9]), 4))
        with Statements(house.boss) as statements:
            pick(house, PickTask.objects.get())
        assert not [sql for sql in statements.told if "orders_salesorder" in sql]

    def test_picks_one_task_and_leaves_the_next(self, house):
        """An allocation over two bins has two tasks, and stays released until both are picked."""
        product = house.product([[2, 3]])
        released(house, (product, 5))
        first, second = PickTask.objects.order_by("pk")
        pick(house, first)
        assert Allocation.objects.get().status == Allocation.Status.RELEASED
        assert (LinePart.objects.get().picked, Demand.objects.get().allocated) == (2, 3)
        pick(house, second)
        assert Allocation.objects.get().status == Allocation.Status.PICKED
        assert LinePart.objects.get().picked == 5

    def test_returns_what_stands_and_writes_nothing_when_sent_again(self, house):
        picked(house, (house.product([9]), 4))
        before = snapshot()
        task = PickTask.objects.get()
        assert pick(house, task)[task.pk].task_ids == (task.pk,)
        assert snapshot() == before

    def test_picks_what_is_left_of_tasks_some_of_which_are_picked(self, house):
        released(house, (house.product([[2, 3]]), 5))
        first, second = PickTask.objects.order_by("pk")
        pick(house, first)
        assert set(pick(house, first, second)) == {first.pk, second.pk}
        assert LinePart.objects.get().picked == 5
        assert StockPosting.objects.filter(kind=StockPosting.Kind.PICK).count() == 2

    def test_says_so_where_a_bin_was_changed_behind_the_ledger(self, house):
        released(house, (house.product([9]), 4))
        task = PickTask.objects.get()
        BinStock.objects.filter(bin=task.bin).update(quantity=2, allocated=2)
        before = snapshot()
        with pytest.raises(StockMoved, match="A bin holds less than was planned from it"):
            pick(house, task)
        assert snapshot() == before

    def test_changes_nothing_where_the_allocation_was_freed(self, house):
        """Inventory's own guard refuses; the part, which was raised before it, falls back."""
        released(house, (house.product([9]), 4))
        task = PickTask.objects.get()
        transitions.apply([Allocation.objects.get()], "free", at=AT)
        before = snapshot()
        with pytest.raises(StockMoved):
            pick(house, task)
        assert snapshot() == before

    def test_does_not_see_another_companys_task(self, house):
        other = House.open()
        released(other, (other.product([9]), 1))
        assert pick(house, PickTask.objects.get()) == {}
        assert PickTask.objects.get().status == PickTask.Status.PLANNED

    def test_refuses_who_may_not(self, house):
        released(house, (house.product([9]), 1))
        before = snapshot()
        with pytest.raises(NotAllowed):
            pick(house, PickTask.objects.get(), actor=person(Role.SHIPPING_CLERK, company=house.company))
        assert snapshot() == before

    def test_writes_one_event_per_order_and_tells_the_floors_above(self, house):
        product = house.product([9])
        first, second = released(house, (product, 1)), released(house, (product, 2))
        heard = []
        events.tasks_picked.connect(receiver := lambda sender, event, **_: heard.append(event))
        try:
            tasks = list(PickTask.objects.order_by("pk"))
            pick(house, *tasks)
        finally:
            events.tasks_picked.disconnect(receiver)
        assert heard == [events.TasksPicked(tuple(task.pk for task in tasks), (first.pk, second.pk), AT)]
        facts = OrderEvent.objects.filter(kind=OrderEvent.Kind.PICKED).order_by("pk")
        assert [(fact.order_id, fact.data["units"]) for fact in facts] == [(first.pk, "1"), (second.pk, "2")]


class TestPickOrders:
    def test_picks_everything_planned_of_several_orders(self, house):
        product = house.product([9])
        orders = [released(house, (product, 1)), released(house, (product, 2))]
        results = services.pick_orders(order_ids=[o.pk for o in orders], actor=house.boss, at=AT)
        assert {pk: len(result.task_ids) for pk, result in results.items()} == {order.pk: 1 for order in orders}
        assert [part.picked for part in LinePart.objects.order_by("pk")] == [Decimal(1), Decimal(2)]

    def test_returns_what_stands_and_writes_nothing_when_sent_again(self, house):
        order = picked(house, (house.product([9]), 4))
        before = snapshot()
        result = services.pick_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]
        assert result.task_ids == (PickTask.objects.get().pk,)
        assert snapshot() == before

    def test_says_why_there_is_nothing_to_pick(self, house):
        order = house.order((house.product([9]), 4))
        result = services.pick_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]
        assert result.blockers[0].code == "not_released"

    def test_does_not_see_another_companys_order(self, house):
        other = House.open()
        order = released(other, (other.product([9]), 1))
        assert services.pick_orders(order_ids=[order.pk], actor=house.boss, at=AT) == {}
        assert PickTask.objects.get().status == PickTask.Status.PLANNED

    def test_takes_as_many_statements_for_ten_orders_as_for_one(self, house):
        products = [house.product([50]) for _ in range(3)]
        one, *ten = [released(house, *((product, 1) for product in products)) for _ in range(11)]
        with Statements(house.boss) as alone:
            services.pick_orders(order_ids=[one.pk], actor=house.boss, at=AT)
        with Statements(house.boss) as together:
            services.pick_orders(order_ids=[order.pk for order in ten], actor=house.boss, at=AT)
        assert len(alone) == len(together) <= 9
