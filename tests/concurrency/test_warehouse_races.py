"""Two people at once in the warehouse and at the dock: one effect; without its lock each race is seen to go wrong."""

import time
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection

from core import registry
from inventory.models import BinStock, Demand, StockMove, StockPosting
from orders import services as orders_services
from orders.models import LinePart, SalesOrder
from shipping import services as shipping_services
from shipping.models import Shipment
from tests.factories.house import AT, House
from tests.factories.warehouse import packed, picked, released
from tests.race import race
from tests.unlocked import take_locks_away
from warehouse import services, sql
from warehouse.models import Count, Parcel, ParcelContent, PickTask, Wave
from warehouse.services import picking, shorting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house():
    """A company with a warehouse, whose people's roles are read already: threads share the person."""
    house = House.open()
    assert house.boss.verbs
    return house


def pick(house, *tasks):
    return services.pick_tasks(task_ids=[task.pk for task in tasks], actor=house.boss, at=AT)


def pack(house, order):
    return services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]


def dispatch(house, order):
    return shipping_services.dispatch_orders(
        order_ids=[order.pk], carrier="Van", tracking_number="", actor=house.boss, at=AT
    )[order.pk]


def pack_some(house, order, units):
    box = services.Box(order.pk, house.warehouses[0].pk, {LinePart.objects.get(order=order).pk: Decimal(units)})
    return services.pack_parcels(boxes=[box], actor=house.boss, at=AT)[order.pk]


def pick_short(house, task, found):
    return pick_short_all(house, [task], found)[task.pk]


def pick_short_all(house, tasks, found):
    shorts = [services.Short(task.pk, Decimal(found), PickTask.Reason.FEWER) for task in tasks]
    return services.pick_short(shorts=shorts, actor=house.boss, at=AT)


def count_five(house):
    return services.count_bin(count_id=Count.objects.get().pk, counted=Decimal(5), actor=house.boss, at=AT)


def unpack(house, parcel):
    return services.unpack_parcels(parcel_ids=[parcel.pk], actor=house.boss, at=AT)[parcel.pk]


def deliver(house, shipment):
    return shipping_services.deliver_shipments(
        shipment_ids=[shipment.pk], received_by="", received_at=AT, actor=house.boss, at=AT
    )[shipment.pk]


def release(house, order):
    return services.release_orders(order_ids=[order.pk], actor=house.boss, at=AT)[order.pk]


