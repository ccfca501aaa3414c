"""Short picks: what was found is kept, the rest is sought elsewhere at once, and the bin is counted."""

from decimal import Decimal

import pytest

from core import registry
from core.refusals import NotAllowed
from core.roles import Role
from inventory import services as inventory_services
from inventory.models import Allocation, BinStock, Demand, StockLevel, StockMove, StockPosting
from orders import tasks as orders_tasks
from orders.models import Facet, LinePart, OrderEvent, SalesOrder
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.warehouse import Statements, released, snapshot
from warehouse import events, services
from warehouse.models import Count, PickTask, Wave

pytestmark = pytest.mark.django_db

REASON = PickTask.Reason


@pytest.fixture
def house():
    """A company with two warehouses."""
    return House.open(warehouses=2)


def short(house, task, found, *, reason=REASON.FEWER, actor=None):
    (result,) = services.pick_short(
        shorts=[services.Short(task.pk, Decimal(found), reason)], actor=actor or house.boss, at=AT
    ).values()
    return result


def drift():
    """Return what every proof of the product has found."""
    return [(check.name, found) for check in registry.audit_checks if (found := check.find()[1])]


def run_jobs():
    """Set the facets of the orders that are due."""
    orders_tasks.note_allocation(list(SalesOrder.objects.values_list("pk", flat=True)))


