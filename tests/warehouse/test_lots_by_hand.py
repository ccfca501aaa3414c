"""Lots by hand: a corrected last day, and a lot that is blocked, do to promises what a lot that expires does."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.refusals import Blocked, NotAllowed
from core.registry import audit_checks
from core.roles import Role
from inventory.models import BinStock, Demand, Lot, LotChange
from orders.models import LinePart, OrderEvent
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House
from tests.factories.warehouse import released
from warehouse import services
from warehouse.models import Count, PickTask

pytestmark = pytest.mark.django_db


def in_days(days):
    return TODAY + timedelta(days=days)


def milk(house, *lots):
    """Return a product with lots, each on the next shelf: code, units, days that it is good for."""
    product = house.product(tracking="LOT")
    for shelf, (code, units, days) in zip(house.shelves[house.warehouses[0].pk], lots, strict=False):
        house.receive(product, units, lot=code, good_until=in_days(days), shelf=shelf)
    return product


def drift():
    return {check.name: rows for check in audit_checks if (rows := check.find()[1])}


def there(product):
    rows = BinStock.objects.filter(product=product, bin__kind="PICK", quantity__gt=0).order_by("lot__code")
    return [
        (code, int(units), int(blocked))
        for code, units, blocked in rows.values_list("lot__code", "quantity", "blocked")
    ]


def promised(order):
    demand = Demand.objects.get(pk=LinePart.objects.get(order=order).demand_id)
    return int(demand.allocated), int(demand.backordered)


def told(order):
    return [event.data["cause"] for event in OrderEvent.objects.filter(order=order, kind="PROMISED").order_by("pk")]


def act(verb, house, code, reason="Because", **typed):
    lot = Lot.objects.get(code=code)
    return getattr(services, verb)(**{"lot_id": lot.pk, "reason": reason, "actor": house.boss, "at": AT, **typed})


class TestHold:
    def test_takes_promises_and_picks_and_lifting_gives_what_waits_of_it(self):
        house = House.open()
        product = milk(house, ("L1", 5, 30), ("L2", 2, 60))
        sent_for, waiting = released(house, (product, 3)), house.order((product, 3))
        assert PickTask.objects.get().lot.code == "L1"
        act("hold_lot", house, "L1", "Smell")
        assert [task.status for task in PickTask.objects.all()] == ["CANCELLED"]
        assert (promised(sent_for), promised(waiting), there(product)) == ((0, 3), (2, 1), [("L1", 5, 5), ("L2", 2, 0)])
        assert told(sent_for) == told(waiting) == ["lot_held"]
        assert drift() == {}
        # Done again it changes nothing; what comes of it now is blocked as well
        act("hold_lot", house, "L1", "Smell")
        house.receive(product, 1, lot="L1")
        assert there(product)[0] == ("L1", 6, 6)
        act("lift_lot", house, "L1", "Laboratory says good")
        assert (promised(sent_for), promised(waiting), there(product)[0]) == ((3, 0), (3, 0), ("L1", 6, 0))
        assert [(change.kind, change.reason) for change in LotChange.objects.all()] == [
            *(("HELD", "Smell"), ("LIFTED", "Laboratory says good")),
        ]
        assert drift() == {}

    def test_leaves_a_bin_blocked_that_is_to_be_counted(self):
        house = House.open()
        product = milk(house, ("L1", 5, 30), ("L2", 9, 60))
        released(house, (product, 3))
        short = services.Short(PickTask.objects.get().pk, Decimal(1), PickTask.Reason.FEWER)
        services.pick_short(shorts=[short], actor=house.boss, at=AT)
        act("hold_lot", house, "L1")
        act("lift_lot", house, "L1")
        assert there(product)[0] == ("L1", 4, 4)
        services.count_bin(count_id=Count.objects.get().pk, counted=Decimal(4), actor=house.boss, at=AT)
        assert there(product)[0] == ("L1", 4, 0)
        assert drift() == {}

    def test_is_for_those_who_keep_lots_and_asks_why(self):
        house = House.open()
        milk(house, ("L1", 5, 30))
        picker, stranger = person(Role.PICKER, company=house.company), House.open().boss
        for verb in ("hold_lot", "lift_lot", "date_lot"):
            day = {"expires_on": in_days(9)} if verb == "date_lot" else {}
            for fault, typed in (
                (NotAllowed, {"actor": picker}),
                (Blocked, {"actor": stranger}),
                (Blocked, {"reason": " "}),
            ):
                with pytest.raises(fault):
                    act(verb, house, "L1", **day, **typed)
        assert not LotChange.objects.exists()


class TestDay:
    def test_that_comes_sooner_takes_the_promises_it_cannot_keep_and_the_picks(self):
        house = House.open()
        product = milk(house, ("L1", 5, 60), ("L2", 3, 90))
        picked, waiting = released(house, (product, 2)), house.order((product, 4))
        Demand.objects.filter(pk__in=[*house.demands(picked), *house.demands(waiting)]).update(good_until=in_days(40))
        waiting_part = LinePart.objects.get(order=waiting).demand
        waiting_part.allocations.filter(status="FIRM").update(good_until=in_days(40))
        act("date_lot", house, "L1", "Misread", expires_on=in_days(20))
        assert PickTask.objects.get().status == "CANCELLED"
        assert promised(picked)[0] + promised(waiting)[0] == 3
        change = LotChange.objects.get()
        assert (change.from_day, change.to_day, change.reason) == (in_days(60), in_days(20), "Misread")
        assert drift() == {}

    def test_that_has_passed_blocks_it_and_one_to_come_frees_it_for_those_who_wait(self):
        house = House.open()
        product = milk(house, ("L1", 5, 60))
        order = house.order((product, 3))
        act("date_lot", house, "L1", "Misread", expires_on=in_days(-1))
        assert (promised(order), there(product)) == ((0, 3), [("L1", 5, 5)])
        assert drift() == {}
        act("date_lot", house, "L1", "It was 2027", expires_on=in_days(300))
        assert (promised(order), there(product)) == ((3, 0), [("L1", 5, 0)])
        # Held, it stays blocked whatever its day; expired, whatever its quality
        act("hold_lot", house, "L1")
        act("date_lot", house, "L1", expires_on=in_days(-2))
        act("date_lot", house, "L1", expires_on=None)
        assert there(product) == [("L1", 5, 5)]
        act("date_lot", house, "L1", expires_on=in_days(-2))
        act("lift_lot", house, "L1")
        assert there(product) == [("L1", 5, 5)]
        act("date_lot", house, "L1", expires_on=in_days(2))
        assert (promised(order), there(product)) == ((3, 0), [("L1", 5, 0)])
        assert drift() == {}

    def test_is_corrected_on_the_lot_s_page(self, client):
        house = House.open()
        product = milk(house, ("L1", 5, 60))
        order = house.order((product, 3))
        lot = Lot.objects.get()
        client.force_login(person(Role.WAREHOUSE_MANAGER, company=house.company))
        page, to = f"/products/lots/{lot.pk}/", f"/warehouse/lots/{lot.pk}/"
        assert f"{to}block/" in client.get(page).content.decode()
        assert client.post(f"{to}block/", {"reason": ""}).status_code == 422
        assert client.post(f"{to}block/", {"reason": "Smell"}).status_code == 302
        shown = client.get(page).content.decode()
        assert ("Smell" in shown, f"{to}unblock/" in shown, promised(order)) == (True, True, (0, 3))
        client.post(f"{to}unblock/", {"reason": "Fine"})
        client.post(f"{to}day/", {"expires_on": in_days(90).isoformat(), "reason": "Label misread"})
        lot = Lot.objects.get()
        assert (lot.expires_on, lot.is_held, promised(order)) == (in_days(90), False, (3, 0))
        assert "Label misread" in client.get(page).content.decode()
        assert drift() == {}