def failures(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def moves(kind):
    return StockMove.objects.filter(posting__kind=kind).count()


def without_locks(statement):
    """Return a statement that reads the same and holds nothing."""
    for clause in ("FOR NO KEY UPDATE OF t", "FOR NO KEY UPDATE OF p", "FOR NO KEY UPDATE"):
        statement = statement.replace(clause, "")
    return statement


class TestRelease:
    def test_of_one_order_twice_makes_its_tasks_once(self, house):
        order = house.order((house.product([9]), 4))
        outcomes = race(*[partial(release, house, order)] * 2)
        assert failures(outcomes) == []
        assert {outcome.task_ids for outcome in outcomes} == {(PickTask.objects.get().pk,)}
        assert Wave.objects.count() == 1

    def test_of_the_same_shelf_by_two_orders_reserves_both(self, house):
        product = house.product([9])
        orders = [house.order((product, 4)), house.order((product, 5))]
        assert failures(race(*(partial(release, house, order) for order in orders))) == []
        assert sorted(task.quantity for task in PickTask.objects.all()) == [4, 5]

    def test_of_one_order_goes_wrong_without_its_locks(self, house, monkeypatch):
        """The control: both find the same stock promised, and only the constraint on open tasks stops the second."""
        order = house.order((house.product([9]), 4))
        take_locks_away(monkeypatch, SalesOrder, Demand)
        (refused,) = failures(race(*[partial(release, house, order)] * 2))
        assert "picktask_one_open_per_allocation_bin_and_lot" in str(refused)

    @pytest.mark.parametrize("is_locked", [True, False])
    def test_of_shelves_that_hold_one_order_each_goes_wrong_without_their_locks(self, house, monkeypatch, is_locked):
        """The control: both choose the first shelf, and only the constraint on it stops the second."""
        product = house.product([[5, 5]])
        orders = [house.order((product, 4)) for _ in range(2)]
        if not is_locked:
            take_locks_away(monkeypatch, BinStock)
        outcomes = race(*(partial(release, house, order) for order in orders))
        if is_locked:
            assert failures(outcomes) == []
            assert PickTask.objects.values("bin").distinct().count() == 2
        else:
            (failure,) = failures(outcomes)
            assert "binstock_allocated_and_blocked_within_quantity" in str(failure)


class TestPick:
    def test_of_one_task_twice_moves_the_goods_once(self, house):
        released(house, (house.product([9]), 4))
        task = PickTask.objects.get()
        outcomes = race(*[partial(pick, house, task)] * 2)
        assert failures(outcomes) == []
        assert all(outcome[task.pk].task_ids == (task.pk,) for outcome in outcomes)
        assert moves(StockPosting.Kind.PICK) == 1
        assert LinePart.objects.get().picked == 4

    def test_goes_wrong_without_its_lock(self, house, monkeypatch):
        """The control: both read the task as planned, and only the last net, inventory's, stops the second move."""
        read = picking.locked_tasks

        def read_slowly(statement, ids, actor):
            found = read(without_locks(statement), ids, actor)
            read(statement, [0], actor)  # the watch over the order of locks sees one, and no row is held
            time.sleep(0.3)
            return found

        monkeypatch.setattr(picking, "locked_tasks", read_slowly)
        released(house, (house.product([9]), 4))
        outcomes = race(*[partial(pick, house, PickTask.objects.get())] * 2)
        assert len(failures(outcomes)) == 1

    def test_of_both_halves_of_a_part_counts_both_and_the_wave_is_done_once(self, house):
        """PRODUCT.md case 62: parallel picks of the last lines, then the wave is done exactly once."""
        released(house, (house.product([[2, 3]]), 5))
        outcomes = race(*(partial(pick, house, task) for task in PickTask.objects.all()))
        assert failures(outcomes) == []
        assert LinePart.objects.get().picked == 5
        closed = race(*[partial(services.complete_waves, at=AT)] * 3)
        assert failures(closed) == []
        assert sum(closed) == 1
        assert Wave.objects.get().status == Wave.Status.DONE

    def test_of_tasks_in_opposite_orders_does_not_deadlock(self, house):
        """The statement takes the parts first and each kind of row by key, whatever order was asked for."""
        products = [house.product([9]) for _ in range(4)]
        released(house, *((product, 1) for product in products))
        tasks = list(PickTask.objects.order_by("pk"))
        assert failures(race(partial(pick, house, *tasks), partial(pick, house, *reversed(tasks)))) == []
        assert moves(StockPosting.Kind.PICK) == 4

    def test_takes_the_parts_before_it_reads_the_first_task(self, house):
        """The shape of the plan: a condition that is evaluated once, above every read of a task."""
        released(house, (house.product([9]), 4))
        with connection.cursor() as cursor:
            scope = [[PickTask.objects.get().pk], [house.company.pk]]
            cursor.execute(f"EXPLAIN {sql.LOCK_TASKS}", [*scope, *scope])
            plan = [line.strip() for (line,) in cursor.fetchall()]
        gate = next(number for number, line in enumerate(plan) if line.startswith("One-Time Filter"))
        assert [line for line in plan[gate:] if "warehouse_picktask" in line]
        assert not [line for line in plan[:gate] if "on warehouse_picktask t" in line]

    def test_closing_a_wave_goes_wrong_without_its_lock(self, house, monkeypatch):
        picked(house, (house.product([9]), 4))
        take_locks_away(monkeypatch, Wave)
        assert len(failures(race(*[partial(services.complete_waves, at=AT)] * 2))) == 1


class TestPickShort:
    def test_of_one_task_twice_seeks_the_rest_once(self, house):
        released(house, (house.product([[9, 9]]), 4))
        task = PickTask.objects.get()
        outcomes = race(*[partial(pick_short, house, task, 1)] * 2)
        assert failures(outcomes) == []
        assert (LinePart.objects.get().picked, PickTask.objects.count(), Count.objects.count()) == (1, 2, 1)
        assert moves(StockPosting.Kind.PICK) == 1

    def test_beside_the_pick_of_the_same_task_has_one_winner(self, house):
        """Two pickers at one task: it is picked, or it is short, and the goods move once."""
        released(house, (house.product([[9, 9]]), 4))
        task = PickTask.objects.get()
        race(partial(pick, house, task), partial(pick_short, house, task, 1))
        status = PickTask.objects.get(pk=task.pk).status
        assert LinePart.objects.get().picked == (4 if status == PickTask.Status.PICKED else 1)
        assert moves(StockPosting.Kind.PICK) == 1

    def test_goes_wrong_without_its_lock(self, house, monkeypatch):
        """The control: both find the task planned, and only inventory's guard stops the second move."""
        read = picking.locked_tasks

        def read_slowly(statement, ids, actor):
            found = read(without_locks(statement), ids, actor)
            read(statement, [0], actor)  # the watch over the order of locks sees one, and no row is held
            time.sleep(0.3)
            return found

        monkeypatch.setattr(shorting, "locked_tasks", read_slowly)
        released(house, (house.product([[9, 9]]), 4))
        outcomes = race(*[partial(pick_short, house, PickTask.objects.get(), 1)] * 2)
        assert len(failures(outcomes)) == 1

    def test_of_shelves_of_two_warehouses_crosswise_does_not_deadlock(self, house):
        """Each takes all that it may lock in the one order before it changes the first of it."""
        house.warehouse("Site 2")
        products = [house.product([[9], [9]]) for _ in range(2)]
        orders = [released(house, *((product, 2) for product in products)) for _ in range(2)]
        tasks = [list(PickTask.objects.filter(order=order).order_by("pk")) for order in orders]
        asked = [tasks[0], list(reversed(tasks[1]))]
        assert failures(race(*(partial(pick_short_all, house, members, 1) for members in asked))) == []

    def test_of_the_last_two_tasks_completes_the_wave_once(self, house):
        """PRODUCT.md case 62: one picked, one short with nothing to be had elsewhere, and jobs all the while."""
        released(house, (house.product([2]), 2), (house.product([3]), 3))
        first, second = PickTask.objects.order_by("pk")
        done = race(
            partial(pick, house, first),
            partial(pick_short, house, second, 1),
            *[partial(services.complete_waves, at=AT)] * 3,
        )
        assert [outcome for outcome in done if isinstance(outcome, Exception)] == []
        closed = race(*[partial(services.complete_waves, at=AT)] * 3)
        assert sum(done[2:]) + sum(closed) == 1
        assert Wave.objects.get().status == Wave.Status.DONE

    def test_never_adds_a_task_to_a_done_wave(self, house):
        """The short pick of the last task and the jobs that close waves, side by side."""
        for _ in range(5):
            order = released(house, (house.product([[9, 9]]), 4))
            task = PickTask.objects.get(order=order)
            race(partial(pick_short, house, task, 1), *[partial(services.complete_waves, at=AT)] * 2)
            rest = PickTask.objects.get(order=order, status=PickTask.Status.PLANNED)
            assert rest.wave_id == task.wave_id
            assert Wave.objects.get(pk=task.wave_id).status != Wave.Status.DONE

    def test_beside_the_count_of_its_bin_leaves_the_books_true(self, house):
        product = house.product([[9, 9]])
        first, second = released(house, (product, 2)), released(house, (product, 2))
        pick_short(house, PickTask.objects.get(order=first), 0)
        task = PickTask.objects.get(order=second)
        count = partial(count_five, house)
        assert failures(race(partial(pick_short, house, task, 1), count)) == []
        assert not [check.name for check in registry.audit_checks if check.find()[1]]


class TestCount:
    def test_entered_twice_adjusts_once(self, house):
        released(house, (house.product([9]), 4))
        pick_short(house, PickTask.objects.get(), 1)
        count = partial(count_five, house)
        assert failures(race(count, count)) == []
        assert moves(StockPosting.Kind.ADJUSTMENT) == 1

    def test_goes_wrong_without_its_lock(self, house, monkeypatch):
        """The control: both find it open, and only the guard on its state stops the second."""
        released(house, (house.product([9]), 4))
        pick_short(house, PickTask.objects.get(), 1)
        take_locks_away(monkeypatch, Count)
        count = partial(count_five, house)
        assert len(failures(race(count, count))) == 1


class TestPack:
    def test_of_one_order_twice_makes_one_parcel(self, house):
        order = picked(house, (house.product([9]), 4))
        outcomes = race(*[partial(pack, house, order)] * 2)
        assert failures(outcomes) == []
        assert {outcome.parcel_ids for outcome in outcomes} == {(Parcel.objects.get().pk,)}
        assert LinePart.objects.get().packed == 4

    def test_goes_wrong_without_its_lock(self, house, monkeypatch):
        """The control: both see the goods unpacked, and only the check on the part stops the second parcel."""
        read = without_locks(sql.LOCK_UNPACKED)
        slow = f"WITH found AS MATERIALIZED ({read}) SELECT found.* FROM found, (SELECT pg_sleep(0.3)) AS slowly"
        monkeypatch.setattr(sql, "LOCK_UNPACKED", slow)
        order = picked(house, (house.product([9]), 4))
        assert len(failures(race(*[partial(pack, house, order)] * 2))) == 1

    def test_goes_wrong_without_reading_again_what_changed_while_it_waited(self, house, monkeypatch):
        """The control of `is_current`: what the waiting statement saw of the parcels is from before the other one."""
        stale = sql.LOCK_UNPACKED.replace("s.xmin = p.xmin AS is_current", "TRUE AS is_current")
        assert stale != sql.LOCK_UNPACKED
        monkeypatch.setattr(sql, "LOCK_UNPACKED", stale)
        order = picked(house, (house.product([9]), 4))
        note = orders_services.note_packed
        monkeypatch.setattr(orders_services, "note_packed", lambda **packed: (time.sleep(0.3), note(**packed)))
        assert len(failures(race(*[partial(pack, house, order)] * 2))) == 1

    def test_beside_the_last_pick_packs_every_unit_once(self, house):
        order = released(house, (house.product([[2, 3]]), 5))
        first, second = PickTask.objects.order_by("pk")
        pick(house, first)
        assert failures(race(partial(pick, house, second), partial(pack, house, order))) == []
        pack(house, order)
        assert {content.task_id: content.quantity for content in ParcelContent.objects.all()} == {
            first.pk: 2,
            second.pk: 3,
        }
        assert LinePart.objects.get().packed == 5


class TestPackParcels:
    def test_of_more_than_there_is_by_two_packs_what_one_asked_for(self, house):
        """Two packers take 3 of 4 each: one gets them, the other hears that they are gone."""
        order = picked(house, (house.product([9]), 4))
        outcomes = race(*[partial(pack_some, house, order, 3)] * 2)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NothingToPack", "Packed"]
        assert LinePart.objects.get().packed == 3

    def test_goes_wrong_without_its_lock(self, house, monkeypatch):
        """The control: both take the same units, and only the check on the part stops the second parcel."""
        read = without_locks(sql.LOCK_UNPACKED)
        slow = f"WITH found AS MATERIALIZED ({read}) SELECT found.* FROM found, (SELECT pg_sleep(0.3)) AS slowly"
        monkeypatch.setattr(sql, "LOCK_UNPACKED", slow)
        order = picked(house, (house.product([9]), 4))
        assert len(failures(race(*[partial(pack_some, house, order, 3)] * 2))) == 1

    def test_beside_opening_a_parcel_packs_every_unit_once(self, house):
        order = packed(house, (house.product([9]), 4))
        parcel = Parcel.objects.get()
        opened, _packed = race(partial(unpack, house, parcel), partial(pack, house, order))
        assert failures([opened]) == []  # packing may come too early and find nothing; then it is asked once more
        pack(house, order)
        assert LinePart.objects.get().packed == 4
        assert ParcelContent.objects.filter(parcel__status=Parcel.Status.PACKED).count() == 1


class TestUnpack:
    def test_of_one_parcel_twice_opens_it_once(self, house):
        packed(house, (house.product([9]), 4))
        parcel = Parcel.objects.get()
        outcomes = race(*[partial(unpack, house, parcel)] * 2)
        assert failures(outcomes) == []
        assert LinePart.objects.get().packed == 0

    def test_beside_its_dispatch_has_one_winner(self, house):
        order = packed(house, (house.product([9]), 4))
        parcel = Parcel.objects.get()
        outcomes = race(partial(unpack, house, parcel), partial(dispatch, house, order))
        (loser,) = failures(outcomes)
        assert loser.blockers[0].code in {"parcel_left", "not_packed"}
        part = LinePart.objects.get()
        assert (part.packed, part.shipped) == ((0, 0) if loser is outcomes[1] else (4, 4))

    def test_goes_wrong_without_the_lock_of_the_order(self, house, monkeypatch):
        """The control: the parcel is at the dock when it is opened, and has left when that is written."""
        order = packed(house, (house.product([9]), 4))
        take_locks_away(monkeypatch, SalesOrder)
        outcomes = race(partial(unpack, house, Parcel.objects.get()), partial(dispatch, house, order))
        assert len(failures(outcomes)) == 1


class TestDeliver:
    def test_of_one_shipment_twice_counts_it_once(self, house):
        dispatch(house, packed(house, (house.product([9]), 4)))
        shipment = Shipment.objects.get()
        outcomes = race(*[partial(deliver, house, shipment)] * 2)
        assert failures(outcomes) == []
        assert LinePart.objects.get().delivered == 4

    def test_goes_wrong_without_the_lock_of_the_order(self, house, monkeypatch):
        """The control: both read it as on its way, and only the check on the part stops the second."""
        dispatch(house, packed(house, (house.product([9]), 4)))
        take_locks_away(monkeypatch, SalesOrder)
        assert len(failures(race(*[partial(deliver, house, Shipment.objects.get())] * 2))) == 1


class TestDispatch:
    def test_of_one_order_twice_makes_one_shipment_and_one_stock_row(self, house):
        """PRODUCT.md case 68."""
        order = packed(house, (house.product([9]), 4))
        outcomes = race(*[partial(dispatch, house, order)] * 2)
        assert failures(outcomes) == []
        assert {outcome.shipment_ids for outcome in outcomes} == {(Shipment.objects.get().pk,)}
        assert moves(StockPosting.Kind.ISSUE) == 1

    def test_goes_wrong_without_the_lock_of_the_order(self, house, monkeypatch):
        order = packed(house, (house.product([9]), 4))
        take_locks_away(monkeypatch, SalesOrder, pause=1)
        assert len(failures(race(*[partial(dispatch, house, order)] * 2))) == 1

    def test_of_the_same_parcel_by_two_makes_one_shipment(self, house):
        packed(house, (house.product([9]), 4))
        parcel = Parcel.objects.get()
        send = partial(
            shipping_services.dispatch_parcels,
            parcel_ids=[parcel.pk],
            consignment=shipping_services.Consignment("Van"),
            actor=house.boss,
            at=AT,
        )
        outcomes = race(send, send)
        assert failures(outcomes) == []
        assert {outcome[parcel.order_id].shipment_ids for outcome in outcomes} == {(Shipment.objects.get().pk,)}
        assert moves(StockPosting.Kind.ISSUE) == 1

    def test_of_many_orders_with_the_same_products_goes_through(self, house):
        """PRODUCT.md case 63: parallel dispatches all pass; nothing that they need is held by another for long."""
        products = [house.product([99]) for _ in range(3)]
        orders = [packed(house, *((product, 1) for product in products)) for _ in range(10)]
        assert failures(race(*(partial(dispatch, house, order) for order in orders))) == []
        assert Shipment.objects.count() == 10
        assert moves(StockPosting.Kind.ISSUE) == 30
