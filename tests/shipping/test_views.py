"""Shipping's pages: who sees what, sending an order off with its carrier, and what has left."""

import csv
import io
import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.roles import VERBS, Role
from orders.models import LinePart
from shipping.models import ProofOfDelivery, Shipment
from tests.factories.core import UserFactory, person, signed_in
from tests.factories.house import AT, House
from tests.factories.shipping import dispatch, dispatched
from tests.factories.warehouse import packed, picked, snapshot
from tests.pinned import assert_pinned
from warehouse import services
from warehouse.models import Parcel

pytestmark = pytest.mark.django_db

DOCK, SHIPMENTS = "/shipping/dispatch/", "/shipping/shipments/"
QUEUES = {
    DOCK: ("shipping:dispatch_queue", "shipping.dispatch", packed),
    SHIPMENTS: ("shipping:shipments", "shipping.view", dispatched),
}
HTMX = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{DOCK}"}


def rows(response, noun="salesorder"):
    """Return the keys of the rows that an answer shows."""
    return [int(key) for key in re.findall(rf'id="{noun}-(\d+)"', response.content.decode())]


@pytest.fixture
def house():
    """A company with a warehouse."""
    return House.open()


@pytest.fixture
def clerk(house):
    """The shipping clerk."""
    return person(Role.SHIPPING_CLERK, company=house.company)


@pytest.fixture
def client(clerk):
    """The shipping clerk's browser."""
    return signed_in(clerk)


class TestQueues:
    @pytest.mark.parametrize("address", QUEUES)
    def test_take_as_many_statements_for_thirty_rows_as_for_three(self, house, client, address):
        name, _verb, reach = QUEUES[address]

        def statements():
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            return len(queries)

        product = house.product([999])
        for _ in range(3):
            reach(house, (product, 1))
        three = statements()
        for _ in range(27):
            reach(house, (product, 1))
        assert statements() == three
        assert_pinned(name, three)

    @pytest.mark.parametrize("address", QUEUES)
    def test_show_the_persons_company_only(self, client, address):
        other = House.open()
        QUEUES[address][2](other, (other.product([9]), 1))
        response = client.get(address)
        assert rows(response) + rows(response, "shipment") == []

    @pytest.mark.parametrize("address", QUEUES)
    def test_open_to_those_who_work_there_and_to_nobody_else(self, house, address):
        _name, verb, reach = QUEUES[address]
        reach(house, (house.product([9]), 1))
        for role in Role:
            expected = 200 if verb in VERBS[role] else 403
            assert signed_in(person(role, company=house.company)).get(address).status_code == expected, role

    @pytest.mark.parametrize("address", QUEUES)
    def test_show_no_price(self, house, client, address):
        QUEUES[address][2](house, (house.product([9], price="1234.56"), 1))
        page = client.get(address).content.decode()
        file = b"".join(client.get(address, {"format": "csv"}).streaming_content).decode()
        assert "1,234" not in page + file
        assert "GBP" not in page + file

    def test_give_a_file_in_the_words_of_the_page(self, house, client):
        order = dispatched(house, (house.product([9]), 1))
        file = b"".join(client.get(SHIPMENTS, {"format": "csv"}).streaming_content).decode("utf-8-sig")
        (row,) = csv.DictReader(io.StringIO(file))
        assert (row["Order"], row["State"]) == (order.number, "Dispatched")
        assert datetime.fromisoformat(row["Left"]) == AT

    def test_the_dock_lists_what_is_packed_and_has_not_left(self, house, client):
        product = house.product([9])
        waiting = packed(house, (product, 1))
        dispatched(house, (product, 1))
        picked(house, (product, 1))
        assert rows(client.get(DOCK)) == [waiting.pk]

    def test_shipments_are_found_by_their_tracking_number(self, house, client):
        dispatched(house, (house.product([9]), 1))
        assert len(rows(client.get(SHIPMENTS, {"q": "pv1"}), "shipment")) == 1
        assert rows(client.get(SHIPMENTS, {"q": "pv2"}), "shipment") == []


