"""The warehouse's pages: who sees what, verbs done once from rows and from the walk, and paper."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.roles import VERBS, Role
from orders.models import LinePart, SalesOrder
from tests.factories.core import UserFactory, person, signed_in
from tests.factories.house import AT, House
from tests.factories.warehouse import packed, picked, released, snapshot
from tests.pinned import assert_pinned
from warehouse import services
from warehouse.models import Parcel, PickTask, Wave

pytestmark = pytest.mark.django_db

RELEASE, WAVES, PACK = "/warehouse/release/", "/warehouse/waves/", "/warehouse/pack/"
QUEUES = {
    RELEASE: ("warehouse:release_queue", "warehouse.release", House.order),
    WAVES: ("warehouse:waves", "warehouse.view", released),
    PACK: ("warehouse:pack_queue", "warehouse.pack", picked),
}


def htmx(address):
    return {"HX-Request": "true", "HX-Current-URL": f"http://testserver{address}"}


def rows(response, noun="salesorder"):
    """Return the keys of the rows that an answer shows."""
    return [int(key) for key in re.findall(rf'id="{noun}-(\d+)"', response.content.decode())]


@pytest.fixture
def house():
    """A company with a warehouse."""
    return House.open()


@pytest.fixture
def client(house):
    """The warehouse manager's browser."""
    return signed_in(person(Role.WAREHOUSE_MANAGER, company=house.company))


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
    def test_are_a_page_for_a_browser_and_its_fragment_for_htmx(self, client, address):
        assert b"<html" in client.get(address).content
        assert client.get(address, headers=htmx(address)).content.lstrip().startswith(b'<div id="queue"')

    @pytest.mark.parametrize("address", QUEUES)
    def test_show_the_persons_company_only(self, client, address):
        other = House.open()
        QUEUES[address][2](other, (other.product([9]), 1))
        response = client.get(address)
        assert rows(response) + rows(response, "wave") == []

    @pytest.mark.parametrize("address", QUEUES)
    def test_open_to_those_who_work_there_and_to_nobody_else(self, house, address):
        _name, verb, reach = QUEUES[address]
        reach(house, (house.product([9]), 1))
        for role in Role:
            expected = 200 if verb in VERBS[role] else 403
            assert signed_in(person(role, company=house.company)).get(address).status_code == expected, role

    @pytest.mark.parametrize("address", QUEUES)
    def test_show_no_price(self, house, client, address):
        """PRODUCT.md Q1: neither pages nor files of the warehouse know money."""
        QUEUES[address][2](house, (house.product([9], price="1234.56"), 1))
        page = client.get(address).content.decode()
        file = b"".join(client.get(address, {"format": "csv"}).streaming_content).decode()
        assert "1,234" not in page + file
        assert "GBP" not in page + file

    def test_give_a_file_in_the_words_of_the_page(self, house, client):
        order = house.order((house.product([9]), 1))
        file = b"".join(client.get(RELEASE, {"format": "csv"}).streaming_content).decode("utf-8-sig")
        (row,) = csv.DictReader(io.StringIO(file))
        assert (row["Order"], row["Requested"], row["State"]) == (
            order.number,
            order.requested_on.isoformat(),
            "Confirmed",
        )

    def test_release_lists_what_has_stock_and_beside_it_what_waits(self, house, client):
        part, none = house.order((house.product([2]), 5)), house.order((house.product(), 1))
        done = released(house, (house.product([9]), 1))
        assert rows(client.get(RELEASE)) == [part.pk]
        assert rows(client.get(RELEASE, {"tab": "waiting"})) == [none.pk]
        assert done.pk not in rows(client.get(RELEASE))

    def test_release_offers_nothing_to_do_with_what_waits(self, house, client):
        house.order((house.product(), 1))
        assert b"queue-bulk" not in client.get(RELEASE, {"tab": "waiting"}).content

    def test_pack_lists_what_is_picked_and_beside_it_what_is_being_picked(self, house, client):
        product = house.product([9])
        ready, going = picked(house, (product, 1)), released(house, (product, 1))
        packed(house, (product, 1))
        assert rows(client.get(PACK)) == [ready.pk]
        assert rows(client.get(PACK, {"tab": "picking"})) == [going.pk]

    def test_waves_show_how_far_each_is(self, house, client):
        released(house, (house.product([9]), 1), (house.product([9]), 1))
        services.pick_tasks(task_ids=[PickTask.objects.order_by("pk")[0].pk], actor=house.boss, at=AT)
        content = client.get(WAVES).content.decode()
        assert "1/2" in content
        assert "Being picked" in content

    def test_waves_are_found_by_their_number(self, house, client):
        released(house, (house.product([9]), 1))
        released(house, (house.product([9]), 1))
        wave = Wave.objects.order_by("pk")[0]
        assert rows(client.get(WAVES, {"q": wave.number.lower()}), "wave") == [wave.pk]
        assert len(rows(client.get(WAVES, {"q": "site"}), "wave")) == 2


