"""The proofs of the warehouse and of shipping: silent on a true ledger, and each heard when its figure is bent."""

from decimal import Decimal

import pytest
from django.db import connection

from orders import services as orders_services
from orders.models import CancelReason
from shipping.audit import CHECKS as SHIPPING
from tests.factories.house import AT, House
from tests.factories.shipping import dispatched
from tests.factories.supply import arrive, sent
from tests.factories.warehouse import packed, picked, released
from warehouse import services
from warehouse.audit import CHECKS as WAREHOUSE
from warehouse.models import Count, PickTask, PutBack

pytestmark = pytest.mark.django_db


def heard(checks):
    """Return the names of the proofs that found drift."""
    return [check.name for check in checks if check.find()[1]]


@pytest.fixture
def house():
    """A company with an order in every stage of the warehouse, and cancelled ones whose goods are put back."""
    house = House.open(warehouses=2)
    for reach in (released, picked, packed, dispatched):
        reach(house, (house.product([[2, 3]]), 5), (house.product([0, 9]), 3))
    # One pick came up short, and the bin was counted; another waits for its count
    for found in (1, 0):
        order = released(house, (house.product([[9]]), 4))
        task = PickTask.objects.get(order=order)
        short = services.Short(task.pk, Decimal(found), PickTask.Reason.FEWER)
        services.pick_short(shorts=[short], actor=house.boss, at=AT)
        if found:
            services.count_bin(count_id=Count.objects.get().pk, counted=Decimal(5), actor=house.boss, at=AT)
    cancelled = [reach(house, (house.product([9]), 4)).pk for reach in (picked, packed)]
    orders_services.cancel_orders(order_ids=cancelled, reason=CancelReason.LATE, actor=house.boss, at=AT)
    first = PutBack.objects.order_by("pk").first()
    services.put_back_goods(put_back_ids=[first.pk], actor=house.boss, at=AT)
    services.complete_waves(at=AT)
    arrive(house, sent(house, (house.product(), 5, 5)), 2)
    return house


def bend(statement):
    """Change rows behind the services' back, past guards and checks, as a fault would."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


WAREHOUSE_BENDS = {
    "reserved in a bin = its open pick tasks": (
        "UPDATE inventory_binstock SET allocated = allocated - 1 WHERE allocated > 1"
    ),
    "picked of a part = what its tasks found and was not recalled": (
        "UPDATE orders_linepart SET picked = picked - 1 WHERE packed < picked"
    ),
    "packed of a part = what closed parcels hold of it": (
        "UPDATE orders_linepart SET packed = packed - 1 WHERE shipped < packed"
    ),
    "a task's goods in closed parcels within what it found and was not recalled": (
        "UPDATE warehouse_parcelcontent SET quantity = quantity + 1"
    ),
    "left to pick of an allocation = its open tasks, and none where it is not released": (
        "UPDATE warehouse_picktask SET quantity = quantity + 1 WHERE status = 'PLANNED'"
    ),
    "moved by a pick's posting = what the tasks that point to it found": (
        "UPDATE warehouse_picktask SET picked = picked - 1 WHERE status = 'PICKED' AND recalled = 0"
    ),
    "done waves have nothing left to pick": (
        "UPDATE warehouse_wave SET status = 'DONE'"
        " WHERE id IN (SELECT wave_id FROM warehouse_picktask WHERE status = 'PLANNED')"
    ),
}
WAREHOUSE_BENDS |= {
    "what is blocked on a shelf is to be counted, or of a blocked lot": (
        "UPDATE inventory_binstock s SET blocked = 1 FROM inventory_bin b"
        " WHERE b.id = s.bin_id AND b.kind = 'PICK' AND s.quantity > s.allocated + s.blocked"
    ),
    "a count's posting = what it found against the books": (
        "UPDATE warehouse_count SET counted = counted + 1 WHERE status = 'DONE'"
    ),
    "recalled of a task = its put-backs": "UPDATE warehouse_picktask SET recalled = recalled - 1 WHERE recalled > 0",
    "moved by a put-back's posting = the put-backs that point to it": (
        "UPDATE warehouse_putback SET quantity = quantity + 1 WHERE status = 'DONE'"
    ),
    "staged of a level = picked and not issued of its allocations, and what is to be put back": (
        "UPDATE warehouse_putback SET quantity = quantity + 1 WHERE status = 'PLANNED'"
    ),
    "received of a supplier order's line, and what of it is inspected = its receipts": (
        "UPDATE inventory_supplierorderline SET received = received + 1"
    ),
    "cost of a receipt = value of what it posted": "UPDATE warehouse_receipt SET posting_id = NULL",
}
SHIPPING_BENDS = {
    "shipped of a part = its shipment lines": "UPDATE orders_linepart SET shipped = shipped - 1 WHERE shipped > 0",
    "a shipment line = the parcel content that left, of the same order, part and parcel": (
        "UPDATE shipping_shipmentline SET quantity = quantity + 1"
    ),
    "delivered of a part = its lines of delivered shipments": (
        "UPDATE orders_linepart SET delivered = delivered + 1 WHERE shipped > 0"
    ),
    "a delivered shipment has its proof, and no other has": "UPDATE shipping_shipment SET status = 'DELIVERED'",
    "issued by a posting (quantity, cost) = the shipment lines that point to it": (
        "UPDATE shipping_shipmentline SET cost = cost + 1"
    ),
    "failed attempts = refused or missed; a lost shipment's units are lost, and what came back is not out": (
        "UPDATE shipping_shipment SET attempts = attempts + 1"
    ),
}


class TestChecks:
    def test_find_no_drift_after_every_verb(self, house):
        for check in [*WAREHOUSE, *SHIPPING]:
            rows, drift = check.find()
            assert drift == [], check.name
            assert rows > 0, check.name

    def test_are_all_bent_below(self):
        assert [check.name for check in WAREHOUSE] == list(WAREHOUSE_BENDS)
        assert [check.name for check in SHIPPING] == list(SHIPPING_BENDS)

    @pytest.mark.parametrize("name", WAREHOUSE_BENDS)
    def test_hear_a_bent_figure_of_the_warehouse(self, house, name):
        bend(WAREHOUSE_BENDS[name])
        assert name in heard(WAREHOUSE)

    @pytest.mark.parametrize("name", SHIPPING_BENDS)
    def test_hear_a_bent_figure_of_shipping(self, house, name):
        bend(SHIPPING_BENDS[name])
        assert name in heard(SHIPPING)

    def test_say_what_is_stored_and_what_is_proved(self, house):
        bend("UPDATE orders_linepart SET shipped = shipped - 1 WHERE shipped = 5")
        [drift] = SHIPPING[0].find()[1]
        assert drift.subject.startswith("part ")
        assert (float(drift.stored), float(drift.proved)) == (4, 5)