class TestDispatchOrderView:
    def url(self, order):
        return reverse("shipping:dispatch_order", args=[order.pk])

    def test_shows_the_parcels_the_address_and_the_form(self, house, client):
        order = packed(house, (house.product([9]), 4))
        content = client.get(self.url(order)).content.decode()
        for words in ("P-0", "12 Market Street", "Dispatch 1 parcel", "Carrier", "Tracking number"):
            assert words in content

    def test_dispatches_and_goes_back_to_the_dock(self, house, client, clerk):
        order = packed(house, (house.product([9]), 4))
        response = client.post(self.url(order), {"carrier": "Parcel Van", "tracking_number": "PV 77"})
        assert (response.status_code, response["Location"]) == (302, DOCK)
        shipment = Shipment.objects.get()
        assert (shipment.carrier, shipment.tracking_number, shipment.dispatched_by) == ("Parcel Van", "PV 77", clerk)
        assert f"{order.number} dispatched." in client.get(DOCK).content.decode()

    def test_proposes_the_carrier_of_the_persons_last_dispatch(self, house, client):
        product = house.product([9])
        first, second = packed(house, (product, 1)), packed(house, (product, 1))
        assert client.get(self.url(first)).context["form"]["carrier"].value() == ""
        client.post(self.url(first), {"carrier": "Parcel Van"})
        assert client.get(self.url(second)).context["form"]["carrier"].value() == "Parcel Van"

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_keeps_what_was_typed_where_the_carrier_is_missing(self, house, client, headers):
        order = packed(house, (house.product([9]), 4))
        before = snapshot()
        response = client.post(self.url(order), {"carrier": " ", "tracking_number": "PV 77"}, headers=headers)
        assert response.status_code == 422
        assert b"Say with whom it leaves." in response.content
        assert b"PV 77" in response.content
        assert snapshot() == before

    def test_refuses_a_text_that_is_too_long_beside_its_field(self, house, client):
        order = packed(house, (house.product([9]), 4))
        response = client.post(self.url(order), {"carrier": "Van", "tracking_number": "9" * 61})
        assert response.status_code == 422
        assert response.context["form"].errors["tracking_number"]
        assert not Shipment.objects.exists()

    def test_dispatches_once_when_the_form_is_sent_twice(self, house, client):
        order = packed(house, (house.product([9]), 4))
        client.post(self.url(order), {"carrier": "Parcel Van"})
        before = snapshot()
        assert client.post(self.url(order), {"carrier": "Parcel Van"}).status_code == 302
        assert snapshot() == before

    def test_says_why_where_nothing_is_packed(self, house, client):
        order = picked(house, (house.product([9]), 4))
        assert b"Nothing of this order is at the dock" in client.get(self.url(order)).content
        response = client.post(self.url(order), {"carrier": "Van"})
        assert response.status_code == 409
        assert b"Nothing is packed yet." in response.content

    def test_does_not_know_another_companys_order(self, client):
        other = House.open()
        order = packed(other, (other.product([9]), 4))
        before = snapshot()
        assert client.get(self.url(order)).status_code == 404
        assert client.post(self.url(order), {"carrier": "Van"}).status_code == 404
        assert snapshot() == before