class TestReleaseOrdersView:
    def test_releases_the_chosen_orders_and_shows_their_rows_anew(self, house, client):
        product = house.product([9])
        orders = [house.order((product, 1)) for _ in range(2)]
        response = client.post(
            reverse("warehouse:release"), {"id": [order.pk for order in orders]}, headers=htmx(RELEASE)
        )
        content = response.content.decode()
        assert {order.status for order in SalesOrder.objects.all()} == {SalesOrder.Status.RELEASED}
        assert sorted(rows(response)) == [order.pk for order in orders]
        assert "2 orders released." in content
        assert 'Ready <span class="count">0</span>' in content

    def test_answers_409_with_the_reason_where_nothing_can_be_released(self, house, client):
        order = house.order((house.product(), 1))
        response = client.post(reverse("warehouse:release"), {"id": order.pk})
        assert response.status_code == 409
        assert b"Nothing is allocated yet: 1 line waits for stock." in response.content

    def test_goes_back_to_the_orders_page(self, house, client):
        order = house.order((house.product([9]), 1))
        page = reverse("orders:detail", args=[order.pk])
        response = client.post(reverse("warehouse:release"), {"id": order.pk, "next": page})
        assert (response.status_code, response["Location"]) == (302, page)

    def test_does_not_know_another_companys_order(self, client):
        other = House.open()
        order = other.order((other.product([9]), 1))
        before = snapshot()
        assert client.post(reverse("warehouse:release"), {"id": order.pk}).status_code == 404
        assert snapshot() == before


class TestWalk:
    def walk(self, client, wave, **parameters):
        return client.get(reverse("warehouse:wave", args=[wave.pk]), parameters)

    def test_shows_where_what_and_how_many(self, house, client):
        released(house, (house.product([9]), 4))
        task = PickTask.objects.get()
        content = self.walk(client, task.wave).content.decode()
        assert f"<dd>{task.bin.code}</dd>" in content
        assert task.product.sku in content
        assert '4 <span class="unit">piece</span>' in content
        assert "0/1" in content

    def test_leads_from_task_to_task_and_ends(self, house, client):
        released(house, (house.product([9]), 1), (house.product([9]), 2))
        first, second = PickTask.objects.order_by("pk")
        address = self.walk(client, first.wave).wsgi_request.path
        answer = client.post(reverse("warehouse:pick_task", args=[first.pk]), headers=htmx(address))
        assert b"<html" not in answer.content
        assert reverse("warehouse:pick_task", args=[second.pk]).encode() in answer.content
        answer = client.post(reverse("warehouse:pick_task", args=[second.pk]), headers=htmx(address))
        assert f"{first.wave.number} is picked" in answer.content.decode()
        assert {task.status for task in PickTask.objects.all()} == {PickTask.Status.PICKED}

    def test_works_without_script(self, house, client):
        released(house, (house.product([9]), 1))
        task = PickTask.objects.get()
        response = client.post(reverse("warehouse:pick_task", args=[task.pk]))
        assert response.status_code == 302
        assert response["Location"] == f"{reverse('warehouse:wave', args=[task.wave_id])}?after={task.pk}"
        assert b"is picked" in client.get(response["Location"]).content

    def test_comes_back_to_a_skipped_task_at_the_end(self, house, client):
        released(house, (house.product([9]), 1), (house.product([9]), 2))
        first, second = PickTask.objects.order_by("pk")
        assert self.walk(client, first.wave, after=first.pk).context["task"] == second
        assert self.walk(client, first.wave, after=second.pk).context["task"] == first
        assert self.walk(client, first.wave, after="nonsense").context["task"] == first

    def test_picks_once_when_the_button_is_pressed_twice(self, house, client):
        released(house, (house.product([9]), 1))
        task = PickTask.objects.get()
        client.post(reverse("warehouse:pick_task", args=[task.pk]))
        before = snapshot()
        assert client.post(reverse("warehouse:pick_task", args=[task.pk])).status_code == 302
        assert snapshot() == before

    def test_shows_a_watcher_the_task_without_the_button(self, house):
        released(house, (house.product([9]), 1))
        watcher = signed_in(person(Role.SALES_MANAGER, company=house.company))
        content = self.walk(watcher, Wave.objects.get()).content.decode()
        assert "you can watch it" in content
        assert "walk-button" not in content

    def test_does_not_know_another_companys_wave_or_task(self, client):
        other = House.open()
        released(other, (other.product([9]), 1))
        task = PickTask.objects.get()
        before = snapshot()
        assert self.walk(client, task.wave).status_code == 404
        assert client.post(reverse("warehouse:pick_task", args=[task.pk])).status_code == 404
        assert client.get(reverse("warehouse:pick_list", args=[task.wave_id])).status_code == 404
        assert snapshot() == before


