"""Packing: what is picked goes into one parcel per order and warehouse, once."""

from decimal import Decimal

import pytest

from core.refusals import NotAllowed
from core.roles import Role
from orders.models import LinePart, OrderEvent
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.warehouse import Statements, packed, picked, released, snapshot
from warehouse import events, services
from warehouse.models import Parcel, ParcelContent, PickTask

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A company with two warehouses."""
    return House.open(warehouses=2)


def pack(house, *orders, actor=None):
    return services.pack_orders(order_ids=[order.pk for order in orders], actor=actor or house.boss, at=AT)


class TestPackOrders:
    def test_packs_one_parcel_per_order_and_warehouse_with_all_that_is_picked(self, house):
        here, there = house.product([9]), house.product([0, 9])
        first, second = picked(house, (here, 2), (there, 3)), picked(house, (here, 4))
        results = pack(house, first, second)
        parcels = Parcel.objects.order_by("pk")
        assert {(p.order_id, p.warehouse_id) for p in parcels} == {
            (first.pk, house.warehouses[0].pk),
            (first.pk, house.warehouses[1].pk),
            (second.pk, house.warehouses[0].pk),
        }
        assert {(p.status, p.packed_at, p.packed_by) for p in parcels} == {("PACKED", AT, house.boss)}
        assert sorted(results[first.pk].parcel_ids) == [p.pk for p in parcels if p.order_id == first.pk]
        assert [(part.picked, part.packed) for part in LinePart.objects.order_by("pk")] == [(2, 2), (3, 3), (4, 4)]

    def test_weighs_a_parcel_by_its_products(self, house):
        packed(house, (house.product([9]), 2), (house.product([9]), 3))
        assert Parcel.objects.get().weight_g == Decimal(500)
        assert Parcel.objects.get().weight_kg == Decimal("0.5")

    def test_knows_no_weight_where_a_product_has_none(self, house):
        heavy, unknown = house.product([9]), house.product([9])
        unknown.weight_g = None
        unknown.save()
        packed(house, (unknown, 1), (heavy, 1))
        assert Parcel.objects.get().weight_g is None

    def test_packs_later_picks_into_a_later_parcel(self, house):
        order = released(house, (house.product([[2, 3]]), 5))
        first, second = PickTask.objects.order_by("pk")
        for task in (first, second):
            services.pick_tasks(task_ids=[task.pk], actor=house.boss, at=AT)
            pack(house, order)
        contents = ParcelContent.objects.order_by("pk")
        assert [(content.task_id, content.quantity) for content in contents] == [(first.pk, 2), (second.pk, 3)]
        assert Parcel.objects.count() == 2

    def test_returns_what_stands_and_writes_nothing_when_sent_again(self, house):
        order = packed(house, (house.product([9]), 4))
        before = snapshot()
        assert pack(house, order)[order.pk].parcel_ids == (Parcel.objects.get().pk,)
        assert snapshot() == before

    def test_refuses_what_is_not_picked_and_packs_the_others(self, house):
        product = house.product([9])
        early, ready = released(house, (product, 1)), picked(house, (product, 1))
        results = pack(house, early, ready)
        assert results[early.pk].sentence == "Nothing is picked yet."
        assert results[ready.pk].parcel_ids == (Parcel.objects.get().pk,)

    def test_does_not_see_another_companys_order(self, house):
        other = House.open()
        order = picked(other, (other.product([9]), 1))
        assert pack(house, order) == {}
        assert not Parcel.objects.exists()

    def test_refuses_who_may_not(self, house):
        order = picked(house, (house.product([9]), 1))
        before = snapshot()
        with pytest.raises(NotAllowed):
            pack(house, order, actor=person(Role.PICKER, company=house.company))
        assert snapshot() == before

    def test_writes_an_event_per_parcel_and_tells_the_floors_above(self, house):
        order = picked(house, (house.product([9]), 2))
        heard = []
        events.parcels_packed.connect(receiver := lambda sender, event, **_: heard.append(event))
        try:
            pack(house, order)
        finally:
            events.parcels_packed.disconnect(receiver)
        parcel = Parcel.objects.get()
        assert heard == [events.ParcelsPacked((parcel.pk,), (order.pk,), AT)]
        fact = OrderEvent.objects.get(kind=OrderEvent.Kind.PACKED)
        assert (fact.subject_kind, fact.subject_id) == ("parcel", parcel.pk)
        assert fact.data == {"parcel": parcel.number, "units": "2"}

    def test_takes_as_many_statements_for_ten_orders_as_for_one(self, house):
        products = [house.product([50]) for _ in range(3)]
        one, *ten = [picked(house, *((product, 1) for product in products)) for _ in range(11)]
        with Statements(house.boss) as alone:
            pack(house, one)
        with Statements(house.boss) as together:
            pack(house, *ten)
        assert len(alone) == len(together) <= 4
