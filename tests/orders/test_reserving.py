"""Reservations: units kept of the shelf or of what comes, until an order takes them over or their day ends."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from core import registry
from core.refusals import Blocked, ChangedMeanwhile, NotAllowed
from core.roles import Role
from inventory.models import Allocation, BrokenPeg, Demand, StockLevel
from inventory.queries.atp import available
from orders import services
from orders.models import Customer, CustomerAddress, OrderEvent, Reservation, SalesOrder
from tests.factories.core import person
from tests.factories.house import AT, TODAY, House
from tests.factories.supply import arrive, day, sent

pytestmark = pytest.mark.django_db


def drift() -> list[str]:
    return [check.name for check in registry.audit_checks if check.find()[1] and "facet" not in check.name]


def other(house: House) -> Customer:
    """Add a second customer."""
    customer = Customer.objects.create(company=house.company, number="C-2", name="Other", price_list=house.prices)
    address = CustomerAddress.objects.get(customer=house.customer)
    address.pk, address.customer = None, customer
    address.save()
    return customer


def reserved(house: House, product, quantity, *, wanted: int = 5, expires: int = 10, **terms) -> Reservation:
    if "project" not in terms:
        terms.setdefault("customer_id", house.customer.pk)
    pk = services.make_reservation(
        product_id=product.pk,
        quantity=Decimal(quantity),
        wanted_on=day(wanted),
        expires_on=day(expires),
        **{"actor": house.boss, "at": AT, **terms},
    )
    return Reservation.objects.get(pk=pk)


def has(demand_id: int) -> list[tuple[str, Decimal]]:
    """Return what a demand is promised: where it lies or by which supplier's order it comes, and the units."""
    rows = Allocation.objects.filter(demand=demand_id, status__in=["SOFT", "FIRM"]).order_by("pk")
    return [(str(row.level.warehouse if row.level else row.supply.order), row.quantity) for row in rows]


def demand(house: House, order: SalesOrder) -> Demand:
    return Demand.objects.get(pk=house.demands(order)[0])


def level(product) -> tuple[Decimal, Decimal]:
    row = StockLevel.objects.get(product=product)
    return row.sellable, row.allocated


