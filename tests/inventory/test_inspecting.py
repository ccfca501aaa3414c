"""Goods inspected at receipt: nobody gets them before somebody has looked, and whoever was promised them waits."""

from decimal import Decimal

import pytest
from django.db import connection

from core import registry
from core.refusals import Blocked, ChangedMeanwhile, NotAllowed, Refused
from core.roles import Role
from inventory import services
from inventory.models import (
    Allocation,
    Bin,
    BinStock,
    BrokenPeg,
    CostLayer,
    Demand,
    Inspection,
    InspectionStep,
    StockLevel,
    SupplierItem,
    SupplierOrder,
)
from inventory.services.receiving import WarehouseNotReady
from orders.models import OrderEvent
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.supply import arrive, day, lines, sent, supplier
from warehouse import services as warehouse_services

pytestmark = pytest.mark.django_db


def drift() -> list[str]:
    """Return the proofs that fail."""
    return [f"{check.name}: {found}" for check in registry.audit_checks if (found := check.find()[1])]


def look(house: House, inspection: Inspection, good=0, bad=0, reason="", **fields) -> Inspection:
    found = services.Found(Decimal(good), Decimal(bad), reason, **fields)
    return warehouse_services.inspect_goods(inspection_id=inspection.pk, found=found, actor=house.boss, at=AT)


def clear(house: House, inspection: Inspection, kind: str, units: int, **fields) -> Inspection:
    return services.clear_rejected(
        **{
            "inspection_id": inspection.pk,
            "kind": InspectionStep.Kind(kind),
            "quantity": Decimal(units),
            "reason": "",
            "actor": house.boss,
            "at": AT,
            **fields,
        }
    )


def level(product) -> tuple[Decimal, ...]:
    row = StockLevel.objects.get(product=product)
    return row.sellable, row.allocated, row.blocked, row.value, row.blocked_value


def pegged(house: House, order) -> Decimal:
    rows = Allocation.objects.filter(demand__in=house.demands(order), status="SOFT")
    return sum((row.quantity for row in rows), Decimal(0))


class TestReceipt:
    def test_goes_into_quarantine_and_whoever_was_promised_it_keeps_waiting_with_their_day(self):
        house = House.open()
        product = house.product(is_inspected=True)
        order = house.order((product, 3))
        bought = sent(house, (product, 10, 5))
        assert arrive(house, bought, 8).lines.get().bin.kind == Bin.Kind.QUARANTINE
        assert level(product) == (0, 0, 8, 20, 20)
        demand = Demand.objects.get(pk__in=house.demands(order))
        assert (demand.allocated, demand.promised_on, pegged(house, order)) == (0, day(5), 3)
        (line,) = lines(bought)
        assert (line.received, line.inspecting, line.open) == (0, 8, 10)
        assert SupplierOrder.objects.get().status == "PART_RECEIVED"
        # Nor is it given to who asks now, or to the next run over all that waits
        later = house.order((product, 1))
        services.allocate_demands(demand_ids=house.demands(later), at=AT)
        assert level(product)[:2] == (0, 0)
        # No more of the line may come than was ordered, in whatever way it came
        with pytest.raises(Blocked, match="may bring 2 more"):
            arrive(house, bought, 3)
        refused = services.close_supplier_orders(order_ids=[bought.pk], actor=house.boss, at=AT)[bought.pk]
        assert isinstance(refused, Refused)
        assert "waits for inspection" in str(refused)
        assert drift() == []

    def test_is_by_the_supplier_s_item_or_the_product_and_nothing_else_is(self):
        house = House.open()
        mine, theirs = house.product(), house.product()
        seller = supplier(house, mine, theirs)
        SupplierItem.objects.filter(product=theirs).update(is_inspected=True)
        bought = sent(house, (mine, 2, 5), (theirs, 2, 5), seller=seller)
        arrive(house, bought, 2, 2)
        assert (level(mine)[0], level(theirs)[0]) == (2, 0)
        assert Inspection.objects.get().product == theirs
        assert drift() == []

    def test_asks_for_a_place_to_put_it(self):
        house = House.open()
        product = house.product(is_inspected=True)
        Bin.objects.filter(kind=Bin.Kind.QUARANTINE).delete()
        bought = sent(house, (product, 1, 5))
        with pytest.raises(WarehouseNotReady, match="no bin for quarantine"):
            arrive(house, bought, 1)

    def test_that_is_the_last_leaves_the_promise_of_what_is_inspected(self):
        house = House.open()
        product = house.product(is_inspected=True)
        order = house.order((product, 5))
        bought = sent(house, (product, 5, 5))
        arrive(house, bought, 3, last=True)
        assert pegged(house, order) == 3
        assert (lines(bought)[0].open, BrokenPeg.objects.get().quantity) == (3, 2)
        assert drift() == []