class TestDispatchOrdersView:
    def test_asks_for_the_carrier_when_it_comes_from_the_orders_page(self, house, client):
        order = packed(house, (house.product([9]), 4))
        page = reverse("orders:detail", args=[order.pk])
        assert reverse("shipping:dispatch").encode() in client.get(page).content
        response = client.post(reverse("shipping:dispatch"), {"id": order.pk, "next": page})
        assert response["Location"] == reverse("shipping:dispatch_order", args=[order.pk])
        assert not Shipment.objects.exists()

    def test_dispatches_several_with_one_carrier(self, house, client):
        product = house.product([9])
        orders = [packed(house, (product, 1)) for _ in range(2)]
        response = client.post(
            reverse("shipping:dispatch"), {"id": [order.pk for order in orders], "carrier": "Own van"}
        )
        assert response.status_code == 302
        assert {shipment.carrier for shipment in Shipment.objects.all()} == {"Own van"}
        assert Shipment.objects.count() == 2

    def test_says_why_where_nothing_is_packed(self, house, client):
        order = picked(house, (house.product([9]), 4))
        response = client.post(reverse("shipping:dispatch"), {"id": order.pk})
        assert response.status_code == 409
        assert b"Nothing is packed yet." in response.content

    def test_shows_the_shipment_on_the_orders_page(self, house, client):
        order = dispatched(house, (house.product([9]), 4))
        content = client.get(reverse("orders:detail", args=[order.pk])).content.decode()
        assert Shipment.objects.get().number in content
        assert "PV1" in content

    def test_asks_for_the_carrier_of_several_and_shows_what_goes(self, house, client):
        """Nothing leaves before its page was seen: the queue's button leads there."""
        product = house.product([9])
        orders = [packed(house, (product, 1)), packed(house, (product, 2))]
        picked(house, (product, 1))
        before = snapshot()
        answer = client.post(reverse("shipping:dispatch"), {"id": [order.pk for order in orders]}, headers=HTMX)
        assert answer.status_code == 204
        page = client.get(answer["HX-Redirect"]).content.decode()
        assert snapshot() == before
        assert "Dispatch 2 orders" in page
        for words in (orders[0].number, orders[1].number, *(parcel.number for parcel in Parcel.objects.all())):
            assert words in page
        assert "Tracking number of" in page

    def test_dispatches_the_chosen_parcels_with_their_numbers(self, house, client):
        product = house.product([9])
        first, second = packed(house, (product, 1)), packed(house, (product, 2))
        here, there = Parcel.objects.order_by("pk")
        form = {"id": [first.pk, second.pk], "parcel": ["", there.pk], f"number-{there.pk}": "T 2", "carrier": "Van"}
        answer = client.post(reverse("shipping:dispatch"), form)
        assert (answer.status_code, answer["Location"]) == (302, DOCK)
        shipment = Shipment.objects.get()
        assert (shipment.order_id, shipment.tracking_number) == (second.pk, "T 2")
        assert rows(client.get(DOCK)) == [here.order_id]

    def test_says_that_no_parcel_was_chosen(self, house, client):
        order = packed(house, (house.product([9]), 1))
        form = {"id": order.pk, "parcel": "", "carrier": "Van"}
        answer = client.post(reverse("shipping:dispatch"), form)
        assert answer.status_code == 422
        assert b"Choose the parcels that leave." in answer.content
        assert not Shipment.objects.exists()

    def test_does_not_know_another_companys_parcel(self, house, client):
        order = packed(house, (house.product([9]), 1))
        other = House.open()
        packed(other, (other.product([9]), 1))
        theirs = Parcel.objects.get(company=other.company)
        before = snapshot()
        answer = client.post(reverse("shipping:dispatch"), {"id": order.pk, "parcel": theirs.pk, "carrier": "Van"})
        assert answer.status_code == 404
        assert snapshot() == before


class TestShipmentView:
    def test_shows_what_left_in_which_parcel(self, house, client):
        product = house.product([9])
        dispatched(house, (product, 4))
        shipment = Shipment.objects.get()
        page = client.get(reverse("shipping:shipment", args=[shipment.pk])).content.decode()
        for words in (shipment.number, Parcel.objects.get().number, product.sku, "Parcel Van", "12 Market Street"):
            assert words in page
        assert reverse("shipping:deliver") in page

    def test_takes_as_many_statements_for_several_parcels_as_for_one(self, house, client):
        product = house.product([99])
        one, three = picked(house, (product, 1)), picked(house, (product, 3))
        for order, times in ((one, 1), (three, 3)):
            for _ in range(times):
                box = services.Box(order.pk, house.warehouses[0].pk, {LinePart.objects.get(order=order).pk: Decimal(1)})
                services.pack_parcels(boxes=[box], actor=house.boss, at=AT)
            dispatch(house, order)

        def statements(shipment):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(reverse("shipping:shipment", args=[shipment.pk])).status_code == 200
            return len(queries)

        first, second = Shipment.objects.order_by("pk")
        assert statements(first) == statements(second)