class TestPickShort:
    def test_keeps_what_was_found_and_takes_the_rest_from_another_bin(self, house):
        """PRODUCT.md case 100: task 10, 6 found: 6 kept, 4 from elsewhere at once, the bin to be counted."""
        product = house.product([[10, 9]])
        order = released(house, (product, 10))
        task = PickTask.objects.get()
        result = short(house, task, 6)
        task = PickTask.objects.get(pk=task.pk)
        assert (task.status, task.picked, task.reason, task.picked_by) == ("SHORT", 6, "FEWER", house.boss)
        (rest,) = PickTask.objects.filter(status=PickTask.Status.PLANNED)
        assert result.new_task_ids == (rest.pk,)
        assert (rest.quantity, rest.bin.code, rest.wave_id, rest.order_id) == (4, "A-02", task.wave_id, order.pk)
        assert (LinePart.objects.get().picked, Demand.objects.get().allocated, Demand.objects.get().backordered) == (
            6,
            4,
            0,
        )
        count = Count.objects.get()
        assert (count.bin, count.product, count.task, count.status) == (task.bin, product, task, "OPEN")
        assert StockMove.objects.get(posting=task.posting).quantity == 6
        assert drift() == []

    def test_blocks_the_bin_so_that_nobody_is_sent_there_again(self, house):
        """PRODUCT.md case 53: what the books say beside the missing units is offered to nobody either."""
        product = house.product([[20, 9]])
        released(house, (product, 10))
        task = PickTask.objects.get()
        short(house, task, 6)
        stock = BinStock.objects.get(bin=task.bin, product=product)
        assert (stock.quantity, stock.allocated, stock.blocked) == (14, 0, 14)
        level = StockLevel.objects.get(product=product)
        assert (level.sellable, level.blocked, level.staged, level.allocated) == (9, 14, 6, 4)
        other = released(house, (product, 5))
        assert PickTask.objects.get(order=other).bin.code == "A-02"
        late = house.order((product, 1))
        assert Demand.objects.get(pk__in=house.demands(late)).backordered == 1

    def test_never_blocks_what_the_level_has_promised_to_others(self, house):
        """Their promise stands until somebody has counted; sent there last."""
        product = house.product([[10, 5]])
        waiting = house.order((product, 5))
        released(house, (product, 10))
        task = PickTask.objects.order_by("pk")[0]
        short(house, task, 1)
        level = StockLevel.objects.get(product=product)
        assert level.allocated == 5 <= level.sellable
        assert Demand.objects.get(pk__in=house.demands(waiting)).allocated == 5
        assert drift() == []

    def test_fetches_the_rest_from_another_warehouse_by_a_wave_of_its_own(self, house):
        product = house.product([10, 9])
        order = released(house, (product, 10))
        task = PickTask.objects.get()
        result = short(house, task, 6)
        (rest,) = PickTask.objects.filter(pk__in=result.new_task_ids)
        assert rest.wave_id != task.wave_id
        assert (rest.wave.warehouse, rest.bin.warehouse, rest.order_id) == (*[house.warehouses[1]] * 2, order.pk)
        assert drift() == []

    def test_lets_wait_what_is_nowhere_and_tells_the_order_by_a_job(self, house):
        product = house.product([10])
        order = released(house, (product, 10))
        result = short(house, PickTask.objects.get(), 6)
        assert (result.new_task_ids, result.waiting) == ((), 4)
        assert Demand.objects.get().backordered == 4
        assert SalesOrder.objects.get(pk=order.pk).allocation == Facet.FULL
        assert drift() == []  # due, and no drift
        run_jobs()
        assert SalesOrder.objects.get(pk=order.pk).allocation == Facet.PART

    def test_of_nothing_found_moves_nothing(self, house):
        product = house.product([10, 9])
        released(house, (product, 9))
        task = PickTask.objects.get()
        short(house, task, 0, reason=REASON.NONE_LEFT)
        task = PickTask.objects.get(pk=task.pk)
        assert (task.status, task.picked, task.posting_id) == ("SHORT", 0, None)
        assert not StockPosting.objects.filter(kind=StockPosting.Kind.PICK).exists()
        assert {a.status for a in Allocation.objects.filter(pk=task.allocation_id)} == {"FREED"}
        assert drift() == []

    def test_leaves_alone_what_nobody_has_released_yet(self, house):
        product = house.product([2])
        order = released(house, (product, 9))
        house.receive(product, 3)
        inventory_services.allocate_demands(demand_ids=house.demands(order), at=AT)
        firm = Allocation.objects.get(status=Allocation.Status.FIRM)
        short(house, PickTask.objects.get(), 1)
        assert Allocation.objects.get(pk=firm.pk).status == Allocation.Status.FIRM
        assert not PickTask.objects.filter(status=PickTask.Status.PLANNED).exists()

    def test_gives_nothing_new_to_a_line_on_hold(self, house):
        product = house.product([10, 9])
        order = released(house, (product, 5))
        inventory_services.hold_demands(demand_ids=house.demands(order), held=True, at=AT)
        assert short(house, PickTask.objects.get(), 2).waiting == 3

    def test_goes_on_to_be_packed_and_shipped_with_what_there_is(self, house):
        product = house.product([[10, 9]])
        order = released(house, (product, 10))
        short(house, PickTask.objects.get(), 6)
        services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        assert LinePart.objects.get().packed == 6
        services.pick_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        assert (LinePart.objects.get().picked, LinePart.objects.get().packed) == (10, 10)
        assert services.complete_waves(at=AT) == 1
        assert drift() == []

    def test_completes_the_wave_where_it_was_its_last_task(self, house):
        """PRODUCT.md case 62: picked or short, the last task closes the wave, and a done wave gets no task."""
        released(house, (house.product([10, 9]), 10))
        short(house, PickTask.objects.get(), 6)
        assert services.complete_waves(at=AT) == 1
        assert {wave.status for wave in Wave.objects.all()} == {"DONE", "RELEASED"}
        assert services.complete_waves(at=AT) == 0

    def test_returns_what_stands_and_writes_nothing_when_sent_again(self, house):
        released(house, (house.product([[10, 9]]), 10))
        task = PickTask.objects.get()
        short(house, task, 6)
        before = snapshot()
        assert short(house, task, 6).task_id == task.pk
        assert snapshot() == before

    @pytest.mark.parametrize(
        ("found", "said"),
        [
            ("11", "The pick asks for 10, so 11 cannot be picked for it."),
            ("10", "That is all of it: press “Picked”."),
            ("-1", "-1 is no number of units of this."),
            ("0.5", "0.5 is no number of units of this."),
        ],
    )
    def test_refuses_on_the_scan_what_cannot_have_been_found(self, house, found, said):
        """PRODUCT.md case 55."""
        released(house, (house.product([99]), 10))
        before = snapshot()
        assert short(house, PickTask.objects.get(), found).sentence == said
        assert snapshot() == before

    def test_refuses_what_is_picked_already(self, house):
        released(house, (house.product([99]), 10))
        task = PickTask.objects.get()
        services.pick_tasks(task_ids=[task.pk], actor=house.boss, at=AT)
        assert short(house, task, 1).sentence == "This pick is done: all of it lies in the tote."

    def test_asks_for_one_count_of_a_bin_however_often_it_comes_up_short(self, house):
        product = house.product([[10, 9, 9]])
        first, second = released(house, (product, 4)), released(house, (product, 4))
        for order in (first, second):
            short(house, PickTask.objects.get(order=order), 0, reason=REASON.NONE_LEFT)
        assert Count.objects.count() == 1
        assert drift() == []

    def test_does_not_see_another_companys_task(self, house):
        other = House.open()
        released(other, (other.product([9]), 2))
        task = PickTask.objects.get()
        asked = [services.Short(task.pk, Decimal(1), REASON.FEWER)]
        assert services.pick_short(shorts=asked, actor=house.boss, at=AT) == {}
        assert PickTask.objects.get().status == PickTask.Status.PLANNED

    def test_refuses_who_may_not(self, house):
        released(house, (house.product([9]), 2))
        before = snapshot()
        with pytest.raises(NotAllowed):
            short(house, PickTask.objects.get(), 1, actor=person(Role.SHIPPING_CLERK, company=house.company))
        assert snapshot() == before

    def test_tells_the_timeline_and_the_floors_above(self, house):
        order = released(house, (house.product([[10, 3]]), 10))
        task = PickTask.objects.get()
        heard = []
        events.tasks_shorted.connect(receiver := lambda sender, event, **_: heard.append(event))
        try:
            result = short(house, task, 6)
        finally:
            events.tasks_shorted.disconnect(receiver)
        assert heard == [events.TasksShorted((task.pk,), result.new_task_ids, (order.pk,), AT)]
        fact = OrderEvent.objects.get(kind=OrderEvent.Kind.SHORT)
        assert {name: fact.data[name] for name in ("units", "missing", "backordered")} == {
            "units": "6",
            "missing": "4",
            "backordered": "1",
        }

    def test_takes_as_many_statements_for_ten_tasks_as_for_one(self, house):
        products = [house.product([[10, 30]]) for _ in range(11)]
        tasks = [PickTask.objects.get(order=released(house, (product, 4))) for product in products]

        def statements(*members):
            with Statements(house.boss) as told:
                asked = [services.Short(task.pk, Decimal(1), REASON.FEWER) for task in members]
                services.pick_short(shorts=asked, actor=house.boss, at=AT)
            return len(told)

        assert statements(tasks[0]) == statements(*tasks[1:])