class TestReserving:
    def test_keeps_the_shelf_s_units_from_everybody_else_and_then_what_comes(self):
        house = House.open(warehouses=2)
        product = house.product([4, 3])
        coming = sent(house, (product, 5, 6))
        kept = reserved(house, product, 9, warehouse_id=house.warehouses[1].pk)
        assert has(kept.demand_id) == [("Site 2", 3), ("Site 1", 4), (str(coming), 2)]
        assert kept.demand.promised_on == day(6)
        now = available([product.pk], TODAY)[product.pk]
        assert (now.now, [one.total for one in now.arrivals]) == (0, [3])
        order = house.order((product, 4), customer_id=other(house).pk)
        assert (demand(house, order).allocated, has(kept.demand_id)[0]) == (0, ("Site 2", 3))
        arrive(house, coming, 5)
        assert [units for _place, units in has(kept.demand_id)] == [3, 4, 2]
        assert Demand.objects.get(pk=kept.demand_id).allocated == 9
        assert drift() == []

    def test_of_what_is_wanted_beyond_the_horizon_it_keeps_what_comes_in_time_and_leaves_the_shelf_to_others(self):
        house = House.open()
        product = house.product([10])
        soon, late = sent(house, (product, 3, 20)), sent(house, (product, 9, 90))
        kept = reserved(house, product, 5, wanted=60, expires=70)
        assert has(kept.demand_id) == [(str(soon), 3), ("Site 1", 2)]
        assert kept.demand.promised_on == day(60)
        # What has neither waits, and is promised what comes too late rather than nothing
        more = reserved(house, product, 12, wanted=60, expires=70)
        assert has(more.demand_id) == [("Site 1", 8), (str(late), 4)]
        assert Reservation.objects.get(pk=more.pk).demand.promised_on == day(90)
        house.receive(product, 5)
        assert services.fill_reservations(at=AT) == 1
        assert has(more.demand_id) == [("Site 1", 8), ("Site 1", 4)]
        assert has(kept.demand_id) == [(str(soon), 3), ("Site 1", 2)]
        assert drift() == []

    def test_says_why_not(self):
        house = House.open()
        product, kit = house.product([5]), house.product(kind="KIT")
        closed = house.product([5], is_active=False)
        for wrong, sentence in (
            ({"product": kit}, "of a kit, reserve its components"),
            ({"product": closed}, "no longer sold"),
            ({"quantity": "0.5"}, "no number of units"),
            ({"expires": -1}, "has passed"),
            ({"wanted": -1}, "has passed"),
            ({"expires": 2_000}, "more than three years"),
            ({"project": " "}, "for which customer or project"),
            ({"customer_id": 0, "project": ""}, "for which customer or project"),
        ):
            terms = {"product": product, "quantity": 1, **wrong}
            with pytest.raises(Blocked, match=sentence):
                reserved(house, **terms)
        with pytest.raises(NotAllowed):
            reserved(house, product, 1, actor=person(Role.WAREHOUSE_MANAGER, company=house.company))
        seller = person(Role.SALES_ADMIN, company=House.open().company)
        with pytest.raises(Blocked):
            reserved(house, product, 1, actor=seller)
        assert not Reservation.objects.exists()
        assert level(product) == (5, 0)

    def test_keeps_to_what_its_customer_s_channel_may_have(self):
        house = House.open()
        product = house.product([10])
        web, trade = house.channel("Web"), house.channel("Trade")
        house.pool(web, product, 6)
        Customer.objects.update(channel=trade)
        kept = reserved(house, product, 8)
        assert kept.demand.allocated == 4
        house.customer.refresh_from_db()
        order = house.order((product, 5))
        assert (demand(house, order).allocated, level(product)) == (4, (10, 4))
        assert drift() == []


class TestTakingOver:
    def test_serves_the_customer_s_order_first_and_keeps_the_rest(self):
        house = House.open()
        product = house.product([6])
        kept = reserved(house, product, 6)
        stranger = house.order((product, 2), customer_id=other(house).pk)
        assert demand(house, stranger).allocated == 0
        order = house.order((product, 4))
        assert has(demand(house, order).pk) == [("Site 1", 4)]
        kept = Reservation.objects.get(pk=kept.pk)
        assert (kept.status, kept.taken, kept.demand.quantity, kept.demand.allocated) == ("OPEN", 4, 2, 2)
        told = OrderEvent.objects.get(order=order, kind="RESERVED")
        assert (told.subject_id, told.data) == (kept.pk, {"units": "4", "number": kept.number})
        assert "RESERVED" not in OrderEvent.objects.filter(order=stranger).values_list("kind", flat=True)
        last = house.order((product, 3))
        kept = Reservation.objects.get(pk=kept.pk)
        assert (kept.status, kept.taken, kept.ended_at) == ("TAKEN", 6, AT)
        assert (demand(house, last).allocated, level(product)) == (2, (6, 6))
        assert (kept.demand.quantity, has(kept.demand_id)) == (0, [])
        assert drift() == []

    def test_takes_what_comes_with_it_and_gives_back_what_the_shelf_has_instead(self):
        house = House.open()
        product = house.product([3])
        coming = sent(house, (product, 5, 6))
        kept = reserved(house, product, 7)
        order = house.order((product, 5))
        mine = demand(house, order)
        assert has(mine.pk) == [("Site 1", 3), (str(coming), 2)]
        assert (mine.promised_on, has(kept.demand_id)) == (day(6), [(str(coming), 2)])
        house.receive(product, 4)
        second = house.order((product, 2))
        # The order took the units over and got others of the shelf: nobody is asked about what the supplier brings
        assert has(demand(house, second).pk) == [("Site 1", 2)]
        assert not BrokenPeg.objects.exists()
        kept = Reservation.objects.get(pk=kept.pk)
        assert (kept.status, kept.taken) == ("TAKEN", 7)
        assert drift() == []

    def test_takes_what_expires_first_of_several_and_nothing_for_a_project_or_a_kit(self):
        house = House.open()
        product = house.product([20])
        later, sooner = reserved(house, product, 3, expires=9), reserved(house, product, 3, expires=8)
        project = reserved(house, product, 5, project="Hall 4")
        order = house.order((product, 4), (product, 1))
        rows = {row.pk: row.taken for row in Reservation.objects.all()}
        assert rows == {later.pk: 2, sooner.pk: 3, project.pk: 0}
        assert [Demand.objects.get(pk=pk).allocated for pk in house.demands(order)] == [4, 1]
        services.change_reservation(
            reservation_id=project.pk, expires_on=day(3), customer_id=house.customer.pk, actor=house.boss, at=AT
        )
        house.order((product, 6))
        project = Reservation.objects.get(pk=project.pk)
        assert (project.taken, project.status) == (5, "TAKEN")
        assert drift() == []

    def test_takes_lots_that_last_long_enough_only(self):
        house = House.open()
        product = house.product(tracking="LOT")
        house.receive(product, 5, lot="short", good_until=day(6))
        kept = reserved(house, product, 4, wanted=5)
        assert kept.demand.allocated == 4
        order = house.order((product, 4), requested_on=day(30))
        assert demand(house, order).allocated == 0
        kept = Reservation.objects.get(pk=kept.pk)
        assert (kept.status, level(product)) == ("TAKEN", (5, 0))
        assert drift() == []