class TestInspection:
    def test_gives_what_is_good_to_those_who_wait_and_keeps_what_is_not_from_everybody(self):
        house = House.open()
        product = house.product(is_inspected=True)
        order = house.order((product, 3))
        bought = sent(house, (product, 8, 5))
        arrive(house, bought, 8)
        inspection = Inspection.objects.get()
        shelf = house.shelves[house.warehouses[0].pk][1]
        look(house, inspection, 5, bin_id=shelf.pk)
        assert BinStock.objects.get(bin=shelf).quantity == 5
        assert level(product) == (5, 3, 3, 20, Decimal("7.5"))
        assert (pegged(house, order), lines(bought)[0].received) == (0, 5)
        told = OrderEvent.objects.filter(order=order, kind="ALLOCATED").order_by("pk").last()
        assert (Decimal(told.data["allocated"]), told.data["supplier_order"]) == (3, bought.number)
        done = look(house, inspection, 1, 2, "Scratched")
        assert (done.status, level(product)[:3], SupplierOrder.objects.get().status) == ("DONE", (6, 3, 2), "RECEIVED")
        clear(house, inspection, "SENT_BACK", 1)
        assert clear(house, inspection, "SCRAPPED", 1).value == 0
        assert level(product) == (6, 3, 0, 15, 0)
        assert drift() == []

    def test_takes_back_what_was_promised_of_what_is_rejected_and_asks_the_desk(self):
        house = House.open()
        product = house.product(is_inspected=True)
        first, second = house.order((product, 3)), house.order((product, 2))
        bought = sent(house, (product, 4, 5))
        arrive(house, bought, 4)
        look(house, Inspection.objects.get(), 2, 2, "Wrong color")
        promised = [Demand.objects.get(pk__in=house.demands(one)).allocated for one in (first, second)]
        assert (promised, pegged(house, first) + pegged(house, second)) == ([2, 0], 0)
        assert {row.quantity for row in BrokenPeg.objects.filter(kind="ORDER_WAITS")} == {1}
        assert drift() == []

    def test_knows_lots_and_layers(self):
        house = House.open()
        product = house.product(is_inspected=True, tracking="LOT", costing="FIRST_IN")
        bought = sent(house, (product, 4, 5))
        (line,) = lines(bought)
        warehouse_services.receive_goods(
            order_id=bought.pk,
            arrivals=[services.Arrival(line.pk, None, Decimal(4), lot=services.LotName("L1", day(90)))],
            delivery_note="",
            actor=house.boss,
            at=AT,
        )
        assert not CostLayer.objects.exists()
        look(house, Inspection.objects.get(), 3, 1, "Broken")
        layer = CostLayer.objects.get()
        assert (layer.remaining, layer.remaining_value, layer.supply_id) == (3, Decimal("7.5"), line.pk)
        assert BinStock.objects.get(bin__kind="PICK").lot.code == "L1"
        assert drift() == []

    def test_refuses_what_cannot_be(self):
        house = House.open()
        product = house.product(is_inspected=True)
        bought = sent(house, (product, 3, 5))
        arrive(house, bought, 3)
        inspection = Inspection.objects.get()
        for fault, found in (
            (Blocked, {"good": 0}),
            (Blocked, {"good": "0.5"}),
            (Blocked, {"bad": 1}),
            (ChangedMeanwhile, {"good": 4}),
        ):
            with pytest.raises(fault):
                look(house, inspection, **found)
        look(house, inspection, 1, 2, "Wet")
        for fault, kind, units in (
            (ChangedMeanwhile, "SCRAPPED", 3),
            (Blocked, "SCRAPPED", 0),
            (Blocked, "ACCEPTED", 1),
        ):
            with pytest.raises(fault):
                clear(house, inspection, kind, units)
        stranger = House.open().boss
        with pytest.raises(Blocked, match="no such inspection"):
            clear(house, inspection, "SCRAPPED", 1, actor=stranger)
        picker = person(Role.PICKER, company=house.company)
        with pytest.raises(NotAllowed):
            clear(house, inspection, "SCRAPPED", 1, actor=picker)
        assert drift() == []