class TestCountBin:
    def count(self, house, counted, *, actor=None):
        open_count = Count.objects.get(status=Count.Status.OPEN)
        return services.count_bin(count_id=open_count.pk, counted=Decimal(counted), actor=actor or house.boss, at=AT)

    def short_of(self, house, product, units, found):
        order = released(house, (product, units))
        short(house, PickTask.objects.get(order=order, status=PickTask.Status.PLANNED), found)
        return order

    @pytest.mark.parametrize("counted", [0, 3, 4, 20])
    def test_makes_the_books_say_what_is_there_and_sells_it_again(self, house, counted):
        product = house.product([10])
        self.short_of(house, product, 10, 6)
        done = self.count(house, counted)
        assert (done.status, done.expected, done.counted, done.counted_by) == ("DONE", 4, counted, house.boss)
        stock = BinStock.objects.get(bin=done.bin, product=product)
        assert (stock.quantity, stock.blocked) == (counted, 0)
        level = StockLevel.objects.get(product=product)
        assert (level.sellable, level.blocked, level.staged) == (counted, 0, 6)
        # 10 units at 5: each unit that is gone takes its share of the value, each that was found brings it
        assert level.value == 30 + 5 * counted
        assert drift() == []

    def test_posts_nothing_where_the_books_were_right(self, house):
        self.short_of(house, house.product([10]), 10, 6)
        done = self.count(house, 4)
        assert done.posting_id is None
        assert not StockPosting.objects.filter(kind=StockPosting.Kind.ADJUSTMENT).exists()

    def test_lets_the_promises_wait_that_cannot_be_kept_the_last_due_first(self, house):
        product = house.product([10])
        early, late = house.order((product, 3)), house.order((product, 3))
        self.short_of(house, product, 4, 0)
        done = self.count(house, 4)
        assert drift() == []
        waits = {order.pk: Demand.objects.get(pk__in=house.demands(order)).backordered for order in (early, late)}
        assert waits == {early.pk: 0, late.pk: 2}
        assert done.expected == 10
        run_jobs()
        assert SalesOrder.objects.get(pk=late.pk).allocation == Facet.PART

    def test_refuses_fewer_than_pickers_are_still_to_take(self, house):
        product = house.product([10])
        first, second = released(house, (product, 4)), released(house, (product, 5))
        short(house, PickTask.objects.get(order=first), 0)
        before = snapshot()
        with pytest.raises(inventory_services.NotCountable, match="5 units of this are still to be picked from A-01"):
            self.count(house, 4)
        assert snapshot() == before
        assert PickTask.objects.get(order=second).status == PickTask.Status.PLANNED

    def test_returns_what_stands_and_writes_nothing_when_sent_again(self, house):
        self.short_of(house, house.product([10]), 10, 6)
        done = self.count(house, 3)
        before = snapshot()
        assert services.count_bin(count_id=done.pk, counted=Decimal(9), actor=house.boss, at=AT).counted == 3
        assert snapshot() == before

    def test_refuses_who_may_not(self, house):
        self.short_of(house, house.product([10]), 10, 6)
        before = snapshot()
        with pytest.raises(NotAllowed):
            self.count(house, 3, actor=person(Role.PICKER, company=house.company))
        assert snapshot() == before