@pytest.mark.parametrize(
    ("check", "bend"),
    [
        ("a reservation keeps", "UPDATE orders_reservation SET taken = 1 WHERE taken = 2"),
        ("a reservation keeps", "UPDATE inventory_demand SET quantity = 9 WHERE quantity = 1 AND allocated = 1"),
        ("what an order took over", "UPDATE orders_reservation SET customer_id = NULL, project = 'x'"),
    ],
)
def test_the_audit_hears_a_bent_reservation(check, bend):
    house = House.open()
    product = house.product([3])
    reserved(house, product, 3)
    house.order((product, 2))
    assert drift() == []
    with connection.cursor() as cursor:
        cursor.execute(bend)
    assert any(name.startswith(check) for name in drift())


class TestPages:
    def test_make_a_reservation_change_it_and_give_it_up(self, client):
        house = House.open()
        product = house.product([4])
        client.force_login(house.boss, backend="django.contrib.auth.backends.ModelBackend")
        assert 'value="SKU-0001"' in client.get("/reservations/new/?item=SKU-0001").text
        later = timezone.localdate() + timedelta(days=5)
        form = {"item": "SKU-0001", "quantity": "6", "wanted_on": str(later), "expires_on": str(later)}
        mistaken = client.post("/reservations/new/", {**form, "customer": "C-9", "quantity": "-1"})
        assert mistaken.status_code == 422
        assert "No customer is called C-9." in mistaken.text
        assert "-1 is no number of units of SKU-0001." in mistaken.text
        assert "Name a customer, or a project below." in client.post("/reservations/new/", form).text
        answer = client.post("/reservations/new/", {**form, "project": "Hall 4"}, follow=True)
        assert "4 of SKU-0001 reserved; 2 are not to be had yet." in answer.text
        (kept,) = Reservation.objects.all()
        page = f"/reservations/{kept.pk}/"
        assert [words in answer.text for words in ("Short", "Hall 4", "name the customer once")] == [True] * 3
        assert kept.number in client.get("/reservations/?tab=short&q=hall").text
        assert kept.number in client.get(f"/reservations/?tab=out&q={kept.number}").text
        assert kept.number not in client.get("/reservations/?tab=taken").text
        assert "Hall 4" in client.get("/reservations/?tab=open&format=csv").getvalue().decode()
        assert "Hall 4" in client.get(f"/products/{product.pk}/").text
        changed = {"expires_on": str(later + timedelta(days=30)), "customer": "C-1"}
        assert client.post(f"{page}change/", {**changed, "expires_on": "2020-01-01"}).status_code == 422
        assert client.post(f"{page}change/", changed).status_code == 302
        assert kept.number in client.get(f"/orders/customers/{house.customer.pk}/").text
        assert 'name="customer"' not in client.get(f"{page}change/").text
        order = house.order((product, 1))
        assert str(order) in client.get(page).text
        assert kept.number in client.get(f"/orders/{order.pk}/").text
        asked = client.post("/reservations/free/", {"id": kept.pk, "ask": "Free", "next": page})
        assert "Why" in asked.text
        assert client.post("/reservations/free/", {"id": kept.pk, "next": page}).status_code == 422
        client.post("/reservations/free/", {"id": kept.pk, "reason": "Deal is off", "next": page})
        ended = client.get(page).text
        assert "Deal is off" in ended
        assert f"{page}change/" not in ended
        assert drift() == []


