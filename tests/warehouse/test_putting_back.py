"""Putting back: what one scan or press does, and what it refuses."""

import pytest
from django.db import transaction

from core.refusals import Blocked, NotAllowed
from core.roles import Role
from inventory import services as inventory_services
from inventory.models import BinStock, StockLevel, StockMove
from orders import services as orders_services
from orders.models import CancelReason, OrderEvent
from tests.factories.core import person, signed_in
from tests.factories.house import AT, House
from tests.factories.proof import drift
from tests.factories.warehouse import Statements, picked, snapshot
from warehouse import services
from warehouse.models import PutBack

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A company with one warehouse; whatever a test does to it must be provable afterwards."""
    house = House.open()
    yield house
    assert drift() == []


def to_put_back(house, count=1):
    """Pick orders of four units each and cancel them."""
    orders = [picked(house, (house.product([9]), 4)).pk for _ in range(count)]
    orders_services.cancel_orders(order_ids=orders, reason=CancelReason.LATE, actor=house.boss, at=AT)
    return list(PutBack.objects.order_by("pk"))


def put_back(house, *rows, actor=None, **options):
    ids = [row.pk for row in rows]
    return services.put_back_goods(put_back_ids=ids, actor=actor or house.boss, at=AT, **options)


class TestPutBackGoods:
    def test_makes_them_sellable_where_they_were_and_tells_the_order(self, house):
        (row,) = to_put_back(house)
        put_back(house, row)
        level = StockLevel.objects.get()
        assert (level.sellable, level.staged) == (9, 0)
        assert BinStock.objects.get(bin=row.bin).quantity == 9
        row = PutBack.objects.get()
        assert (row.status, row.done_by, row.done_at) == ("DONE", house.boss, AT)
        event = OrderEvent.objects.get(kind="PUT_BACK")
        assert (event.order_id, event.data) == (row.order_id, {"units": "4"})

    def test_goes_to_the_shelf_that_was_scanned(self, house):
        (row,) = to_put_back(house)
        other = house.shelves[house.warehouses[0].pk][2]
        put_back(house, row, bin_code=other.code.lower())
        assert BinStock.objects.get(bin=other).quantity == 4

    @pytest.mark.parametrize("code", ["NOWHERE", "TOTE"])
    def test_refuses_a_code_of_no_shelf(self, house, code):
        (row,) = to_put_back(house)
        before = snapshot()
        assert isinstance(put_back(house, row, bin_code=code)[row.pk], Blocked)
        assert snapshot() == before

    def test_happens_once(self, house):
        (row,) = to_put_back(house)
        put_back(house, row)
        moves = StockMove.objects.count()
        assert put_back(house, row)[row.pk].status == "DONE"
        assert StockMove.objects.count() == moves

    def test_is_for_pickers(self, house):
        (row,) = to_put_back(house)
        before = snapshot()
        with pytest.raises(NotAllowed), transaction.atomic():
            put_back(house, row, actor=person(Role.SALES_ADMIN, company=house.company))
        assert snapshot() == before

    def test_is_refused_where_the_tote_does_not_hold_them(self, house):
        (row,) = to_put_back(house)
        BinStock.objects.filter(bin=row.tote).update(quantity=1)
        with pytest.raises(inventory_services.StockMoved), transaction.atomic():
            put_back(house, row)
        BinStock.objects.filter(bin=row.tote).update(quantity=4)

    def test_takes_as_many_statements_for_five_as_for_one(self, house):
        counts = []
        for number in (1, 5):
            rows = to_put_back(house, number)[-number:]
            with Statements(house.boss) as statements:
                put_back(house, *rows)
            counts.append(len(statements))
        assert counts[0] == counts[1]

    def test_gives_the_goods_to_the_next_order(self, house):
        (row,) = to_put_back(house)
        put_back(house, row)
        assert house.order((row.product, 9)).allocation == "FULL"


class TestPages:
    @pytest.fixture
    def picker(self, house):
        return signed_in(person(Role.PICKER, company=house.company))

    def test_walk_from_one_to_the_next(self, house, picker):
        first, second = to_put_back(house, 2)
        page = picker.get("/warehouse/put-backs/walk/").content.decode()
        assert first.product.sku in page
        assert "2 to put back" in page
        fragment = picker.post(f"/warehouse/put-backs/{first.pk}/done/", headers={"HX-Request": "true"})
        assert second.product.sku in fragment.content.decode()
        assert "<html" not in fragment.content.decode()
        last = picker.post(f"/warehouse/put-backs/{second.pk}/done/", follow=True)
        assert "Everything is back" in last.content.decode()

    def test_say_that_a_scanned_code_is_no_shelf(self, house, picker):
        (row,) = to_put_back(house)
        answer = picker.post(f"/warehouse/put-backs/{row.pk}/done/", {"bin": "NOWHERE"})
        assert answer.status_code == 409
        assert "No shelf here is called NOWHERE" in answer.content.decode()

    def test_put_several_back_at_once(self, house, picker):
        rows = to_put_back(house, 3)
        assert picker.post("/warehouse/put-backs/done/", {"id": [row.pk for row in rows]}).status_code == 302
        assert set(PutBack.objects.values_list("status", flat=True)) == {"DONE"}
        assert "Put back" in picker.get("/warehouse/put-backs/", {"tab": "done"}).content.decode()
