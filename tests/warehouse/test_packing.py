"""Packing: what is picked goes into parcels, whole or in parts, once; and out of them again until they leave."""

from dataclasses import replace
from decimal import Decimal

import pytest

from core.refusals import NotAllowed, Refused
from core.roles import Role
from orders.models import LinePart, OrderEvent
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.shipping import dispatched
from tests.factories.warehouse import Statements, packed, picked, released, snapshot
from warehouse import events, services
from warehouse.audit import CHECKS
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


def box(order, *units):
    """Return a box of an order with units of its lines, in their order, out of their first warehouse."""
    parts = LinePart.objects.filter(order=order).order_by("line__position")
    task = PickTask.objects.filter(order=order).order_by("pk")[0]
    return services.Box(
        order.pk, task.bin.warehouse_id, {part.pk: Decimal(n) for part, n in zip(parts, units, strict=True)}
    )


def pack_into(house, *boxes, actor=None):
    return services.pack_parcels(boxes=boxes, actor=actor or house.boss, at=AT)


class TestPackParcels:
    def test_packs_what_each_box_says_and_leaves_the_rest_in_the_totes(self, house):
        order = picked(house, (house.product([9]), 4), (house.product([9]), 5))
        result = pack_into(house, box(order, 1, 0), box(order, 2, 5))[order.pk]
        assert len(result.parcel_ids) == 2
        held = ParcelContent.objects.order_by("parcel_id", "part_id").values_list("parcel_id", "quantity")
        first, second = result.parcel_ids
        assert list(held) == [(first, 1), (second, 2), (second, 5)]
        assert [part.packed for part in LinePart.objects.order_by("pk")] == [3, 5]
        assert Parcel.objects.get(pk=first).weight_g == 100

    def test_weighs_what_the_scale_says_where_somebody_weighed(self, house):
        order = picked(house, (house.product([9]), 4))
        asked = replace(box(order, 4), weight_g=Decimal("812.5"))
        (parcel_id,) = pack_into(house, asked)[order.pk].parcel_ids
        assert Parcel.objects.get(pk=parcel_id).weight_g == Decimal("812.5")

    def test_takes_from_one_task_after_the_other(self, house):
        order = picked(house, (house.product([[2, 3]]), 5))
        first, second = PickTask.objects.order_by("pk")
        pack_into(house, box(order, 3))
        pack_into(house, box(order, 2))
        contents = ParcelContent.objects.order_by("pk").values_list("task_id", "quantity")
        assert list(contents) == [(first.pk, 2), (second.pk, 1), (second.pk, 2)]

    def test_leaves_the_rest_to_be_packed_whole(self, house):
        order = picked(house, (house.product([9]), 4))
        pack_into(house, box(order, 1))
        pack(house, order)
        assert [content.quantity for content in ParcelContent.objects.order_by("pk")] == [1, 3]
        assert LinePart.objects.get().packed == 4

    def test_refuses_more_than_is_in_the_totes_and_packs_other_orders(self, house):
        """PRODUCT.md case 20: the refusal names the quantity."""
        product = house.product([9])
        greedy, modest = picked(house, (product, 2)), picked(house, (product, 3))
        results = pack_into(house, box(greedy, 3), box(modest, 1))
        assert results[greedy.pk].code == "nothing_to_pack"
        assert "3 units were to go into the parcel, and 2 of them" in results[greedy.pk].sentence
        assert results[modest.pk].parcel_ids == (Parcel.objects.get().pk,)

    def test_refuses_two_boxes_that_want_the_same_units(self, house):
        order = picked(house, (house.product([9]), 4))
        before = snapshot()
        assert isinstance(pack_into(house, box(order, 3), box(order, 2))[order.pk], Refused)
        assert snapshot() == before

    def test_refuses_an_empty_box(self, house):
        order = picked(house, (house.product([9]), 4))
        assert pack_into(house, box(order, 0))[order.pk].sentence.startswith("Nothing was put into the parcel")
        assert not Parcel.objects.exists()

    def test_does_not_see_another_companys_order(self, house):
        other = House.open()
        order = picked(other, (other.product([9]), 1))
        assert isinstance(pack_into(house, box(order, 1))[order.pk], Refused)
        assert not Parcel.objects.exists()

    def test_refuses_who_may_not(self, house):
        order = picked(house, (house.product([9]), 1))
        with pytest.raises(NotAllowed):
            pack_into(house, box(order, 1), actor=person(Role.PICKER, company=house.company))
        assert not Parcel.objects.exists()


def unpack(house, *parcels, actor=None):
    return services.unpack_parcels(parcel_ids=[p.pk for p in parcels], actor=actor or house.boss, at=AT)


class TestUnpackParcels:
    def test_brings_the_goods_back_to_be_packed_anew(self, house):
        order = packed(house, (house.product([9]), 4))
        parcel = Parcel.objects.get()
        assert unpack(house, parcel)[parcel.pk].parcel_id == parcel.pk
        assert Parcel.objects.get().status == Parcel.Status.UNPACKED
        assert LinePart.objects.get().packed == 0
        pack_into(house, box(order, 3))
        pack(house, order)
        assert LinePart.objects.get().packed == 4
        assert [p.status for p in Parcel.objects.order_by("pk")] == ["UNPACKED", "PACKED", "PACKED"]
        assert not [check.name for check in CHECKS if check.find()[1]]

    def test_returns_what_stands_and_writes_nothing_when_sent_again(self, house):
        packed(house, (house.product([9]), 4))
        parcel = Parcel.objects.get()
        unpack(house, parcel)
        before = snapshot()
        assert unpack(house, parcel)[parcel.pk].parcel_id == parcel.pk
        assert snapshot() == before

    def test_refuses_what_has_left_the_house(self, house):
        dispatched(house, (house.product([9]), 4))
        parcel = Parcel.objects.get()
        before = snapshot()
        assert unpack(house, parcel)[parcel.pk].sentence == f"{parcel.number} has left the house."
        assert snapshot() == before

    def test_does_not_see_another_companys_parcel(self, house):
        other = House.open()
        packed(other, (other.product([9]), 1))
        assert unpack(house, Parcel.objects.get()) == {}

    def test_refuses_who_may_not(self, house):
        packed(house, (house.product([9]), 1))
        before = snapshot()
        with pytest.raises(NotAllowed):
            unpack(house, Parcel.objects.get(), actor=person(Role.PICKER, company=house.company))
        assert snapshot() == before

    def test_tells_the_timeline_and_the_floors_above(self, house):
        order = packed(house, (house.product([9]), 4))
        parcel = Parcel.objects.get()
        heard = []
        events.parcels_unpacked.connect(receiver := lambda sender, event, **_: heard.append(event))
        try:
            unpack(house, parcel)
        finally:
            events.parcels_unpacked.disconnect(receiver)
        assert heard == [events.ParcelsUnpacked((parcel.pk,), (order.pk,), AT)]
        fact = OrderEvent.objects.get(kind=OrderEvent.Kind.UNPACKED)
        assert (fact.subject_id, fact.data) == (parcel.pk, {"parcel": parcel.number, "units": "4"})

    def test_takes_as_many_statements_for_ten_parcels_as_for_one(self, house):
        product = house.product([99])
        one, *ten = [packed(house, (product, 1)) for _ in range(11)]
        parcels = {parcel.order_id: parcel for parcel in Parcel.objects.all()}
        with Statements(house.boss) as alone:
            unpack(house, parcels[one.pk])
        with Statements(house.boss) as together:
            unpack(house, *(parcels[order.pk] for order in ten))
        assert len(alone) == len(together)