class TestEnding:
    def test_gives_the_units_to_those_who_wait_once_the_last_day_is_over(self):
        house = House.open()
        product = house.product([5])
        coming = sent(house, (product, 4, 6))
        kept, extended = reserved(house, product, 6, expires=2), reserved(house, product, 1, expires=2)
        order = house.order((product, 4), customer_id=other(house).pk)
        services.change_reservation(reservation_id=extended.pk, expires_on=day(9), actor=house.boss, at=AT)
        assert services.expire_reservations(at=AT + timedelta(days=2)) == 0
        assert services.expire_reservations(at=AT + timedelta(days=3)) == 1
        kept = Reservation.objects.get(pk=kept.pk)
        assert (kept.status, kept.demand.quantity, has(kept.demand_id)) == ("EXPIRED", 0, [])
        assert has(demand(house, order).pk) == [("Site 1", 4)]
        told = OrderEvent.objects.filter(order=order, kind="ALLOCATED").get()
        assert (told.data["allocated"], told.data["number"]) == ("4.000000", kept.number)
        # The supplier brings what nobody asked for any more
        assert BrokenPeg.objects.get().supply.order == coming
        assert services.expire_reservations(at=AT + timedelta(days=3)) == 0
        with pytest.raises(ChangedMeanwhile, match="is expired"):
            services.change_reservation(reservation_id=kept.pk, expires_on=day(9), actor=house.boss, at=AT)
        house.order((product, 1))
        extended = Reservation.objects.get(pk=extended.pk)
        assert extended.status == "TAKEN"
        assert drift() == []

    def test_frees_by_hand_with_the_reason_and_says_what_was_too_late(self):
        house = House.open()
        product = house.product([5])
        kept, taken = reserved(house, product, 2), reserved(house, product, 1, expires=1)
        house.order((product, 1))
        waits = house.order((product, 4), customer_id=other(house).pk)
        terms = {"reservation_ids": [kept.pk, taken.pk], "actor": house.boss, "at": AT}
        results = services.free_reservations(reason="Lost the deal", **terms)
        assert results[kept.pk] == services.Freed(kept.pk, 1 + 1)
        assert isinstance(results[taken.pk], ChangedMeanwhile)
        kept = Reservation.objects.get(pk=kept.pk)
        assert (kept.status, kept.reason, kept.ended_by) == ("FREED", "Lost the deal", house.boss)
        assert demand(house, waits).allocated == 4
        assert services.free_reservations(reason="Again", **terms)[kept.pk] == services.Freed(kept.pk, 0)
        kept = Reservation.objects.get(pk=kept.pk)
        assert kept.reason == "Lost the deal"
        with pytest.raises(NotAllowed):
            services.free_reservations(
                **{**terms, "actor": person(Role.PURCHASER, company=house.company), "reason": ""}
            )
        assert drift() == []
