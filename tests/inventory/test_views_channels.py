"""The pages of channels, their file, and the order that is sold through one."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from core.exports import csv_lines
from core.roles import Role
from inventory.models import Allocation, Channel, ChannelPool, WarehouseAccess
from inventory.services.pool_files import COLUMNS, POOLS
from orders.models import SalesOrder
from tests.factories.core import loaded_file, person, refused_rows, signed_in
from tests.factories.house import TODAY, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return House.open(warehouses=2)


@pytest.fixture
def keeper(house) -> Client:
    return signed_in(person(Role.WAREHOUSE_MANAGER, company=house.company))


def text(answer) -> str:
    assert answer.status_code == 200, answer.content
    return b"".join(answer).decode() if answer.streaming else answer.content.decode()


def page(client: Client, name: str, *args, **query) -> str:
    return text(client.get(reverse(f"channels:{name}", args=args), query))


class TestChannels:
    def test_are_opened_given_pools_and_these_changed_and_removed(self, house, keeper):
        product = house.product([20])
        named = {"code": "web", "name": "Web shop", "priority": "10", "is_active": "on"}
        assert keeper.post(reverse("channels:create_channel"), named).status_code == 302
        web = Channel.objects.get(company=house.company)
        assert (
            "Another channel has this code" in keeper.post(reverse("channels:create_channel"), named).content.decode()
        )
        house.order((product, 4), sold_through_id=web.pk)
        shop = house.channel("Shop")
        house.pool(shop, product, 3)
        pool = {
            "sku": product.sku,
            "warehouse": house.warehouses[0].pk,
            "allotment": "6",
            "safety": "2",
            "overflow": "SHARED",
        }
        create = reverse("channels:create_pool", args=[web.pk])
        for wrong, why in (
            ({"cap": "5"}, "More is kept than may be promised"),
            ({"sku": "NONE"}, "No stock of yours"),
            ({"allotment": "0.5"}, "is counted in steps of 1"),
        ):
            answer = keeper.post(create, {**pool, **wrong})
            assert (answer.status_code, why in answer.content.decode()) == (422, True)
        assert keeper.post(create, {**pool, "cap": "9"}).status_code == 302
        assert "there already" in keeper.post(create, pool).content.decode()
        made = ChannelPool.objects.get(channel=web)
        assert Allocation.objects.get(pool=made).quantity == 4
        shown = page(keeper, "channel", web.pk)
        # 4 are promised of 9 at most; of the 16 that are free 2 are kept for it, and 9 of the 11 that nobody keeps
        for figure in (product.sku, "All but", '<b><span class="figure">5</span></b>'):
            assert figure in shown
        stock = text(signed_in(house.boss).get(reverse("inventory:product", args=[product.pk])))
        assert "Kept for channels" in stock
        edit = reverse("channels:edit_pool", args=[web.pk, made.pk])
        assert keeper.post(edit, {"allotment": "1", "overflow": "NONE"}).status_code == 302
        made.refresh_from_db()
        assert (made.allotment, made.cap, made.safety, made.overflow) == (1, None, 0, "NONE")
        assert keeper.post(reverse("channels:remove_pool", args=[web.pk, made.pk])).status_code == 302
        assert not ChannelPool.objects.filter(channel=web).exists()
        assert "Nothing is kept for this channel" in page(keeper, "channel", web.pk)
        assert "Web shop" in page(keeper, "channels")

    def test_show_and_publish_only_what_is_theirs(self, house):
        web, product = house.channel("Web"), house.product([5, 5])
        here, there = house.warehouses
        pools = [house.pool(web, product, 2, site=site) for site in (here, there)]
        kept = person(Role.WAREHOUSE_MANAGER, company=house.company)
        WarehouseAccess.objects.create(user=kept, warehouse=here)
        client = signed_in(kept)
        shown = page(client, "channel", web.pk)
        assert [f"/pools/{pool.pk}/" in shown for pool in pools] == [True, False]
        assert client.get(reverse("channels:edit_pool", args=[web.pk, pools[1].pk])).status_code == 404
        other = signed_in(House.open().boss)
        assert other.get(reverse("channels:channel", args=[web.pk])).status_code == 404

    def test_publish_what_can_be_promised_now_and_what_comes_next(self, house, keeper):
        web, shop = house.channel("Web"), house.channel("Shop")
        product, none = house.product([9]), house.product()
        house.pool(shop, product, 4)
        on = TODAY + timedelta(days=30)
        house.comes(none, 7, on)
        assert page(keeper, "publish", web.pk).splitlines() == [
            "\ufeffsku,available,next_on,inbound",
            f"{product.sku},5,,",
            f"{none.sku},0,{on},7",
        ]
        rows = json.loads(page(keeper, "publish", shop.pk, format="json"))
        assert rows[0] == {"sku": product.sku, "available": "9", "next_on": None, "inbound": None}
        other = House.open()
        assert json.loads(page(signed_in(other.boss), "publish", other.channel("Web").pk, format="json")) == []

    def test_take_pools_from_a_file_which_is_the_same_when_it_comes_back(self, house):
        web, product, other = house.channel("Web"), house.product([9]), house.product([9])
        house.pool(web, other, 1, safety=Decimal(2))
        header = "channel,SKU,warehouse,keeps,promised at most,leaves,beyond that\n"
        site = house.warehouses[0].code
        rows = [
            f"web,{product.sku},{site},4,6,1,none",
            f"web,{other.sku},{site},3,,,",
            f"fair,{product.sku},{site},4,,,",
            f"web,{product.sku},{house.warehouses[1].code},4,3,,",
            f"web,NONE,{site},4,,,",
            f"web,{product.sku},nowhere,4,,,",
        ]
        run = loaded_file("pools", header + "\n".join(rows), house.boss)
        assert (run.loaded, run.refused) == (2, 4)
        assert len(refused_rows(run)) == 4
        made = {pool.level.product_id: pool for pool in ChannelPool.objects.all()}
        assert (made[product.pk].allotment, made[product.pk].cap, made[product.pk].overflow) == (4, 6, "NONE")
        assert (made[other.pk].allotment, made[other.pk].cap, made[other.pk].safety) == (3, None, 2)
        file = "".join(csv_lines([column.label for column in COLUMNS], POOLS.rows(house.boss)))
        again = loaded_file("pools", file, house.boss)
        assert (again.loaded, again.same, again.refused) == (0, 2, 0)


class TestOrdersOfAChannel:
    def test_are_told_what_they_can_have_and_keep_their_channel(self, house):
        web, shop = house.channel("Web"), house.channel("Shop")
        product = house.product([9])
        house.pool(web, product, 6)
        client = signed_in(person(Role.SALES_ADMIN, company=house.company))
        typed = {
            "customer": "C-1",
            "po_number": "PO-9",
            "ordered_on": TODAY,
            "requested_on": TODAY,
            "then": "draft",
            "item": [product.sku],
            "quantity": ["5"],
            "price": [""],
            "discount": [""],
        }
        preview = reverse("orders:preview")
        assert "3 free now, 6 kept for other channels" in text(client.post(preview, typed))
        assert "9 free now" in text(client.post(preview, {**typed, "channel": web.pk}))
        house.customer.channel = shop
        house.customer.save()
        client.post(reverse("orders:create"), {**typed, "idempotency_key": "1"})
        draft = SalesOrder.objects.get()
        assert draft.channel == shop
        client.post(reverse("orders:edit", args=[draft.pk]), {**typed, "channel": web.pk, "idempotency_key": "2"})
        assert SalesOrder.objects.get().channel == web
        theirs = House.open().channel("Web")
        wrong = client.post(reverse("orders:create"), {**typed, "po_number": "PO-8", "channel": theirs.pk})
        assert wrong.status_code == 422
        house.order((product, 4))
        waiting = signed_in(house.boss).get(reverse("orders:backorders"), {"tab": "all"})
        assert "Kept for other channels" in text(waiting)
        assert house.order((product, 1), sold_through_id=web.pk).channel == web
        assert "Web" in text(client.get(reverse("orders:detail", args=[SalesOrder.objects.latest("pk").pk])))

    def test_come_with_their_channel_in_a_file(self, house):
        web, product = house.channel("Web"), house.product([9])
        house.channel("Shop")
        rows = [
            f"P-1,C-1,{product.sku},1,2,2026-11-20,web",
            f"P-1,C-1,{house.product().sku},1,2,2026-11-20,",
            f"P-2,C-1,{product.sku},1,2,2026-11-20,fair",
            f"P-3,C-1,{product.sku},1,2,2026-11-20,web",
            f"P-3,C-1,{house.product().sku},1,2,2026-11-20,shop",
        ]
        header = "PO number,customer,SKU,quantity,price,date,channel\n"
        run = loaded_file("orders", header + "\n".join(rows), house.boss)
        assert (run.loaded, run.refused) == (3, 2)
        assert set(SalesOrder.objects.values_list("po_number", "channel", "lines__position")) == {
            ("P-1", web.pk, 1),
            ("P-1", web.pk, 2),
            ("P-3", web.pk, 1),
        }
        customers = loaded_file("customers", "number,name,channel\nC-1,Bright,shop\nC-2,New,fair\n", house.boss)
        assert (customers.loaded, customers.refused) == (1, 1)
        house.customer.refresh_from_db()
        assert house.customer.channel.name == "Shop"
