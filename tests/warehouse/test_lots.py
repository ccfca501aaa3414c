"""Lots on the floor: goods keep their lot wherever they go, and what has expired goes nowhere."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import reverse

from core.refusals import Blocked, Refused
from core.registry import audit_checks
from inventory import services as inventory_services
from inventory.models import BinStock, Demand, KitComponent, Lot, StockLevel, StockMove
from orders import services as orders_services
from orders.models import CancelReason, LinePart, OrderEvent
from tests.factories.core import signed_in
from tests.factories.house import AT, TODAY, House
from tests.factories.returns import decided
from tests.factories.shipping import dispatched
from tests.factories.supply import lines, sent
from tests.factories.warehouse import picked, released
from warehouse import queries, services
from warehouse.models import Count, PickTask, PutBack, ReceiptLine

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    return House.open()


def in_days(days):
    return TODAY + timedelta(days=days)


def milk(house, *lots):
    """Return a product with lots, each on the next shelf: code, units, days that it is good for."""
    product = house.product(tracking="LOT")
    for shelf, (code, units, days) in zip(house.shelves[house.warehouses[0].pk], lots, strict=False):
        house.receive(product, units, lot=code, good_until=in_days(days), shelf=shelf)
    return product


def drift():
    found = {check.name: check.find()[1] for check in audit_checks}
    return {name: rows for name, rows in found.items() if rows}


def there(product, kind="PICK"):
    """Return what lies in bins of a kind: lot, units, and how many are blocked."""
    rows = BinStock.objects.filter(product=product, bin__kind=kind, quantity__gt=0).order_by("lot__code", "pk")
    found = rows.values_list("lot__code", "quantity", "blocked")
    return [(code, int(units), int(blocked)) for code, units, blocked in found]


def promised(order):
    demand = Demand.objects.get(pk=LinePart.objects.get(order=order).demand_id)
    return int(demand.allocated), int(demand.backordered)


def pick(order, house, at=AT, **scan):
    task = PickTask.objects.filter(order=order, status="PLANNED").earliest("pk")
    return services.pick_tasks(task_ids=[task.pk], actor=house.boss, at=at, **scan)[task.pk]


class TestTheWayOfALot:
    def test_from_the_shelf_to_the_customer_and_back_on_the_shelf(self, house):
        product = milk(house, ("A", 3, 5), ("B", 9, 50))
        order = dispatched(house, (product, 5))
        left = StockMove.objects.filter(to_place="CUSTOMER").order_by("lot__code")
        assert list(left.values_list("lot__code", "quantity")) == [("A", 3), ("B", 2)]
        assert there(product) == [("B", 7, 0)]

        decided(house, order, {product: 5})

        assert there(product) == [("A", 3, 0), ("B", 9, 0)]
        assert drift() == {}

    def test_a_supplier_brings_lots_to_whom_they_last_for(self, house):
        product = house.product(tracking="LOT")
        house.customer.good_for_days = 30
        house.customer.save()
        picky = house.order((product, 4))
        house.customer.good_for_days = 0
        house.customer.save()
        easy = house.order((product, 4))
        order = sent(house, (product, 8, 5))
        (line,) = lines(order)
        shelf = house.shelves[house.warehouses[0].pk][0]

        services.receive_goods(
            order_id=order.pk,
            arrivals=[
                inventory_services.Arrival(
                    line.pk, shelf.pk, Decimal(units), lot=inventory_services.LotName(code, in_days(days))
                )
                for code, units, days in (("OLD", 5, 10), ("NEW", 3, 90))
            ],
            delivery_note="",
            actor=house.boss,
            at=AT,
        )

        assert (promised(picky), promised(easy)) == ((3, 1), (4, 0))
        assert list(ReceiptLine.objects.values_list("lot__code", "quantity")) == [("OLD", 5), ("NEW", 3)]
        assert drift() == {}

    def test_what_lost_its_order_goes_back_as_its_lot(self, house):
        product = milk(house, ("A", 3, 5), ("B", 9, 50))
        order = picked(house, (product, 5))
        orders_services.cancel_orders(order_ids=[order.pk], reason=CancelReason.LATE, actor=house.boss, at=AT)
        services.put_back_goods(
            put_back_ids=list(PutBack.objects.values_list("pk", flat=True)), actor=house.boss, at=AT
        )
        assert there(product) == [("A", 3, 0), ("B", 9, 0)]
        assert drift() == {}


class TestShort:
    def test_the_rest_comes_from_the_next_lot_and_the_first_is_counted(self, house):
        product = milk(house, ("A", 9, 5), ("B", 9, 50))
        order = released(house, (product, 6))
        task = PickTask.objects.get(order=order)
        short = services.Short(task.pk, Decimal(2), PickTask.Reason.FEWER)
        done = services.pick_short(shorts=[short], actor=house.boss, at=AT)[task.pk]
        (more,) = PickTask.objects.filter(pk__in=done.new_task_ids)
        assert (more.lot.code, more.quantity) == ("B", 4)
        count = Count.objects.get()
        assert count.lot.code == "A"
        assert there(product) == [("A", 7, 7), ("B", 9, 0)]
        services.count_bin(count_id=count.pk, counted=Decimal(1), actor=house.boss, at=AT)
        assert there(product) == [("A", 1, 0), ("B", 9, 0)]
        assert drift() == {}

    def test_a_count_takes_promises_that_other_lots_cannot_keep(self, house):
        product = milk(house, ("A", 5, 5), ("B", 3, 50))
        house.customer.good_for_days = 30
        house.customer.save()
        picky = house.order((product, 2))
        house.customer.good_for_days = 0
        house.customer.save()
        order = released(house, (product, 1))
        easy = house.order((product, 4))
        task = PickTask.objects.get(order=order)
        services.pick_short(
            shorts=[services.Short(task.pk, Decimal(0), PickTask.Reason.NONE_LEFT)], actor=house.boss, at=AT
        )
        assert drift() == {}
        services.count_bin(count_id=Count.objects.get().pk, counted=Decimal(0), actor=house.boss, at=AT)
        assert (promised(picky), promised(easy)) == ((2, 0), (1, 3))
        assert drift() == {}


class TestExpiry:
    def test_blocks_what_expired_and_takes_it_from_promises_and_pickers(self, house):
        product = milk(house, ("A", 9, 5), ("B", 4, 50))
        with_pickers, waiting = released(house, (product, 3)), house.order((product, 5))
        late = AT + timedelta(days=6)

        assert services.expire_lots(at=late) == 1
        assert services.expire_lots(at=late) == 0

        assert there(product) == [("A", 9, 9), ("B", 4, 0)]
        assert PickTask.objects.get().status == PickTask.Status.CANCELLED
        assert sum(sum(promised(order)) for order in (with_pickers, waiting)) == 8
        assert sum(promised(order)[0] for order in (with_pickers, waiting)) == 4
        level = StockLevel.objects.get()
        assert (level.sellable, level.allocated, level.blocked) == (4, 4, 9)
        told = OrderEvent.objects.filter(kind=OrderEvent.Kind.PROMISED)
        assert {event.data["cause"] for event in told} == {"expired"}
        assert drift() == {}

    def test_nothing_expired_is_given_or_picked_before_it_is_blocked(self, house):
        """Case 22: an expired lot cannot be scanned."""
        product = milk(house, ("A", 9, 5))
        order, other = released(house, (product, 3)), house.order((product, 3))
        late = AT + timedelta(days=6)

        refused = pick(order, house, at=late, scanned_lot="A")
        assert isinstance(refused, Blocked)
        assert "expired on 28 Nov 2026" in refused.sentence
        everything = services.pick_orders(order_ids=[order.pk], actor=house.boss, at=late)[order.pk]
        assert "expired" in everything.sentence
        assert isinstance(services.release_orders(order_ids=[other.pk], actor=house.boss, at=late)[other.pk], Refused)
        assert there(product, "TOTE") == []
        assert house.product([1]).pk  # and other goods are sold on
        assert isinstance(pick(order, house, scanned_lot="a"), services.Picked)

    def test_another_lot_than_the_one_asked_for_is_not_picked(self, house):
        """Case 56: the words say what was scanned and what was expected, and no row is written."""
        product = milk(house, ("A", 9, 5), ("B", 4, 50))
        order = released(house, (product, 3))
        refused = pick(order, house, scanned_lot="B")
        assert refused.sentence == "Lot B, expected A."
        assert there(product, "TOTE") == []

    def test_what_comes_back_of_a_blocked_lot_stays_blocked(self, house):
        product = milk(house, ("A", 9, 5))
        order, shipped = picked(house, (product, 3)), dispatched(house, (product, 2))
        services.expire_lots(at=AT + timedelta(days=6))
        orders_services.cancel_orders(order_ids=[order.pk], reason=CancelReason.LATE, actor=house.boss, at=AT)
        services.put_back_goods(put_back_ids=[PutBack.objects.get().pk], actor=house.boss, at=AT)
        decided(house, shipped, {product: 2})
        house.receive(product, 1, lot="A")
        assert there(product) == [("A", 10, 10)]
        assert drift() == {}

        off = inventory_services.Adjustment(
            house.shelves[house.warehouses[0].pk][0].pk, product.pk, Decimal(-10), inventory_services.LotName("A")
        )
        by = {"company_id": house.company.pk, "places": 2, "reference": "Scrap", "actor": house.boss, "at": AT}
        assert inventory_services.adjust_stock(adjustments=[off], **by) == [off]
        assert there(product) == []
        assert StockLevel.objects.get().blocked == 0
        assert drift() == {}

    def test_only_what_no_promise_needs_is_written_off(self, house):
        product = milk(house, ("A", 5, 5), ("B", 3, 50))
        house.customer.good_for_days = 30
        house.customer.save()
        house.order((product, 2))
        shelf = house.shelves[house.warehouses[0].pk][1]
        by = {"company_id": house.company.pk, "places": 2, "reference": "Scrap", "actor": house.boss, "at": AT}
        offs = [
            inventory_services.Adjustment(shelf.pk, product.pk, Decimal(units), inventory_services.LotName("B"))
            for units in (-1, -1)
        ]
        first, second = inventory_services.adjust_stock(adjustments=offs, **by)
        assert first == offs[0]
        assert isinstance(second, inventory_services.NotEnoughThere)
        assert Lot.objects.count() == 2
        with transaction.atomic():
            assert drift() == {}


class TestKits:
    def test_a_component_with_lots_is_taken_by_its_last_day(self, house):
        product = milk(house, ("LATER", 9, 50), ("SOONER", 9, 5))
        kit = house.product(kind="KIT")
        KitComponent.objects.create(kit=kit, product=product, position=1, quantity=2)
        order = released(house, (kit, 3))
        assert [(task.lot.code, task.quantity) for task in PickTask.objects.filter(order=order)] == [("SOONER", 6)]
        assert drift() == {}


class TestPages:
    def test_goods_come_in_by_lot_and_serial_number(self, house):
        carton, machine = house.product(tracking="LOT"), house.product(tracking="SERIAL")
        order = sent(house, (carton, 8, 5), (machine, 2, 5))
        first, second = lines(order)
        browser, url = signed_in(house.boss), reverse("warehouse:receive", args=[order.pk])
        page = browser.get(url).content.decode()
        assert f"Lot of {carton.sku}" in page
        assert f"Serial numbers of {machine.sku}" in page
        came = {
            f"line-{first.pk}": "5",
            f"bin-{first.pk}": "A-01",
            f"until-{first.pk}": in_days(20).isoformat(),
            f"line-{second.pk}": "2",
            f"bin-{second.pk}": "A-02",
            f"lot-{second.pk}": "S-1",
        }
        answer = browser.post(url, came).content.decode()
        assert "Say which lot it is." in answer
        assert "2 came, with 1 serial numbers." in answer
        assert not ReceiptLine.objects.exists()

        answer = browser.post(url, {**came, f"lot-{first.pk}": "L-7", f"lot-{second.pk}": "S-1, S-2"})
        assert answer.status_code == 302
        found = ReceiptLine.objects.order_by("pk").values_list("lot__code", "quantity", "lot__expires_on")
        assert list(found) == [("L-7", 5, in_days(20)), ("S-1", 1, None), ("S-2", 1, None)]
        assert drift() == {}

    def test_a_lot_is_traced_from_its_supplier_to_its_customer_and_back(self, house):
        product = house.product(tracking="LOT")
        order = sent(house, (product, 9, 5))
        services.receive_goods(
            order_id=order.pk,
            arrivals=[
                inventory_services.Arrival(
                    lines(order)[0].pk,
                    house.shelves[house.warehouses[0].pk][0].pk,
                    Decimal(9),
                    lot=inventory_services.LotName("L-7", in_days(9)),
                )
            ],
            delivery_note="",
            actor=house.boss,
            at=AT,
        )
        shipped = dispatched(house, (product, 4))
        decided(house, shipped, {product: 1})
        lot = Lot.objects.get()
        page = signed_in(house.boss).get(reverse("inventory:lot", args=[lot.pk]))
        steps = [(step.is_out, step.label[:2], step.party, int(step.quantity)) for step in page.context["went"]]
        assert steps == [(True, "SH", house.customer.name, 4)]
        came = sorted((step.label[:2], step.party, int(step.quantity)) for step in page.context["came"])
        assert came == [("R-", "Acme Ltd", 9), ("RT", house.customer.name, 1)]
        assert page.context["in_house"] == 6

    def test_the_walk_names_the_lot_and_refuses_another(self, house):
        product = milk(house, ("A", 9, 5), ("B", 4, 50))
        order = released(house, (product, 3))
        task = PickTask.objects.get(order=order)
        browser = signed_in(house.boss)
        assert ">A " in browser.get(reverse("warehouse:wave", args=[task.wave_id])).content.decode()
        answer = browser.post(reverse("warehouse:pick_task", args=[task.pk]), {"lot": "B"})
        assert "Lot B, expected A." in answer.content.decode()
        assert not there(product, "TOTE")
        slip = queries.pick_list(task.wave)
        assert [line["lot"] for line in slip["tasks"]] == ["A"]