class TestPages:
    def test_lead_from_the_dock_to_the_shelf_and_out_of_quarantine(self, client):
        house = House.open()
        product = house.product(is_inspected=True)
        order = house.order((product, 3))
        bought = sent(house, (product, 8, 5))
        client.force_login(person(Role.WAREHOUSE_MANAGER, company=house.company))
        (line,) = lines(bought)
        dock = f"/warehouse/goods-in/{bought.pk}/"
        assert "To inspect" in client.get(dock).content.decode()
        assert client.post(dock, {f"line-{line.pk}": "8"}).status_code == 302
        inspection = Inspection.objects.get()
        assert inspection.number in client.get("/warehouse/inspections/").content.decode()
        page = f"/warehouse/inspections/{inspection.pk}/"
        shown = client.get(page).content.decode()
        assert "to look at" in shown
        assert str(order) in shown
        for typed, fault in (
            ({}, "Say how many are good"),
            ({"accepted": "5", "bin": "nowhere"}, "No shelf of this warehouse"),
            ({"rejected": "1"}, "Say why"),
            ({"accepted": "5", "rejected": "4", "bin": "A-02", "reason": "Wet"}, "Only 8 wait"),
            ({"accepted": "0.5", "bin": "A-02"}, "It goes by 1"),
        ):
            answer = client.post(page, typed)
            assert (answer.status_code, fault in answer.content.decode()) == (422, True), typed
        client.post(page, {"accepted": "5", "rejected": "3", "bin": "a-02", "reason": "Wet"})
        assert BinStock.objects.get(bin__kind="PICK").bin.code == "A-02"
        rejected = f"{page}rejected/"
        assert client.post(rejected, {"quantity": "4", "kind": "SENT_BACK"}).status_code == 422
        client.post(rejected, {"quantity": "2", "kind": "SENT_BACK"})
        client.post(rejected, {"quantity": "1", "kind": "SCRAPPED"})
        assert [(step.kind, step.quantity) for step in inspection.steps.all()] == [
            *(("ACCEPTED", 5), ("REJECTED", 3), ("SENT_BACK", 2), ("SCRAPPED", 1)),
        ]
        assert "Back to the supplier" in client.get(page).content.decode()
        assert drift() == []


SENT_BACK_TWICE = (
    "INSERT INTO inventory_inspectionstep (inspection_id, kind, quantity, value, reason, posting_id, actor_id, at)"
    " SELECT i.id, 'SENT_BACK', 1, 1, '', s.posting_id, s.actor_id, s.at FROM inventory_inspection i"
    " JOIN inventory_inspectionstep s ON s.inspection_id = i.id AND s.kind = 'ACCEPTED'"
)


@pytest.mark.parametrize(
    ("names", "statement"),
    [
        (
            ["inspecting of a", "and what of it is"],
            "UPDATE inventory_supplierorderline SET inspecting = inspecting + 1",
        ),
        (["its steps", "inspecting of a", "quarantine"], "UPDATE inventory_inspection SET accepted = accepted + 1"),
        (["its steps"], "UPDATE inventory_inspection SET status = 'DONE'"),
        (["worth of what"], "UPDATE inventory_inspection SET value = value + 1"),
        (["moved by inspections", "worth of what"], SENT_BACK_TWICE),
    ],
)
def test_a_figure_of_an_inspection_that_is_not_true_is_found(names, statement):
    house = House.open()
    product = house.product(is_inspected=True)
    arrive(house, sent(house, (product, 9, 5)), 8)
    look(house, Inspection.objects.get(), 3, 2, "Wet")
    assert drift() == []
    with connection.cursor() as cursor:
        cursor.execute(statement)
    found = [line.split(":")[0] for line in drift()]
    assert [name for name in names if not any(name in line for line in found)] == []