class TestDeliverShipmentsView:
    ADDRESS = "/shipping/shipments/deliver/"

    def test_asks_who_took_it_in_and_when(self, house, client):
        dispatched(house, (house.product([9]), 4))
        shipment = Shipment.objects.get()
        before = snapshot()
        page = client.post(self.ADDRESS, {"id": shipment.pk, "ask": "Deliver"}).content.decode()
        assert snapshot() == before
        for words in (shipment.number, "Received by", "Deliver"):
            assert words in page

    def test_delivers_and_goes_back_to_what_is_on_its_way(self, house, client, clerk):
        dispatched(house, (house.product([9]), 4))
        shipment = Shipment.objects.get()
        when = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
        Shipment.objects.update(dispatched_at=timezone.now() - timedelta(days=2))
        answer = client.post(self.ADDRESS, {"id": shipment.pk, "received_by": "J. Smith", "received_at": when})
        assert (answer.status_code, answer["Location"]) == (302, SHIPMENTS)
        proof = ProofOfDelivery.objects.get()
        assert (proof.shipment, proof.received_by, proof.recorded_by) == (shipment, "J. Smith", clerk)
        assert LinePart.objects.get().delivered == 4
        assert rows(client.get(SHIPMENTS), "shipment") == []
        assert rows(client.get(SHIPMENTS, {"tab": "delivered"}), "shipment") == [shipment.pk]

    def test_refuses_a_moment_that_is_still_to_come(self, house, client):
        dispatched(house, (house.product([9]), 4))
        when = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
        answer = client.post(self.ADDRESS, {"id": Shipment.objects.get().pk, "received_at": when})
        assert answer.status_code == 422
        assert b"This is still to come." in answer.content

    def test_is_for_those_who_deliver(self, house):
        dispatched(house, (house.product([9]), 4))
        before = snapshot()
        sales = signed_in(person(Role.SALES_ADMIN, company=house.company))
        assert sales.post(self.ADDRESS, {"id": Shipment.objects.get().pk}).status_code == 403
        assert snapshot() == before


POSTS = ("shipping:dispatch", "shipping:dispatch_order")


def post(client, url_name, order):
    """Post what a page would post to an address of shipping."""
    if url_name == "shipping:dispatch":
        return client.post(reverse(url_name), {"id": order.pk, "carrier": "Van"})
    return client.post(reverse(url_name, args=[order.pk]), {"carrier": "Van"})


class TestWhoMayPost:
    @pytest.mark.parametrize("role", [*Role, None])
    @pytest.mark.parametrize("url_name", POSTS)
    def test_those_with_the_verb_and_a_denial_changes_nothing(self, house, url_name, role):
        order = packed(house, (house.product([9]), 1))
        before = snapshot()
        user = person(role, company=house.company) if role else UserFactory()
        response = post(signed_in(user), url_name, order)
        if role and "shipping.dispatch" in VERBS[role]:
            assert response.status_code == 302
            assert snapshot() != before
        else:
            assert response.status_code == 403
            assert snapshot() == before

    @pytest.mark.parametrize("url_name", POSTS)
    def test_strangers_are_sent_to_the_door(self, house, url_name):
        order = packed(house, (house.product([9]), 1))
        before = snapshot()
        assert post(Client(), url_name, order)["Location"].startswith("/login/")
        assert snapshot() == before

    def test_nobody_by_get(self, house, client):
        order = packed(house, (house.product([9]), 1))
        before = snapshot()
        assert client.get(reverse("shipping:dispatch"), {"id": order.pk, "carrier": "Van"}).status_code == 200
        assert snapshot() == before