class TestOrderVerbs:
    def test_pick_all_and_pack_work_from_the_orders_page(self, house, client):
        order = released(house, (house.product([9]), 1))
        page = reverse("orders:detail", args=[order.pk])
        for url_name in ("warehouse:pick", "warehouse:pack"):
            assert reverse(url_name).encode() in client.get(page).content
            assert client.post(reverse(url_name), {"id": order.pk, "next": page})["Location"] == page
        assert Parcel.objects.get().order_id == order.pk
        content = client.get(page).content.decode()
        assert Parcel.objects.get().number in content
        assert Wave.objects.get().number in content


class TestPaper:
    def test_prints_a_packing_slip_from_the_parcel_as_it_is(self, house, client):
        packed(house, (house.product([9]), 4), (house.product([2]), 5))
        response = client.get(reverse("warehouse:packing_slip", args=[Parcel.objects.get().pk]))
        assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
        assert response.content.startswith(b"%PDF")

    def test_prints_a_pick_list_of_what_is_left(self, house, client):
        released(house, (house.product([9]), 4))
        response = client.get(reverse("warehouse:pick_list", args=[Wave.objects.get().pk]))
        assert response.content.startswith(b"%PDF")

    def test_does_not_print_another_companys_parcel(self, client):
        other = House.open()
        packed(other, (other.product([9]), 4))
        assert client.get(reverse("warehouse:packing_slip", args=[Parcel.objects.get().pk])).status_code == 404


POSTS = {
    "warehouse:release": ("warehouse.release", House.order),
    "warehouse:pick": ("warehouse.pick", released),
    "warehouse:pick_task": ("warehouse.pick", released),
    "warehouse:pack": ("warehouse.pack", picked),
}


def post(client, url_name, order):
    """Post what a page would post to an address of the warehouse."""
    if url_name == "warehouse:pick_task":
        return client.post(reverse(url_name, args=[PickTask.objects.get(order=order).pk]))
    return client.post(reverse(url_name), {"id": order.pk})


class TestWhoMayPost:
    @pytest.mark.parametrize("role", [*Role, None])
    @pytest.mark.parametrize("url_name", POSTS)
    def test_those_with_the_verb_and_a_denial_changes_nothing(self, house, url_name, role):
        verb, reach = POSTS[url_name]
        order = reach(house, (house.product([9]), 1))
        before = snapshot()
        user = person(role, company=house.company) if role else UserFactory()
        response = post(signed_in(user), url_name, order)
        if role and verb in VERBS[role]:
            assert response.status_code == 302
            assert snapshot() != before
        else:
            assert response.status_code == 403
            assert snapshot() == before

    @pytest.mark.parametrize("url_name", POSTS)
    def test_strangers_are_sent_to_the_door(self, house, url_name):
        order = POSTS[url_name][1](house, (house.product([9]), 1))
        before = snapshot()
        assert post(Client(), url_name, order)["Location"].startswith("/login/")
        assert snapshot() == before

    @pytest.mark.parametrize("url_name", POSTS)
    def test_nobody_by_get(self, house, client, url_name):
        order = POSTS[url_name][1](house, (house.product([9]), 1))
        args = [PickTask.objects.get(order=order).pk] if url_name == "warehouse:pick_task" else []
        assert client.get(reverse(url_name, args=args)).status_code == 405


class TestPackOrderView:
    def test_takes_the_weight_in_kilograms(self, house, client):
        order = picked(house, (house.product([9]), 4))
        part = LinePart.objects.get(order=order).pk
        address = reverse("warehouse:pack_order", args=[order.pk])
        form = {"warehouse": house.warehouses[0].pk, f"part-{part}": "4"}
        for weight in ("0", "1000.1", "1.2345", "heavy"):
            answer = client.post(address, {**form, "weight_kg": weight})
            assert (answer.status_code, "field-error" in answer.content.decode()) == (422, True)
        assert client.post(address, {**form, "weight_kg": "2.35"}).status_code == 302
        assert Parcel.objects.get().weight_g == 2_350


class TestShortChip:
    def test_stands_on_the_rows_of_orders_that_were_picked_short(self, house, client):
        order = released(house, (house.product([9]), 4))
        task = PickTask.objects.get()
        short = services.Short(task.pk, task.quantity - 1, PickTask.Reason.FEWER)
        assert "Picked short" not in client.get(RELEASE, {"tab": "waiting"}).content.decode()
        services.pick_short(shorts=[short], actor=house.boss, at=AT)
        assert "Picked short" in client.get(RELEASE, {"tab": "waiting"}).content.decode()
        services.pack_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        assert "Picked short" in client.get(reverse("shipping:dispatch_queue")).content.decode()
